"""Build bot/reading/language.txt, the counts by which `bot.reading.language` tells languages apart.

Counts words and letter sequences in the message catalogues that any Debian or Fedora brings (`/usr/share/locale`), and in
tools/language_words.toml. What is written down are how likely a few thousand words and letter sequences are in a language.

    python -m tools.train
"""

from __future__ import annotations

import math
import re
import struct
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.reading.language import GRAM_BEGINS, LANGUAGES, WORD_BEGINS, ZERO, grams

HERE = Path(__file__).parent
TARGET = HERE.parent / "bot" / "reading" / "language.txt"
FOLDERS = {"pt": ("pt", "pt_BR")}
SKIPPED = ("iso_", "cracklib", "newt")
WORDS_KEPT, GRAMS_KEPT = 900, 5000
MOST_PER_FILE = 60_000  # words: one big program must not rule a language
BOOST = 0.00025  # share of the text that a word of ours stands for

_NOISE = re.compile(r"%[-#0 +']*[\d.*]*[hlLqjzt]*[a-zA-Z]|<[^>]*>|\\\w|--?[\w-]+|https?:\S+|\S*[/@_=]\S*|\d+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def build(locale: Path) -> None:
    """Count, and write the file down."""
    counts = count(locale)
    TARGET.write_text("\n".join(lines(rows(counts))) + "\n", encoding="utf-8")
    print(
        f"{TARGET.name}: {TARGET.stat().st_size / 1000:.0f} kB from {sum(c.total() for c in counts.values()):,} words"
    )


def count(locale: Path) -> dict[str, Counter[str]]:
    """Count the words of each language; English are the messages that all the others translate."""
    counts: dict[str, Counter[str]] = {language: Counter() for language in LANGUAGES}
    seen: set[str] = set()
    for language in LANGUAGES:
        for folder in FOLDERS.get(language, (language,)) if language != "en" else ("de", "fr"):
            for path in sorted((locale / folder / "LC_MESSAGES").glob("*.mo")):
                if not path.name.startswith(SKIPPED):
                    counts[language] += _words_of(path, language == "en", seen)
    own = tomllib.loads((HERE / "language_words.toml").read_text("utf-8"))
    for language, text in own.items():
        share = max(1, round(counts[language].total() * BOOST))
        for word in set(text.split()):
            counts[language][word] += share
    return counts


def _words_of(path: Path, is_source: bool, seen: set[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for source, translated in messages(path):
        text = source if is_source else translated
        if not text or source == translated or len(text) < 12 or text in seen:
            continue
        seen.add(text)
        found.update(word.lower() for word in _WORD.findall(_NOISE.sub(" ", text)) if len(word) < 25)
        if found.total() > MOST_PER_FILE:
            break
    return found


def messages(path: Path) -> Iterator[tuple[str, str]]:
    """Read a compiled gettext catalogue: pairs of a message and its translation."""
    data = path.read_bytes()
    if len(data) < 28:
        return
    order = "<" if struct.unpack("<I", data[:4])[0] == 0x950412DE else ">"
    amount, sources, targets = struct.unpack(order + "III", data[8:20])
    for index in range(amount):
        yield _string(data, order, sources + 8 * index), _string(data, order, targets + 8 * index)


def _string(data: bytes, order: str, at: int) -> str:
    length, start = struct.unpack(order + "II", data[at : at + 8])
    return data[start : start + length].decode("utf-8", "ignore").partition("\0")[0]


def lines(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Write a line for all that begins alike: the beginning, and how each piece goes on, with its costs."""
    yield " ".join(LANGUAGES)
    begun: dict[str, list[str]] = {}
    for piece, costs in sorted(rows):
        size = WORD_BEGINS if piece.startswith("=") else GRAM_BEGINS
        begun.setdefault(piece[:size], []).append(f"{piece[size:]}\t{costs}")
    for begin, pieces in begun.items():
        yield f"{begin} {' '.join(pieces)}"


def rows(counts: dict[str, Counter[str]]) -> Iterator[tuple[str, str]]:
    """Give each word ("=race") or letter sequence, and how unlikely it is in each language.

    In tenths of a nat, each written as one character from "0" on.
    """
    total = {language: counter.total() for language, counter in counts.items()}
    words = {word for language in LANGUAGES for word, _ in counts[language].most_common(WORDS_KEPT)}
    words |= {
        word
        for text in tomllib.loads((HERE / "language_words.toml").read_text("utf-8")).values()
        for word in text.split()
    }
    for word in sorted(words):
        yield _row("=" + word, [(counts[language][word] + 0.3) / total[language] for language in LANGUAGES])
    pieces: dict[str, Counter[str]] = {language: Counter() for language in LANGUAGES}
    for language in LANGUAGES:
        for word, times in counts[language].items():
            for gram in grams(word):
                pieces[language][gram] += (
                    min(times, 4000) ** 0.7
                )  # a rare word teaches as much spelling as a common one
    weight = {language: counter.total() for language, counter in pieces.items()}
    mean: Counter[str] = Counter()
    for language in LANGUAGES:
        for gram, times in pieces[language].items():
            mean[gram] += times / weight[language]
    for gram, _ in mean.most_common(GRAMS_KEPT):
        yield _row(gram, [(pieces[language][gram] + 0.5) / weight[language] for language in LANGUAGES])


def _row(piece: str, shares: list[float]) -> tuple[str, str]:
    best = max(shares)
    return piece, "".join(chr(ZERO + min(60, round(10 * math.log(best / share)))) for share in shares)
