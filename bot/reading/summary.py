"""Tell an article in two or three of its own sentences."""

from __future__ import annotations

from bot.reading.sentences import sentences
from bot.text import cut, fold

LONGEST = 350


def summarise(title: str, standfirst: str, text: str, language: str, *, most: int = LONGEST) -> str:
    """Take the standfirst's sentences, then the text's first ones, as far as `most` characters go."""
    told: list[str] = []
    known = {fold(title)}
    for sentence in (*sentences(standfirst, language)[:6], *sentences(text[:4_000], language)[:6]):
        key = fold(sentence)
        if key in known:
            continue
        if told and len(" ".join((*told, sentence))) > most:
            break
        known.add(key)
        told.append(sentence)
        if len(told) == 3:
            break
    return cut(" ".join(told), most)
