"""Plain text out of a feed's HTML: paragraphs kept, everything a reader does not read left out."""

from __future__ import annotations

import html
import re

from bot.text import tame_lines

_TAG = re.compile(r"<[a-zA-Z/!][^>]{0,2000}>")
_UNREAD = "script, style, noscript, iframe, form, button, figcaption, svg, template"
_BLOCKS = (
    "p, div, br, li, h1, h2, h3, h4, h5, h6, blockquote, section, article, tr, table, ul, ol, figure, hr"
)


def text_of(markup: str) -> str:
    """Turn HTML, or text with entities, or HTML escaped once too often, into paragraphs of plain text."""
    if not markup:
        return ""
    for _ in range(2):
        if not _TAG.search(markup):
            break
        markup = _stripped(markup)
    unescaped = html.unescape(markup)
    if unescaped != markup and _TAG.search(unescaped):
        unescaped = _stripped(unescaped)
    return tame_lines(unescaped)


def _stripped(markup: str) -> str:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(markup)
    for node in tree.css(_UNREAD):
        node.decompose()
    for node in tree.css(_BLOCKS):
        node.insert_before("\n\n")
        node.insert_after("\n\n")
    body = tree.body
    return body.text(deep=True) if body is not None else ""
