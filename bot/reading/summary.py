"""Tell an article in two or three of its own sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import islice

from bot.reading.clean import is_boilerplate
from bot.reading.salience import (
    MOST_READ,
    Sentence,
    leans_back,
    opens_with_person,
    speaks_of_me,
    stems_of,
    weighed,
    words_of,
)
from bot.reading.sentences import each_sentence
from bot.text import cut

LONGEST = 350  # characters
ENOUGH = 110  # a summary shorter than this takes one sentence more
FULL = 220  # a standfirst this long needs nothing from the text
MOST_STANDFIRST = 4_000  # characters
MOST_TRIED = 20  # sentences of a standfirst: some feeds put the whole article there
HEADING = 8  # blanks: a longer line without a full stop is a sentence all the same
LEAST_STEMS = 2  # words that mean something: "Good morning," is no summary
SAME = 0.7  # of the words: it says what was said already
REPEATING = 5.0  # what a wholly repeated sentence loses, in the unit of the scores
LEANING = 1.5  # what one loses that opens with "But" or "These", or closes with "he said"

_ENDS = (".", "!", "?", "…", '"', "”", "“", "»", "'", "’", ")")
_CUT_OFF = re.compile(r"\s*(?:\.{3}|…|\[[.…]+\]|\([.…]+\)|\[&hellip;\])\W*$")
_LABEL = re.compile(r"^[^|.!?]{2,40} \| (?=\w)")  # "Formule 1 | …"
_CLAUSE = re.compile(r"[,;:]\s|\s[–—-]\s")
_MARK = re.compile(r'["„“”«»]')
_QUOTED = re.compile(r'["„“«][^"„“”«»]*["“”»]')
_OPENING, _CLOSING = "\"„“«»‚'‘", "\"“”»«’'"


def summarise(title: str, standfirst: str, text: str, language: str, *, most: int = LONGEST) -> str:
    """Take the standfirst, the outlet's own summary, as far as it is one; the rest is the text's best sentences."""
    standfirst, text = standfirst[:MOST_STANDFIRST], text[:MOST_READ]
    told = _standfirst(title, standfirst, language, most)
    if len(" ".join(told)) < FULL and len(told) < 3:
        told += _best(title, text, language, told, most)
    if told:
        return " ".join(told)
    return _whatever(title, standfirst, text, language, most)


def _standfirst(title: str, standfirst: str, language: str, most: int) -> list[str]:
    """The sentences of a standfirst that are whole, fit, and say more than the title."""
    told: list[str] = []
    known = [stems_of(words_of(title))]
    for sentence in _first(standfirst, language):
        if _CUT_OFF.search(sentence) or is_boilerplate(sentence) or sentence.endswith((",", ":")):
            break
        stems = stems_of(words_of(sentence))
        if len(stems) < LEAST_STEMS or _repeats(stems, known):
            continue
        if len(" ".join((*told, sentence))) > most or len(told) == 3:
            break
        told.append(sentence)
        known.append(stems)
    return told


def _first(text: str, language: str) -> Iterable[str]:
    return islice(each_sentence(_LABEL.sub("", text), language), MOST_TRIED)


def _best(title: str, text: str, language: str, told: Sequence[str], most: int) -> list[str]:
    """The text's sentences that tell most beside what is told already, in the text's order."""
    known = [stems_of(words_of(title)), *(stems_of(words_of(sentence)) for sentence in told)]
    left = sorted(weighed(title, text, language), key=lambda sentence: -sentence.score)
    chosen: list[Sentence] = []
    room = most - len(" ".join(told))
    while len(told) + len(chosen) < (2 if most - room >= ENOUGH else 3):
        whole = (row._replace(text=_tidy(row.text)) for row in left)
        fitting = (row for row in whole if len(row.text) < room and not _repeats(row.stems, known))
        best = _worthiest((row for row in fitting if _can_stand(row.text, language)), chosen)
        if best is None:
            break
        left = [row for row in left if row.at != best.at]
        chosen.append(best)
        known.append(best.stems)
        room -= len(best.text) + 1
    return [sentence.text for sentence in sorted(chosen)]


def _worthiest(sentences: Iterable[Sentence], chosen: Sequence[Sentence]) -> Sentence | None:
    """Find the sentence that adds most; they come by falling score, which is the most that each can be worth."""
    best, most = None, -math.inf
    for sentence in sentences:
        if sentence.score <= most:
            break
        worth = _worth(sentence, chosen)
        if worth > most and not is_boilerplate(sentence.text):
            best, most = sentence, worth
    return best


def _can_stand(sentence: str, language: str) -> bool:
    """Say whether a sentence is understood alone: whole, no quote without its speaker, no "he" before a name."""
    if not sentence.endswith(_ENDS) or _CUT_OFF.search(sentence) or opens_with_person(sentence):
        return False
    if not _is_balanced(sentence) or speaks_of_me(_QUOTED.sub(" ", sentence), language):
        return False
    return not (sentence[0] in _OPENING and sentence.rstrip(".!?…")[-1:] in _CLOSING)


def _is_balanced(sentence: str) -> bool:
    """Say whether each quotation mark has its other half, in order."""
    inside = False
    for mark in _MARK.finditer(sentence):
        after = sentence[mark.end() : mark.end() + 1]
        if inside == _opens(mark[0], inside, after):
            return False
        inside = not inside
    return not inside


def _opens(mark: str, inside: bool, after: str) -> bool:
    """Say whether a mark opens a quote: “ and « do in some languages and close in others."""
    if mark == "„" or mark == "”":
        return mark == "„"
    if mark != '"':
        return not inside
    return not inside and (after.isalnum() or after in "'’¿¡([…")


def _tidy(sentence: str) -> str:
    """Give a sentence its own end: without a quotation mark of its neighbours, with the full stop of a heading."""
    if sentence.startswith('" '):
        sentence = sentence[2:]
    if sentence.endswith('."') and not _is_balanced(sentence):
        sentence = sentence[:-1]
    if not sentence.endswith((*_ENDS, *":;,-–—")) and sentence.count(" ") >= HEADING:
        return f"{sentence}."
    return sentence


def _repeats(stems: frozenset[str], known: Iterable[frozenset[str]]) -> bool:
    """Say whether a sentence has little to add to one that is known."""
    return any(len(stems & other) >= SAME * len(stems) for other in known)


def _worth(sentence: Sentence, chosen: Sequence[Sentence]) -> float:
    """What a sentence adds to those chosen: less where it repeats one, or needs the one before it, which is not there."""
    needy = leans_back(sentence.text) and all(other.at != sentence.at - 1 for other in chosen)
    repeated = max((_share(sentence.stems, other.stems) for other in chosen), default=0.0)
    return sentence.score - REPEATING * repeated - (LEANING if needy else 0.0)


def _share(stems: frozenset[str], others: frozenset[str]) -> float:
    return len(stems & others) / max(1, min(len(stems), len(others)))


def _whatever(title: str, standfirst: str, text: str, language: str, most: int) -> str:
    """Tell something where there is anything to tell: the first sentence that is not the title, cut if need be."""
    known = [stems_of(words_of(title))]
    for source in (standfirst, text):
        for sentence in _first(source, language):
            stems = stems_of(words_of(sentence))
            if stems and not is_boilerplate(sentence) and not _repeats(stems, known):
                return cut_at_clause(_CUT_OFF.sub("…", sentence), most)
    return cut_at_clause(standfirst or text, most)


def cut_at_clause(sentence: str, most: int) -> str:
    """Shorten a sentence at the end of a clause, or else of a word, and show it."""
    if len(sentence) <= most:
        return sentence
    ends = [end.start() for end in _CLAUSE.finditer(sentence, 0, most - 1) if end.start() > most // 2]
    return sentence[: ends[-1]].rstrip() + "…" if ends else cut(sentence, most)
