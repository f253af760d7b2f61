"""Tell in which language a text is written, from its common words and letter sequences.

The counts in language.txt are ours (tools/train_language.py). Names are left out: they belong to no language, and a
headline is half made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from operator import add

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")

MOST_WORDS = 160  # more say nothing new
PRIOR = 25  # tenths of a nat that the feed's own word for its language is worth
ZERO = 48  # "0" stands for no cost in language.txt
WORD_BEGINS, GRAM_BEGINS = 3, 2  # characters that the pieces on one line of language.txt share
LONGEST_GRAM = 4
MOST_PER_WORD = 40  # no single word decides alone
NAME_LIKE = 0.5  # what a word counts that is written like a name
SPELLING = 0.45  # what letter sequences count beside whole words: they overlap
KNOWN_ENOUGH = 0.12  # share of common words below which a text may be in none of these languages

# What a word says is one number, so that a text's words are summed up at once: lanes of bits, one a language, then
# whether it is a common word, and whether it begins small. What may be a name says it higher up.
_LANE = 20
_LANES = len(LANGUAGES)
_COMMON, _SMALL, _AS_NAME = _LANE * _LANES, _LANE * (_LANES + 1), _LANE * (_LANES + 2)
_UNIT = 40  # a tenth of a nat in a lane: SPELLING and NAME_LIKE come out whole
_MOST_ROWS = 4_000

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
        costs[LANGUAGES.index(expected)] -= PRIOR * _UNIT
    elif expected and words >= 4 and known < KNOWN_ENOUGH * words:
        return expected  # a language that is not among ours
    best = min(range(len(LANGUAGES)), key=costs.__getitem__)
    return LANGUAGES[best]


def _costs(text: str) -> tuple[list[int], int, int]:
    """Add up how unlikely the words are in each language; also how many were common words."""
    found = _WORD.findall(text)[:MOST_WORDS]
    total = sum(map(_ROWS.__getitem__, found))
    plain, as_names = _lanes(total), _lanes(total >> _AS_NAME)
    # Not in an all-capitals or title-case line.
    if found and _lane(total, _SMALL) * 3 >= len(found):
        first = _lanes(_ROWS[found[0]] >> _AS_NAME)  # any word is written large there
        as_names = [one + round((all_ - one) * NAME_LIKE) for all_, one in zip(as_names, first, strict=True)]
    return list(map(add, plain, as_names)), _lane(total, _COMMON), len(found)


class _Rows(dict[str, int]):
    """Words as written → what they say; texts share most of their words."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _MOST_ROWS:
            self.clear()
        is_common, costs = _row(word.lower())
        row = sum(cost << _LANE * place for place, cost in enumerate(costs))
        if word[0].isupper() and not is_common:
            row <<= _AS_NAME
        self[word] = row = row + (is_common << _COMMON) + (word[0].islower() << _SMALL)
        return row


_ROWS = _Rows()


def _lane(row: int, lane: int) -> int:
    return row >> lane & (1 << _LANE) - 1


def _lanes(row: int) -> list[int]:
    return [_lane(row, _LANE * place) for place in range(_LANES)]


def _row(word: str) -> tuple[bool, list[int]]:
    """How unlikely one word is in each language: as a common word, else by its letter sequences."""
    marked = "=" + word.replace("’", "'")
    _, found, costs = _model().get(marked[:WORD_BEGINS], "").partition(f" {marked[WORD_BEGINS:]}\t")
    if found:
        return True, [_UNIT * min(ord(cost) - ZERO, MOST_PER_WORD) for cost in costs[:_LANES]]
    if "'" in word or "’" in word:  # "l'écurie", "driver's"
        parts = [_row(part) for part in re.split("['’]", word) if part]
        return any(part[0] for part in parts), list(map(sum, zip(*(part[1] for part in parts), strict=True)))
    pieces = "".join(_pieces(word)).encode()
    if not pieces:
        return False, [0] * _LANES
    sums = [sum(pieces[place::_LANES]) for place in range(_LANES)]
    least, spelling = min(sums), round(SPELLING * _UNIT)
    return False, [min(spelling * (cost - least), MOST_PER_WORD * _UNIT) for cost in sums]


def _pieces(word: str) -> Iterator[str]:
    """Give what is known of a word's letter sequences; those that begin alike stand on one line."""
    begun, marked = _model().get, f"_{word}_"
    for start in range(len(marked) - 1):
        line = begun(marked[start : start + GRAM_BEGINS])
        if line is not None:
            for end in range(start + 2, min(start + LONGEST_GRAM, len(marked)) + 1):
                looked_for = f" {marked[start + GRAM_BEGINS : end]}\t"
                at = line.find(looked_for)
                if at >= 0:
                    at += len(looked_for)
                    yield line[at : at + _LANES]


def grams(word: str) -> Iterator[str]:
    """Give the letter sequences of a word, its ends marked."""
    marked = f"_{word}_"
    for size in range(2, LONGEST_GRAM + 1):
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
    """Lines of language.txt by what all the pieces on them begin with.

    A dictionary of all ten thousand pieces would take five times the memory, and words are looked up once.
    """
    lines = (files("bot.reading") / "language.txt").read_text("utf-8").splitlines()
    return {begin: f" {rest}" for begin, _, rest in (line.partition(" ") for line in lines[1:])}
