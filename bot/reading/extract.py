"""The article out of a whole page: its fields from JSON-LD and meta tags, its text from the densest part.

Fast path: the page's own JSON-LD (schema.org NewsArticle) and one walk over the tree with selectolax. Where that is
doubtful (little text, or the two disagree), trafilatura gives a second opinion; it is imported only then.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.reading.clean import (
    FLOODED,
    byline_of,
    is_boilerplate,
    is_dateline,
    is_name,
    text_of,
    without_boilerplate,
)
from bot.text import fold, tame, tame_lines, unescaped

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

NEARER = 0.75  # what a paragraph counts for its grandparent, of what it counts for its parent
MORE = 1.15  # a parent that holds so much more prose holds the rest of the article
MOST_OF_PAGE = 0.5  # a wrapper that holds so much of the prose is named "comments" by chance
SOME_PROSE = 250  # characters
HEAD = 4  # lines that may still be above the text
SURELY_MORE = (
    1.4  # a second opinion that holds so much more found what we missed; else it only adds the headline
)
LEAST = 500  # characters: of a shorter page it gives headline, byline and links in one line
LONGEST_NAMES = 1_000  # characters of a class or an id
LONGEST_TEXT = 100_000
LONGEST_WORDS = 10_000  # of a field
LARGEST_PAGE = 3_000_000  # characters of HTML that are looked at
ENOUGH = 900  # characters of text that need no second opinion
MOST_TAGS = 10_000  # of a page; honest ones have up to 4,000
FEW_TAGS = 1_000  # that cannot do much harm, whatever they are
MOST_ELEMENTS = 400_000  # that a page may grow to: bold text left open is opened anew in each paragraph
MOST_LOOKS = 2_000_000  # characters that are looked at, each as often as it stands in one more element
LOOK = 100  # what looking at one element counts
_BOLD = re.compile(r"<(?:b|big|code|em|font|i|s|small|strike|strong|tt|u)(?=[\s/>])[^>]*+", re.IGNORECASE)
_FOREIGN = re.compile("[^\u0000-\u02ff]{64,}")
MOST_ACCENTS = 60  # in a row of letters that are not Latin
_REOPENED = (
    3  # of one name and the same attributes, https://html.spec.whatwg.org/#list-of-active-formatting-elements
)
ARTICLE_TYPES = {
    "article", "newsarticle", "reportagenewsarticle", "analysisnewsarticle", "opinionnewsarticle", "blogposting",
    "liveblogposting", "reviewnewsarticle", "sportsarticle", "techarticle", "report", "advertisercontentarticle",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page says about its article. Empty strings where it says nothing."""

    title: str = ""
    standfirst: str = ""
    author: str = ""
    published: str = ""  # as written: bot.reading.dates reads it
    image_url: str = ""
    language: str = ""
    url: str = ""
    text: str = ""
    credit: str = ""
    paywalled: bool = False
    kind: str = field(default="")  # og:type


def page_of(html: str) -> Page:
    """Read a page; never raises. Empty text where the page holds no article (consent form, video, paywall)."""
    from selectolax.lexbor import LexborHTMLParser

    html = _bounded(html[:LARGEST_PAGE])
    tree = LexborHTMLParser(html)
    page = _meta(tree)
    linked = _linked_data(tree)
    page = _joined(linked, page)
    try:
        own = _body_text(tree, page, _Effort())
    except _TooMuch:  # elements inside elements: no article, and nothing that a second opinion should suffer
        return page
    return replace(page, text=_best_text(own, page.text, html))


class _TooMuch(Exception):
    """A page takes more work than any article."""


class _Effort:
    """What the reading of one page may cost."""

    def __init__(self) -> None:
        self._left = MOST_LOOKS

    def text_of(self, node: LexborNode, separator: str = "") -> str:
        text = node.text(deep=True, separator=separator)
        self.spend(len(text) + LOOK)
        return text

    def all_in(self, node: LexborNode, selector: str) -> list[LexborNode]:
        found = node.css(selector)
        self.spend(LOOK * (len(found) + 1))
        return found

    def spend(self, looks: int) -> None:
        self._left -= looks
        if self._left < 0:
            raise _TooMuch


def _bounded(html: str) -> str:
    """Cut a page off where it has more tags than any article's, or would grow out of all proportion."""
    html = FLOODED.sub(_without_attributes, html)
    tags = html.count("<")
    if tags > FEW_TAGS and min(tags, MOST_TAGS) * _left_open(html) > MOST_ELEMENTS:
        return _cut(html, FEW_TAGS)
    return _cut(html, MOST_TAGS) if tags > MOST_TAGS else html


