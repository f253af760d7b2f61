"""How the status page looks, by day and by night, and the hash by which its policy lets this style through."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root{color-scheme:light dark;--ink:#1b1d22;--paper:#f7f7f5;--card:#fff;--line:#e3e3de;--soft:#6a6e78;--good:#1f8a4c;--bad:#c62f2f}
@media(prefers-color-scheme:dark){:root{--ink:#e8e8e6;--paper:#15171b;--card:#1e2127;--line:#30343d;--soft:#9aa0ab;--good:#46c37b;--bad:#ff6b6b}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
header,main,footer{max-width:60rem;margin:0 auto;padding:1rem}
header{border-bottom:4px solid var(--good);padding-top:2rem}
.bad header{border-color:var(--bad)}
h1{margin:0;font-size:1.9rem;letter-spacing:-.02em}
h2{margin:0 0 .6rem;font-size:1.1rem}
.health{margin:.3rem 0;color:var(--good);padding:0;list-style:none}
.bad .health{color:var(--bad)}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.2rem;margin:1rem 0;overflow-x:auto}
p{margin:.4rem 0}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .8rem .35rem 0;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
thead th{border:0}
tbody th{font-weight:normal}
.feeds th,.feeds td{overflow-wrap:anywhere}
.feeds th{width:30%}
.feeds td:last-child{white-space:nowrap;padding-right:0}
td{font-variant-numeric:tabular-nums}
small{display:block}
.none,small,footer{color:var(--soft)}
ol{margin:0;padding:0;list-style:none}
li+li{border-top:1px solid var(--line);margin-top:.6rem;padding-top:.6rem}
a{color:inherit}
summary{cursor:pointer}
"""

STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
