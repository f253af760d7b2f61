"""Which of several is it? "Stage 6", "sexta etapa", "FP2": what carries a number is not its neighbour."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ORDINALS = (
    "first premier premiere erste ersten primera primer primeira primeiro prima primo",
    "second deuxieme zweite zweiten segunda segundo seconda secondo",
    "third troisieme dritte dritten tercera tercer terceira terceiro terza terzo",
    "fourth quatrieme vierte vierten cuarta quarta",
    "fifth cinquieme funfte funften quinta",
    "sixth sixieme sechste sechsten sexta sesta",
    "seventh septieme siebte siebten septima setima settima",
    "eighth huitieme achte achten octava oitava ottava",
    "ninth neuvieme neunte neunten novena nona",
    "tenth dixieme zehnte zehnten decima",
    "eleventh onzieme elfte elften undecima",
    "twelfth douzieme zwolfte zwolften duodecima",
)
_NUMBERS = {word: str(place) for place, words in enumerate(_ORDINALS, 1) for word in words.split()}
_NOUNS = {
    "stage": r"stage|etapa|etape|etappe|tappa|ss|special|speciale|wertungsprufung",
    "practice": r"fp|practice|practice session|training|essais libres|libres|libere|treino livre|libre",
}
_PARTS = {  # one of them is in whatever the pattern finds
    "stage": ("stage", "etap", "tappa", "special", "wertungs", "ss"),
    "practice": ("fp", "practice", "training", "essais", "liber", "libre", "treino"),
}
_WORD = "|".join(_NUMBERS)
_PATTERNS = {
    name: re.compile(
        rf"\b(?:{noun})\s?(\d{{1,2}})\b|\b(\d{{1,2}})(?:st|nd|rd|th|e|eme|a|o|\.)?\s(?:{noun})\b|\b({_WORD})\s(?:free\s)?(?:{noun})\b"
    )
    for name, noun in _NOUNS.items()
}


def legs(text: str) -> Iterator[str]:
    """Name the numbered parts that a folded text speaks of: "stage:6"."""
    for name, pattern in _PATTERNS.items():
        if not any(part in text for part in _PARTS[name]):
            continue  # most texts: a look for each takes a tenth of what the pattern does
        for digits, before, word in pattern.findall(text):
            yield f"{name}:{int(digits or before or _NUMBERS[word])}"


def clash(one: frozenset[str], other: frozenset[str]) -> bool:
    """Say whether two texts speak of different parts of one kind."""
    return any(
        mine and theirs and not mine & theirs
        for mine, theirs in (
            ({leg for leg in one if leg.startswith(name)}, {leg for leg in other if leg.startswith(name)})
            for name in _NOUNS
        )
    )
