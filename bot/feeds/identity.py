"""Which article is this? A guid, else its cleaned address, else title and link; never a date."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from bot.model import Entry
from bot.text import fold, unescaped

WORDS = "told:"  # begins the key of an entry that has nothing but words
LONGEST = 2000  # characters of an address that is kept

_TRACKING = frozenset(
    re.findall(
        r"\S+",
        """
        fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid twclid ttclid li_fat_id igshid igsh mc_cid mc_eid
        mkt_tok _hsenc _hsmi hsctatracking _ga _gl _openstat ito cmp cmpid cmp_id wt.mc s_cid s_kwcid ncid ftag
        xtor xts smid smtyp soc_src soc_trk guccounter sr_share ocid spm trk trkcampaign vero_id vero_conv wickedid
        oly_anon_id oly_enc_id rb_clickid __twitter_impression __s ref_src ref_url echobox sref wprov sh_kit taid
        _unique_id origin_referrer amp amp_js_v usqp rss_id
        """,
    )
)
_TRACKING_BEGINS = (
    "utm_",
    "at_",
    "pk_",
    "mtm_",
    "matomo_",
    "piwik_",
    "hsa_",
    "ns_",
    "itm_",
    "int_",
    "guce_",
    "wt_",
    "stm_",
)
_TRACKING_VALUES = {
    "ref": ("rss", "feed", "twitter", "facebook", "homepage"),
    "source": ("rss", "feed"),
    "src": ("rss", "feed"),
    "partner": ("rss",),
    "rss": ("1", "yes", "true", ""),
    "feed": ("rss", "1"),
    "from": ("rss", "feed"),
    "outputtype": ("amp",),
    "output": ("amp",),
    "feature": ("youtu.be", "share"),
    "cid": ("rss",),
    "medium": ("rss",),
}
_IDLE_FRAGMENTS = frozenset(
    {"", "0", "comments", "comment-form", "respond", "more", "top", "disqus_thread", "content", "main"}
)
_WRAPPED = {  # (host, path) → the parameter that holds the true address
    ("www.google.com", "/url"): "url",
    ("news.url.google.com", "/url"): "url",
    ("l.facebook.com", "/l.php"): "u",
    ("out.reddit.com", "/"): "url",
}
_AMP_CACHE = re.compile(
    r"^https?://(?:www\.google\.[a-z.]+/amp/(s/)?|[\w-]+\.cdn\.ampproject\.org/[cvwi]/(s/)?)(.+)$", re.I
)
_HOST_PREFIX = re.compile(r"^(?:www\d?|m|mobile|amp|touch)\.(?=[^.]+\.)")
_SLUG = re.compile(r"\.(?:html?|php|aspx?|jsp|shtml|amp)$")


def canonical_url(url: str) -> str:
    """Clean an address: unwrapped, tracking and AMP parts removed, host in lower case. It still leads there.

    What cannot be read as an address ("http://[") is none: nothing.
    """
    url = _unwrapped(unescaped(url.strip()) if "&" in url else url.strip())
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return url[:LONGEST]
    if ":" in host:
        host = f"[{host}]"
    if port and port != {"http": 80, "https": 443}[parts.scheme]:
        host = f"{host}:{port}"
    query = _clean_query(parts.query)
    return urlunsplit((parts.scheme, host, _clean_path(parts.path), query, _fragment(parts.fragment)))[
        :LONGEST
    ]


def _unwrapped(url: str) -> str:
    """Take the outlet's address out of a redirector's or an AMP cache's."""
    cached = _AMP_CACHE.match(url)
    if cached:
        return f"{'https' if cached.group(1) or cached.group(2) else 'http'}://{cached.group(3)}"
    if "=http" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    name = _WRAPPED.get((parts.netloc.lower(), parts.path))
    inner = dict(parse_qsl(parts.query)).get(name, "") if name else ""
    return inner if inner.startswith(("http://", "https://")) else url


def _clean_query(query: str) -> str:
    if not query:
        return ""
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=None)
    kept = [(name, value) for name, value in pairs if not _is_tracking(name, value)]
    if len(kept) == len(pairs):
        return query  # untouched: some servers care about the spelling
    return urlencode(kept)


