"""How much of what happened does a sentence tell? A few features of it, weighed by a linear model."""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from operator import mul
from pathlib import Path
from typing import NamedTuple

from bot.reading.sentences import each_sentence
from bot.text import fold

STEM = 6  # letters that a word and its inflections share
MOST_SENTENCES = 80
MOST_READ = 12_000  # characters
LEAST_WORDS, MOST_LENGTH = 5, 400  # shorter is a heading, longer does not fit

_WORD = re.compile(r"\w+")
_OPENING = re.compile(r"\W*(\w+)(?:\W+(\w+))?")
_QUOTES = re.compile(r'["„“”«»]')
_MOST_STEMS = 12_000

FEATURES = (
    "early",  # 1 / place
    "late",  # log place
    "is first",
    "is of the first three",
    "in the first paragraph",
    "opens a paragraph",
    "like the title",  # cosine
    "covers the title",  # share of the title's words
    "like the text",  # cosine with all sentences
    "frequent words",
    "length",
    "is short",
    "is long",
    "capitals",
    "has a figure",
    "opens with a pronoun",
    "opens with a conjunction",
    "asks",
    "opens with a quote",
    "has a quote",
    "speaks of me or you",
    "paragraph",  # its place, 0 to 1
)
# Ridge regression on articles with the standfirst that an editor wrote, in five languages: what makes a sentence
# resemble the standfirst (ROUGE-L + ROUGE-2). `tools/eval/summaries.py` measures it.
WEIGHTS = (
    *(2.31, -0.86, 0.64, 1.55, 1.59, 1.07),
    *(24.60, 3.25, 18.84, 2.49, 6.44, -2.87, 0.10),
    *(-0.43, 0.75, -2.02, 0.01, -1.08, -1.06, 0.04, -2.84, 0.19),
)


class Sentence(NamedTuple):
    at: int  # place in the article
    text: str
    stems: frozenset[str]
    score: float


class _Row(NamedTuple):
    text: str
    words: Sequence[str]
    stems: frozenset[str]
    paragraph: int
    place: int  # in its paragraph


def weighed(title: str, text: str, language: str) -> list[Sentence]:
    """Give the sentences of a text that can tell something, with their scores, in the text's order."""
    rows, vectors = measured(title, text, language)
    return [
        Sentence(at, rows[at].text, rows[at].stems, sum(map(mul, WEIGHTS, vector))) for at, vector in vectors
    ]


def measured(title: str, text: str, language: str) -> tuple[list[_Row], list[tuple[int, tuple[float, ...]]]]:
    """Split a text and measure its sentences: the place of each, and its features."""
    rows = list(islice(_rows(text[:MOST_READ], language), MOST_SENTENCES))
    if not rows:
        return [], []
    view = _View(title, rows, language)
    return rows, [
        (at, view.features(at, row))
        for at, row in enumerate(rows)
        if len(row.words) >= LEAST_WORDS and len(row.text) <= MOST_LENGTH
    ]


def stems_of(words: Iterable[str]) -> frozenset[str]:
    """The beginnings of the words that carry meaning: figures, and what has four letters or more."""
    return frozenset(filter(None, map(_STEMS.__getitem__, words)))


def words_of(text: str) -> list[str]:
    return _WORD.findall(text)


def opens_with_person(sentence: str) -> bool:
    """Say whether a sentence opens with "she" or "he", and so points back to another."""
    opening = _OPENING.match(sentence)
    if opening is None or opening[1].casefold() not in _openers()["he_and_she"]:
        return False
    return (opening[2] or "").casefold() not in _openers()["nobody"]


def determiners(language: str) -> frozenset[str]:
    """The words that announce a noun."""
    return _data()["determiners"].get(language, frozenset())


def speaks_of_me(text: str, language: str) -> bool:
    """Say whether a text speaks in the first person."""
    return not _persons(language, "me").isdisjoint(words_of(text))


def leans_back(sentence: str) -> bool:
    """Say whether a sentence is better understood after the one before it: "But …", "These …", "…, she said."."""
    words = words_of(sentence.casefold())
    if not words:
        return False
    opening = words[0]
    if opening in _openers()["pronouns"] or opening in _openers()["conjunctions"]:
        return True
    return not _openers()["he_and_she"].isdisjoint(words[-3:])


