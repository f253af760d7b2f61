"""Emoji as a button of Discord's takes them; anything else would cost the whole message.

Some characters are text unless a variation selector says emoji (Unicode, emoji-data.txt, Emoji_Presentation=No), and
Discord knows them by that longer form only.
"""

from __future__ import annotations

import re
import unicodedata

from adapters.discord.components import Component

SELECTOR = "\ufe0f"
_JOINERS = ("\u200d", SELECTOR)
_FIRST = 0x2190  # below it there are only ©, ® and keycaps

_EMOJI_ALREADY = re.compile(
    "[\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be"
    "\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757"
    "\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55]"
)
_TEXT_ABOVE_BMP = re.compile(
    "[\U0001f321\U0001f324-\U0001f32c\U0001f336\U0001f37d\U0001f396\U0001f397\U0001f399-\U0001f39b\U0001f39e\U0001f39f"
    "\U0001f3cb-\U0001f3ce\U0001f3d4-\U0001f3df\U0001f3f3\U0001f3f5\U0001f3f7\U0001f43f\U0001f441\U0001f4fd\U0001f549"
    "\U0001f54a\U0001f56f\U0001f570\U0001f573-\U0001f579\U0001f587\U0001f58a-\U0001f58d\U0001f590\U0001f5a5\U0001f5a8"
    "\U0001f5b1\U0001f5b2\U0001f5bc\U0001f5c2-\U0001f5c4\U0001f5d1-\U0001f5d3\U0001f5dc-\U0001f5de\U0001f5e1\U0001f5e3"
    "\U0001f5e8\U0001f5ef\U0001f5f3\U0001f5fa\U0001f6cb\U0001f6cd-\U0001f6cf\U0001f6e0-\U0001f6e5\U0001f6e9\U0001f6f0"
    "\U0001f6f3]"
)


def emoji(text: str) -> Component | None:
    """A standard emoji for a button, or None."""
    text = text.strip()
    symbols = [char for char in text if char not in _JOINERS]
    if not symbols or len(text) > 12 or ord(symbols[0]) < _FIRST or not all(map(_is_symbol, symbols)):
        return None
    return {"name": text + SELECTOR if _is_text_first(text) else text}


def _is_symbol(char: str) -> bool:
    return unicodedata.category(char) in ("So", "Sk") or "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_text_first(text: str) -> bool:
    if len(text) != 1:
        return False
    return not _EMOJI_ALREADY.match(text) if text <= "\uffff" else bool(_TEXT_ABOVE_BMP.match(text))