def _without_attributes(tag: re.Match[str]) -> str:
    """The bare tag; where it is code of a script, the script still ends."""
    return f"<{tag[1]}>" + ("</script" if "</script" in tag[0].lower() else "")


def _cut(html: str, most: int) -> str:
    return "<".join(html.split("<", most)[:most])


def _left_open(html: str) -> int:
    """How many tags of bold text, and of its like, may be open at once at the most.

    Where ">" may stand in an attribute, what follows is not known, and the tag counts as one of its own.
    """
    counts = Counter(_BOLD.findall(html))
    return sum(
        times if tag.count('"') % 2 or tag.count("'") % 2 else min(times, _REOPENED)
        for tag, times in counts.items()
    )


# ── fields ──


def _meta(tree: LexborHTMLParser) -> Page:
    """Open Graph, Twitter and plain meta tags, <title>, <h1>."""
    values: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        attributes = node.attributes
        name = (
            attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
        ).lower()
        content = tame((attributes.get("content") or "")[:LONGEST_WORDS])
        if name and content and name not in values:
            values[name] = content

    def first(*names: str) -> str:
        return next((values[name] for name in names if name in values), "")

    heading = tree.css_first("h1")
    title = first("og:title", "twitter:title") or (
        tame(heading.text(deep=True)[:LONGEST_WORDS]) if heading else ""
    )
    page_title = tree.css_first("title")
    html = tree.css_first("html")
    canonical = tree.css_first("link[rel=canonical]")
    return Page(
        title=title or (tame(page_title.text(deep=True)[:LONGEST_WORDS]) if page_title else ""),
        standfirst=first("og:description", "description", "twitter:description"),
        author=_person(first("author", "article:author", "dc.creator", "parsely-author", "sailthru.author")),
        published=first(
            "article:published_time",
            "og:article:published_time",
            "datepublished",
            "date",
            "dc.date",
            "dc.date.issued",
            "parsely-pub-date",
            "sailthru.date",
            "pubdate",
        ),
        image_url=first(
            "og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src"
        ),
        language=(html.attributes.get("lang") or "") if html else "",
        url=(canonical.attributes.get("href") or "") if canonical else first("og:url"),
        kind=first("og:type").lower(),
    )


def _person(value: str) -> str:
    """An author's tag may hold a profile's address: that is no name."""
    return "" if "://" in value or "/" in value else value


def _linked_data(tree: LexborHTMLParser) -> Page:
    """The page's own JSON-LD about its article."""
    for node in tree.css('script[type="application/ld+json"]'):
        try:
            data = json.loads(node.text(deep=True).strip(), strict=False)
        except (ValueError, RecursionError):
            continue
        for thing in _things(data, depth=0):
            kinds = thing.get("@type")
            kinds = kinds if isinstance(kinds, list) else [kinds]
            if any(isinstance(kind, str) and kind.lower() in ARTICLE_TYPES for kind in kinds):
                return _from_linked(thing)
    return Page()


def _things(data: Any, *, depth: int) -> Iterator[dict[str, Any]]:
    if depth > 4:
        return
    if isinstance(data, list):
        for part in data[:50]:
            yield from _things(part, depth=depth + 1)
    elif isinstance(data, dict):
        yield data
        for key in ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement"):
            if key in data:
                yield from _things(data[key], depth=depth + 1)


def _from_linked(thing: dict[str, Any]) -> Page:
    return Page(
        title=_words(thing.get("headline") or thing.get("name")),
        standfirst=_words(thing.get("description")),
        author=", ".join(dict.fromkeys(_names(thing.get("author")))),
        published=_words(thing.get("datePublished") or thing.get("dateCreated")),
        image_url=next(_image_urls(thing.get("image")), ""),
        language=_words(thing.get("inLanguage")),
        text=without_boilerplate(
            text_of(_string(thing.get("articleBody"))[: 4 * LONGEST_TEXT])[:LONGEST_TEXT]
        ),
        paywalled=str(thing.get("isAccessibleForFree", "")).lower() == "false",
    )


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _words(value: Any) -> str:
    return tame(text_of(value[:LONGEST_WORDS])) if isinstance(value, str) else ""


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if name := _person(tame(value[:LONGEST_WORDS])):
            yield name
    elif isinstance(value, dict):
        yield from _names(value.get("name"))
    elif isinstance(value, list):
        for part in value[:10]:
            yield from _names(part)