def _rows(text: str, language: str) -> Iterable[_Row]:
    for paragraph, line in enumerate(filter(None, map(str.strip, text.splitlines()))):
        for place, sentence in enumerate(each_sentence(line, language)):
            words = words_of(sentence)
            yield _Row(sentence, words, stems_of(words), paragraph, place)


class _View:
    """An article as a whole: what its sentences are compared with."""

    def __init__(self, title: str, rows: Sequence[_Row], language: str) -> None:
        self.persons = _persons(language, "me") | _persons(language, "you")
        self.pronouns, self.conjunctions = _openers()["pronouns"], _openers()["conjunctions"]
        self.count = Counter(chain.from_iterable(row.stems for row in rows))
        # What a stem weighs depends only on how many sentences have it: a list by that number, for each use.
        counts = range(1, max(self.count.values(), default=0) + 1)
        self.weight = [0.0, *(math.log(1 + len(rows) / count) for count in counts)]
        self.square = [weight * weight for weight in self.weight]
        self.shared = list(map(mul, range(len(self.square)), self.square))
        self.often = [0.0, *map(math.log, counts)]
        lengths = [(count * weight) ** 2 for count, weight in enumerate(self.weight)]
        self.length = math.sqrt(sum(map(lengths.__getitem__, self.count.values()))) or 1.0
        self.title = stems_of(words_of(title))
        known = [self.count[stem] for stem in self.title]  # 0 for what the text does not speak of
        self.title_length = math.sqrt(sum(self.square[count] if count else 1.0 for count in known)) or 1.0
        self.title_weight = sum(self.weight[count] if count else 1.0 for count in known) or 1.0
        self.paragraphs = max(1, rows[-1].paragraph + 1)

    def features(self, at: int, row: _Row) -> tuple[float, ...]:
        """Measure a sentence, in the order of FEATURES."""
        words, stems = row.words, row.stems
        counts = list(map(self.count.__getitem__, stems))
        known = list(map(self.count.__getitem__, stems & self.title))
        own = sum(map(self.square.__getitem__, counts))
        length = math.sqrt(own) or 1.0
        heads = [word[0] for word in words]
        opening = words[0].casefold()
        return (
            1 / (1 + at),
            math.log1p(at),
            at == 0,
            at < 3,
            row.paragraph == 0,
            row.place == 0,
            sum(map(self.square.__getitem__, known)) / (length * self.title_length),
            sum(map(self.weight.__getitem__, known)) / self.title_weight,
            (sum(map(self.shared.__getitem__, counts)) - own) / (length * self.length),
            sum(map(self.often.__getitem__, counts)) / max(1, len(stems)),
            min(len(words), 45) / 45,
            len(words) < 9,
            len(words) > 35,
            sum(map(str.isupper, heads[1:])) / len(words),
            any(map(str.isdigit, heads)),
            opening in self.pronouns,
            opening in self.conjunctions,
            "?" in row.text,
            row.text[0] in '"„“«”',
            _QUOTES.search(row.text) is not None,
            not self.persons.isdisjoint(words),
            row.paragraph / self.paragraphs,
        )


class _Stems(dict[str, str]):
    """Words as written → stems, "" for those that carry no meaning; texts share most of their words."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _MOST_STEMS:
            self.clear()
        folded = word.lower() if word.isascii() and word.isalnum() else fold(word)
        self[word] = stem = folded[:STEM] if len(folded) > 3 or folded.isdigit() else ""
        return stem


_STEMS = _Stems()


def _openers() -> Mapping[str, frozenset[str]]:
    return _data()["words"]


def _persons(language: str, person: str) -> frozenset[str]:
    return _data()[person].get(language, frozenset())


@cache
def _data() -> Mapping[str, Mapping[str, frozenset[str]]]:
    data = tomllib.loads(Path(__file__).with_name("summary.toml").read_text("utf-8"))
    return {part: {kind: frozenset(words) for kind, words in kinds.items()} for part, kinds in data.items()}
