"""The article out of a whole page: its fields from JSON-LD and meta tags, its text from the densest part.

Fast path: the page's own JSON-LD (schema.org NewsArticle) and one walk over the tree with selectolax. Where that is
doubtful (little text, or the two disagree), trafilatura gives a second opinion; it is imported only then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.reading.clean import byline_of, is_boilerplate, is_dateline, is_name, text_of, without_boilerplate
from bot.text import fold, tame, tame_lines

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
LARGEST_PAGE = 3_000_000  # characters of HTML that are looked at
ENOUGH = 900  # characters of text that need no second opinion
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

    html = html[:LARGEST_PAGE]
    tree = LexborHTMLParser(html)
    page = _meta(tree)
    linked = _linked_data(tree)
    page = _joined(linked, page)
    own = _body_text(tree, page)
    return replace(page, text=_best_text(own, page.text, html))


# ── fields ──


def _meta(tree: LexborHTMLParser) -> Page:
    """Open Graph, Twitter and plain meta tags, <title>, <h1>."""
    values: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        attributes = node.attributes
        name = (
            attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
        ).lower()
        content = tame(attributes.get("content") or "")
        if name and content and name not in values:
            values[name] = content

    def first(*names: str) -> str:
        return next((values[name] for name in names if name in values), "")

    heading = tree.css_first("h1")
    title = first("og:title", "twitter:title") or (tame(heading.text(deep=True)) if heading else "")
    page_title = tree.css_first("title")
    html = tree.css_first("html")
    canonical = tree.css_first("link[rel=canonical]")
    return Page(
        title=title or (tame(page_title.text(deep=True)) if page_title else ""),
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
        text=without_boilerplate(text_of(_string(thing.get("articleBody")))),
        paywalled=str(thing.get("isAccessibleForFree", "")).lower() == "false",
    )


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _words(value: Any) -> str:
    return tame(text_of(value)) if isinstance(value, str) else ""


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if name := _person(tame(value)):
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


def _body_text(tree: LexborHTMLParser, page: Page) -> str:
    """The text of the densest container, without what is not the article."""
    for node in tree.css(_GONE):
        node.decompose()
    body = tree.body
    if body is None:
        return ""
    _prune(body)
    container = _densest(body)
    if container is None:
        return ""
    lines = _each_once(_lines(container))
    return without_boilerplate("\n\n".join(_without_heading(lines, page)))


def _prune(body: LexborNode) -> None:
    """Remove containers whose class or id says that they are no article text."""
    whole = _prose(body) or 1
    for node in body.css("[class], [id]"):
        if node.tag in ("body", "html", "main", "article", "p", "a", "span", "em", "strong", "b", "i"):
            continue
        attributes = node.attributes
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        if _KEPT_NAMES.search(names):
            continue
        never = _NEVER.search(names)
        if not never and not _RARELY.search(names):
            continue
        if _prose(node) < (MOST_OF_PAGE * whole if never else SOME_PROSE):
            node.decompose()


def _prose(node: LexborNode) -> int:
    """Characters in paragraphs that are long and no links."""
    return sum(
        length
        for paragraph in node.css("p")
        if (length := len(paragraph.text(deep=True))) > 80
        and sum(len(link.text(deep=True)) for link in paragraph.css("a")) < length / 2
    )


def _densest(body: LexborNode) -> LexborNode | None:
    """The smallest container that holds nearly all that the paragraphs of the page say."""
    scores: dict[int, float] = {}
    whole: dict[int, float] = {}
    nodes: dict[int, LexborNode] = {}
    for paragraph in body.css("p, blockquote, pre, h2, h3, li"):
        weight = _weight(paragraph)
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


def _weight(node: LexborNode) -> float:
    text = tame(node.text(deep=True))
    if len(text) < 25 or is_boilerplate(text):
        return 0.0
    linked = sum(len(link.text(deep=True)) for link in node.css("a"))
    density = 1 - linked / max(len(text), 1)
    factor = 0.25 if node.tag in ("li", "h2", "h3") else 1.0
    return len(text) * density * density * factor


def _lines(container: LexborNode) -> Iterator[str]:
    """Paragraphs, headings and list items of a container in reading order, each once."""
    for node in container.css(", ".join(_TEXTUAL)):
        parent = node.parent
        if (
            parent is not None
            and parent.tag in ("li", "blockquote")
            and node.tag == "p"
            and _only_child(parent)
        ):
            continue
        if node.tag in ("blockquote", "li") and node.css_first("p") is not None and not _only_child(node):
            continue
        text = tame(node.text(deep=True, separator=" ")) if node.tag == "li" else tame(node.text(deep=True))
        if not text:
            continue
        linked = sum(len(link.text(deep=True)) for link in node.css("a"))
        if linked > 0.8 * len(text) and len(text) < 250:  # a line that is a link leads elsewhere
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


def _only_child(node: LexborNode) -> bool:
    return len(node.css("p")) == 1


def _without_heading(lines: list[str], page: Page) -> list[str]:
    """Title, byline and dateline on top of the text are fields, no paragraphs."""
    title = fold(page.title)

    def is_field(line: str) -> bool:
        return fold(line) == title or is_dateline(line) or is_name(byline_of(line))

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


def _second_opinion(html: str) -> str:
    try:
        import trafilatura

        text = trafilatura.extract(html, fast=True, include_comments=False, include_tables=False) or ""
    except Exception:  # noqa: BLE001 - a library's failure on one page costs only its opinion
        return ""
    return without_boilerplate(tame_lines(text.replace("\n", "\n\n")))
