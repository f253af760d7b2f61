"""Tell in which language a text is written, from its common words and letter sequences.

The counts in language.txt are ours (tools/train_language.py). Names are left out: they belong to no language, and a
headline is half made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")

MOST_WORDS = 160  # more say nothing new
PRIOR = 25  # tenths of a nat that the feed's own word for its language is worth
ZERO = 48  # "0" stands for no cost in language.txt
MOST_PER_WORD = 40  # no single word decides alone
NAME_LIKE = 0.5  # what a word counts that is written like a name
SPELLING = 0.45  # what letter sequences count beside whole words: they overlap
KNOWN_ENOUGH = 0.12  # share of common words below which a text may be in none of these languages

_NO_COSTS = (0.0,) * len(LANGUAGES)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("hi", re.compile("[\u0900-\u097f]")),
)
_ANY_SCRIPT = re.compile("[{}]".format("".join(letters.pattern.strip("[]") for _, letters in _SCRIPTS)))
_LATIN = re.compile("[a-zà-žA-ZÀ-Ž]")


def detect(text: str, *, prior: str | None = None, names: Iterable[str] = ()) -> str:
    """Name the language of a text: "en", "de", … or what its script says ("ja", "ru").

    `names` are left out; `prior` is the feed's own word for its language and decides where the text does not.
    """
    text = text[:4000]
    if script := _script(text):
        return script
    for name in names:
        text = text.replace(name, " , ")
    expected = prior.partition("-")[0].lower() if prior else None
    costs, known, words = _costs(text)
    if not words:
        return expected or "en"
    if expected in LANGUAGES:
        costs[LANGUAGES.index(expected)] -= PRIOR
    elif expected and words >= 4 and known < KNOWN_ENOUGH * words:
        return expected  # a language that is not among ours
    best = min(range(len(LANGUAGES)), key=costs.__getitem__)
    return LANGUAGES[best]


def _costs(text: str) -> tuple[list[float], float, int]:
    """Add up how unlikely the words are in each language; also how many were common words."""
    found = _WORD.findall(text)[:MOST_WORDS]
    # Not in an all-capitals or title-case line.
    names_show = sum(word[0].islower() for word in found) * 3 >= len(found)
    known, whole, halved = 0, [_NO_COSTS], [_NO_COSTS]
    for place, word in enumerate(found):
        is_common, row = _row(word.lower())
        known += is_common
        is_name_like = names_show and place and not is_common and word[0].isupper()
        (halved if is_name_like else whole).append(row)
    columns = zip(zip(*whole, strict=True), zip(*halved, strict=True), strict=True)
    return [sum(full) + NAME_LIKE * sum(part) for full, part in columns], known, len(found)


@lru_cache(maxsize=5_000)
def _row(word: str) -> tuple[bool, tuple[float, ...]]:
    """How unlikely one word is in each language: as a common word, else by its letter sequences."""
    rows = _model()
    row = rows.get("=" + word.replace("’", "'"))
    if row is not None:
        return True, tuple(min(ord(cost) - ZERO, MOST_PER_WORD) for cost in row)
    if "'" in word or "’" in word:  # "l'écurie", "driver's"
        parts = [_row(part) for part in re.split("['’]", word) if part]
        return any(part[0] for part in parts), tuple(map(sum, zip(*(part[1] for part in parts), strict=True)))
    pieces = [rows[gram] for gram in grams(word) if gram in rows]
    if not pieces:
        return False, (0.0,) * len(LANGUAGES)
    sums = [SPELLING * (sum(map(ord, column)) - ZERO * len(pieces)) for column in zip(*pieces, strict=True)]
    least = min(sums)
    return False, tuple(min(cost - least, MOST_PER_WORD) for cost in sums)


def grams(word: str) -> Iterator[str]:
    """Give the letter sequences of a word, its ends marked."""
    marked = f"_{word}_"
    for size in (2, 3, 4):
        for start in range(len(marked) - size + 1):
            yield marked[start : start + size]


def _script(text: str) -> str | None:
    if text.isascii() or not _ANY_SCRIPT.search(text):
        return None
    latin = len(_LATIN.findall(text))
    for language, letters in _SCRIPTS:
        if (count := len(letters.findall(text))) and count * 2 > latin:
            return language
    return None


@lru_cache(maxsize=1)
def _model() -> dict[str, str]:
    """Words ("=race") and letter sequences ("_ra"), each with a character a language: the later, the less likely."""
    lines = (files("bot.reading") / "language.txt").read_text("utf-8").splitlines()
    return dict(line.rsplit(" ", 1) for line in lines[1:])