def _is_tracking(name: str, value: str) -> bool:
    name = name.lower()
    return (
        name in _TRACKING
        or name.startswith(_TRACKING_BEGINS)
        or value.lower() in _TRACKING_VALUES.get(name, ())
    )


def _clean_path(path: str) -> str:
    path = re.sub(r"//+", "/", path) or "/"
    if path.endswith(("/amp", "/amp/")):
        path = path[: path.rindex("/amp")] + "/"
    return path.removesuffix(".amp") if path.endswith(".amp") else path.replace(".amp.html", ".html")


def _fragment(fragment: str) -> str:
    """Keep fragments that name a part (a live blog's post); drop those that only track or scroll."""
    if fragment.lower() in _IDLE_FRAGMENTS or "=" in fragment:
        return ""
    return fragment


def address_key(url: str) -> str:
    """Reduce an address to what two spellings of it share: no scheme, no www or mobile host, no final slash."""
    parts = urlsplit(canonical_url(url))
    host = _HOST_PREFIX.sub("", parts.netloc)
    path = unquote(parts.path).removesuffix("index.html").removesuffix("index.php").rstrip("/")
    return (
        f"{host}{path}"
        + (f"?{parts.query}" if parts.query else "")
        + (f"#{parts.fragment}" if parts.fragment else "")
    )


def spellings(url: str) -> tuple[str, ...]:
    """Other ways to write a canonical address, itself first: what to look for among the articles that are known."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return (url,) if url else ()
    hosts = [parts.netloc]
    if not _is_numeric(parts.hostname or ""):
        bare = _HOST_PREFIX.sub("", parts.netloc)
        hosts += [bare, f"www.{bare}"]
    slash = parts.path.rstrip("/")
    paths = [parts.path, slash, f"{slash}/"]
    rest = urlunsplit(("", "", "", parts.query, parts.fragment))
    schemes = (parts.scheme, "https", "http")
    return tuple(
        dict.fromkeys(
            f"{scheme}://{host}{path}{rest}" for scheme in schemes for host in hosts for path in paths
        )
    )


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def last_segment(url: str) -> str | None:
    """The part of an address that names the article within its outlet: a slug or a number; None where it is too common.

    One article stands in several category feeds of an outlet under different addresses that share this part.
    """
    path = urlsplit(url).path.rstrip("/")
    segment = _SLUG.sub("", unquote(path.rpartition("/")[2]).lower())
    if segment.isdigit():
        return segment if len(segment) >= 5 else None
    return segment if len(segment) >= 12 and segment.count("-") >= 2 else None


def identity(entry: Entry) -> str:
    """The key of an entry within its feed."""
    guid = entry.guid.strip()
    if guid:
        return (canonical_url(guid) if guid.startswith(("http://", "https://")) else "") or guid[:LONGEST]
    return address(entry)


def address(entry: Entry) -> str:
    """The key of an entry without a guid, or in a feed whose guids say nothing."""
    url = canonical_url(entry.url)
    if url:
        return url
    told = f"{fold(entry.title)}\n{fold(entry.standfirst or entry.content)[:500]}"
    return WORDS + hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def identified(entries: Sequence[Entry], *, by_address: bool = False) -> tuple[tuple[int, Entry], ...]:
    """Give each entry its key as guid and its canonical address as url, with its place; the first of two with one key stays.

    So does the first of two with one address and headline, whatever their guids say.
    """
    key = address if by_address else identity
    found: dict[str, tuple[int, Entry]] = {}
    told: set[tuple[str, str]] = set()
    for place, entry in enumerate(entries):
        name, url = key(entry), canonical_url(entry.url) if entry.url else ""
        if name in found or (url and (url, entry.title) in told):
            continue
        found[name] = (place, replace(entry, guid=name, url=url))
        told.add((url, entry.title))
    return tuple(found.values())


def are_worthless(entries: Iterable[Entry]) -> bool:
    """Say whether a feed gives one guid to different articles."""
    guided = [(guid, entry) for entry in entries if (guid := entry.guid.strip())]
    counts = Counter(guid for guid, _ in guided)
    pairs = {(guid, address(entry)) for guid, entry in guided if counts[guid] > 1}
    return any(count > 1 for count in Counter(guid for guid, _ in pairs).values())