def _image_urls(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _image_urls(value.get("url") or value.get("contentUrl"))
    elif isinstance(value, list):
        for part in value[:5]:
            yield from _image_urls(part)


def _joined(first: Page, second: Page) -> Page:
    """Fields of the first where it has them, else of the second. The shared picture beats a logo."""
    names = ("title", "standfirst", "author", "published", "image_url", "language", "url", "text", "kind")
    picked = {name: getattr(first, name) or getattr(second, name) for name in names}
    picked["image_url"] = second.image_url or first.image_url
    return Page(**picked, paywalled=first.paywalled)


# ── text ──

_GONE = (
    "script, style, noscript, iframe, svg, form, button, input, select, textarea, nav, footer, aside, header nav, "
    "figure, picture, video, audio, template, dialog, menu, object, embed, [hidden], [aria-hidden=true], [role=navigation], "
    "[role=complementary], [role=dialog], [role=banner], [role=contentinfo]"
)
_NEVER = re.compile(  # containers with such a name hold no article text, however long they are
    r"(?:^|[-_ ])(?:comments?|commentaires?|kommentare?|comentarios?|commenti|disqus|related|recirc\w*|recommend\w*|"
    r"read-?(?:also|more|next)|more-?(?:news|stories|on|from)|most-?(?:read|popular)|trending|newsletter\w*|"
    r"subscri(?:be|ption|bers?)|sign-?up|sharing|social\w*|author-?(?:bio|box|info|card|description)|bio|"
    r"about-?the-?author|breadcrumbs?|cookies?|consent|gdpr|advert\w*|adslot|outbrain|taboola|caption|"
    r"toc|table-of-contents|paywall|login|modal|popup|pagination|pager|betting|registration|wall)(?:$|[-_ ])",
    re.IGNORECASE,
)
_RARELY = re.compile(  # containers with such a name are left out unless they hold prose
    r"(?:^|[-_ ])(?:popular|share|byline|tags?|topics?|promo\w*|ads?|ad-\w+|sponsor\w*|teasers?|sidebar|widget|"
    r"credits?|gallery|slideshow|carousel|footer|masthead|menu|navigation|nav|metadata|meta|infobox|factbox|poll|quiz|"
    r"affiliate|print|hidden|screen-reader|visually-hidden|sr-only|summary|highlights)(?:$|[-_ ])",
    re.IGNORECASE,
)
_KEPT_NAMES = re.compile(
    r"(?:article|story|entry|post|main|body)[-_]*(?:body|content|text|copy)|articlebody", re.IGNORECASE
)
_TEXTUAL = ("p", "h2", "h3", "h4", "li", "blockquote", "pre")


def _body_text(tree: LexborHTMLParser, page: Page, effort: _Effort) -> str:
    """The text of the densest container, without what is not the article."""
    for node in tree.css(_GONE):
        node.decompose()
    body = tree.body
    if body is None:
        return ""
    _prune(body, effort)
    container = _densest(body, effort)
    if container is None:
        return ""
    lines = _each_once(_lines(container, effort))
    return without_boilerplate("\n\n".join(_without_heading(lines, page))[:LONGEST_TEXT])


def _prune(body: LexborNode, effort: _Effort) -> None:
    """Remove containers whose class or id says that they are no article text."""
    whole = _prose(body, effort) or 1
    for node in body.css("[class], [id]"):
        if node.tag in ("body", "html", "main", "article", "p", "a", "span", "em", "strong", "b", "i"):
            continue
        attributes = node.attributes
        names = f"{(attributes.get('class') or '')[:LONGEST_NAMES]} {(attributes.get('id') or '')[:LONGEST_NAMES]}"
        if _KEPT_NAMES.search(names):
            continue
        never = _NEVER.search(names)
        if not never and not _RARELY.search(names):
            continue
        if _prose(node, effort) < (MOST_OF_PAGE * whole if never else SOME_PROSE):
            node.decompose()


def _prose(node: LexborNode, effort: _Effort) -> int:
    """Characters in paragraphs that are long and no links."""
    return sum(
        length
        for paragraph in effort.all_in(node, "p")
        if (length := len(effort.text_of(paragraph))) > 80 and _linked(paragraph, effort) < length / 2
    )


def _linked(node: LexborNode, effort: _Effort) -> int:
    return sum(len(effort.text_of(link)) for link in effort.all_in(node, "a"))


def _densest(body: LexborNode, effort: _Effort) -> LexborNode | None:
    """The smallest container that holds nearly all that the paragraphs of the page say."""
    scores: dict[int, float] = {}
    whole: dict[int, float] = {}
    nodes: dict[int, LexborNode] = {}
    for paragraph in body.css("p, blockquote, pre, h2, h3, li"):
        weight = _weight(paragraph, effort)
        if weight <= 0:
            continue
        node, share = paragraph.parent, 1.0
        for _ in range(12):
            if node is None or node.tag in ("html", "-undef"):
                break
            scores[node.mem_id] = scores.get(node.mem_id, 0.0) + weight * share
            whole[node.mem_id] = whole.get(node.mem_id, 0.0) + weight
            nodes[node.mem_id] = node
            node, share = node.parent, share * NEARER
    if not scores:
        return body
    best = nodes[max(scores, key=lambda key: scores[key])]
    for _ in range(6):
        parent = best.parent
        if parent is None or parent.tag in ("body", "html") or parent.mem_id not in whole:
            break
        if whole[parent.mem_id] < MORE * whole[best.mem_id]:
            break
        best = parent
    return best


def _weight(node: LexborNode, effort: _Effort) -> float:
    text = tame(effort.text_of(node))
    if len(text) < 25 or is_boilerplate(text):
        return 0.0
    density = 1 - _linked(node, effort) / max(len(text), 1)
    factor = 0.25 if node.tag in ("li", "h2", "h3") else 1.0
    return len(text) * density * density * factor


def _lines(container: LexborNode, effort: _Effort) -> Iterator[str]:
    """Paragraphs, headings and list items of a container in reading order, each once."""
    for node in container.css(", ".join(_TEXTUAL)):
        parent = node.parent
        if (
            parent is not None
            and parent.tag in ("li", "blockquote")
            and node.tag == "p"
            and _only_child(parent, effort)
        ):
            continue
        if (
            node.tag in ("blockquote", "li")
            and node.css_first("p") is not None
            and not _only_child(node, effort)
        ):
            continue
        text = tame(effort.text_of(node, " " if node.tag == "li" else ""))
        if not text:
            continue
        if len(text) < 250 and _linked(node, effort) > 0.8 * len(
            text
        ):  # a line that is a link leads elsewhere
            continue
        yield text


def _each_once(lines: Iterator[str]) -> list[str]:
    """Pages repeat their text for phones and for printing: a long line is kept once."""
    seen: set[str] = set()
    kept = []
    for line in lines:
        if len(line) > 40:
            if line in seen:
                continue
            seen.add(line)
        kept.append(line)
    return kept


def _only_child(node: LexborNode, effort: _Effort) -> bool:
    return len(effort.all_in(node, "p")) == 1


def _without_heading(lines: list[str], page: Page) -> list[str]:
    """Title, byline and dateline on top of the text are fields, no paragraphs."""
    title = fold(page.title)

    def is_field(line: str) -> bool:
        return fold(line[:LONGEST_NAMES]) == title or is_dateline(line) or is_name(byline_of(line))

    return [line for n, line in enumerate(lines) if n >= HEAD or not is_field(line)]


def _best_text(own: str, linked: str, html: str) -> str:
    """Choose among our own reading, the page's articleBody and, where both are doubtful, trafilatura's."""
    linked = _said_once(linked)
    if len(linked) >= ENOUGH and len(linked) > 0.8 * len(own):
        return _with_paragraphs(linked, own)
    if len(own) >= ENOUGH and (not linked or len(own) >= 0.8 * len(linked)):
        return own
    second = _second_opinion(html)
    best = max((own, linked), key=len)
    return second if len(second) > max(SURELY_MORE * len(best), LEAST) else best


def _said_once(text: str) -> str:
    """Some outlets' articleBody holds the whole text twice."""
    again = text.find(text[:60], len(text) // 3) if len(text) > ENOUGH else -1
    return text[:again].rstrip() if again > 0 else text


def _with_paragraphs(linked: str, own: str) -> str:
    """articleBody often comes as one block: where we read the same text, ours has the paragraphs."""
    if "\n" not in linked and own and 0.9 < len(own) / len(linked) < 1.1:
        return own
    return linked


def _is_piled_up(html: str) -> bool:
    """Say whether letters carry accents by the dozen: trafilatura puts them in order, which takes quadratic time."""
    if "&#" in html:
        html = unescaped(html)
    return any(
        sum(map(bool, map(unicodedata.combining, run))) > MOST_ACCENTS for run in _FOREIGN.findall(html)
    )


def _second_opinion(html: str) -> str:
    if _is_piled_up(html):
        return ""
    try:
        import trafilatura

        text = trafilatura.extract(html, fast=True, include_comments=False, include_tables=False) or ""
    except Exception:  # noqa: BLE001 - a library's failure on one page costs only its opinion
        return ""
    return without_boilerplate(tame_lines(text[:LONGEST_TEXT].replace("\n", "\n\n")))
