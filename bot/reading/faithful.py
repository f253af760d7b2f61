"""May a summary that somebody else wrote go out? Only if everything in it stands in the article."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.model import Article
from bot.reading.language import detect
from bot.reading.salience import determiners, stems_of, words_of
from bot.reading.sentences import sentences
from bot.reading.sentences import words as openers
from bot.series.catalog import Catalog
from bot.text import fold

SHORTEST, LONGEST = 40, 350
SAME = 0.8  # of its words: it repeats the title

_FIGURE = re.compile(r"\d+")
_MARKUP = re.compile(r"https?://|www\.|[<>{}\[\]`|]|\*\*|^\s*[#>*-]|(?:^|\s)@\w|#\w", re.MULTILINE)
_CAPITALISED = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def objection(text: str, article: Article, language: str, catalog: Catalog) -> str | None:
    """Say in a word what speaks against a text as the article's summary; None when nothing does."""
    source = "\n".join((article.title, article.standfirst, article.text))
    if not SHORTEST <= len(text) <= LONGEST:
        return "length"
    if _MARKUP.search(text):
        return "markup"
    if set(_FIGURE.findall(text)) - set(_FIGURE.findall(source)):
        return "figure"
    if _has_stranger(text, source, language, catalog):
        return "name"
    if detect(text, names=[mention.words for mention in catalog.mentions(text)]) != language:
        return "language"
    told, title = stems_of(words_of(text)), stems_of(words_of(article.title))
    if len(told & title) >= SAME * len(told):
        return "title"
    return None


def _has_stranger(text: str, source: str, language: str, catalog: Catalog) -> bool:
    """Say whether a text names somebody or something that the source does not."""
    known = {(mention.kind, mention.key) for mention in catalog.mentions(source)}
    common = openers(language).starters  # "Das" opens a sentence, and is a driver's name
    told = [mention for mention in catalog.mentions(text) if mention.words.casefold() not in common]
    if any((mention.kind, mention.key) not in known for mention in told):
        return True
    words = {fold(word) for word in _CAPITALISED.findall(source)}
    stems = {word[:5] for word in words if len(word) > 4}
    return any(fold(word) not in words and fold(word)[:5] not in stems for word in _names(text, language))


def _names(text: str, language: str) -> Iterator[str]:
    """The words with a capital that is not due to the start of a sentence, nor to German nouns."""
    for sentence in sentences(text, language):
        before = [""]
        for place, found in enumerate(_CAPITALISED.finditer(sentence)):
            word = found[0]
            if word[0].isupper() and place > 0 and not (language == "de" and _is_noun(before)):
                yield word
            before.append(word)


def _is_noun(before: list[str]) -> bool:
    """Say whether the words before a capitalised one make it a noun: "der Sieg", "ein neuer Vertrag".

    Every German noun has a capital, and a paraphrase may bring new ones; a name follows none of these words.
    """
    if before[-1].lower() in determiners("de"):
        return True
    return before[-1].islower() and len(before) > 1 and before[-2].lower() in determiners("de")
