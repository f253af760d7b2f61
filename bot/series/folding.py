"""Fold text for look-ups without moving a character: what is found at 17 in the folded text stands at 17 in the text."""

from __future__ import annotations

import re
import unicodedata

_ODD = re.compile(r"[^\x00-\x7f]")
_LOOSE = re.compile("[\u00ad\u0300-\u036f\u200b-\u200d\u2060\ufeff]")  # they stand on, or between, letters
_SPECIAL = {
    "ß": "s",
    "æ": "a",
    "œ": "o",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "t",
    "ı": "i",
    "ĸ": "k",
    "ŋ": "n",
}
_QUOTES = dict.fromkeys("‘’ʼ`´′", "'")
_BLANK = dict.fromkeys("ªº™®©²³¹", " ")  # "MotoGP™" is not "MotoGPtm", "15ª" not "15a"
_PLAIN: dict[str, str] = {**_SPECIAL, **_QUOTES, **_BLANK}
_FEW = (
    12  # different letters that are not ASCII: as long as they are few, each is replaced wherever it stands
)
_FOREIGN = re.compile("[\u3040-\u9fff]")
_WIDE = re.compile("[äöüßÄÖÜ]")
_WORD = re.compile(r"[a-z0-9]+")
_GAPS = {code: " " for code in range(128) if not (chr(code).isdigit() or chr(code).islower())}


def flat(text: str) -> str:
    """Fold to lower-case ASCII of the same length; letters without an ASCII base become blanks."""
    left = text
    for _ in range(_FEW):
        if left.isascii():
            return left.lower()
        odd = _first_odd(left)
        plain = _plain_of(odd.lower()[0])
        if plain.isupper():  # "ᴬ", which has no small letter
            break
        left = left.replace(odd, plain)
    return _flat(text)


def _flat(text: str) -> str:
    lowered = text.lower()
    if len(lowered) != len(text):  # "İ" becomes two
        lowered = "".join(character.lower()[0] for character in text)
    return lowered if lowered.isascii() else _ODD.sub(_plain, lowered)


def _first_odd(text: str) -> str:
    """The first character of a text that is not ASCII; a codec finds it in a tenth of the time of a pattern."""
    try:
        text.encode("ascii")
    except UnicodeEncodeError as error:
        return text[error.start]
    return ""


def joined(text: str) -> str:
    """Compose accents and take out what hides between letters, so that a name is one run of letters."""
    if text.isascii() or not _LOOSE.search(text):
        return text
    return _LOOSE.sub("", unicodedata.normalize("NFC", text))


def words(text: str) -> str:
    """Fold a name as a person types it: only its words, one blank between them."""
    return " ".join(_WORD.findall(flat(joined(text))))


def spellings(name: str) -> tuple[str, ...]:
    """Give the folded forms of a name that outlets print: "Nürburgring" is also "Nuerburgring"."""
    plain = words(name)
    if name.isascii():
        return (plain,)
    if not plain or _FOREIGN.search(name):
        return (name,)  # a name in another script is looked for as it stands
    if not _WIDE.search(name):
        return (plain,)
    lowered = name.lower()
    double = lowered.replace("ß", "ss")
    wide = double.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return tuple(dict.fromkeys((plain, words(double), words(wide))))


def parted(flattened: str) -> str:
    """Blank whatever is in no word of a folded text; no word moves."""
    return flattened.translate(_GAPS)


def _plain(match: re.Match[str]) -> str:
    return _plain_of(match[0])


def _plain_of(character: str) -> str:
    if character.isascii():
        return character
    known = _PLAIN.get(character)
    if known is None:
        base = unicodedata.normalize("NFKD", character)[0]
        known = base if base.isascii() and base.isalpha() else " "
        if len(_PLAIN) < 5000:  # hostile text may hold every character there is
            _PLAIN[character] = known
    return known
