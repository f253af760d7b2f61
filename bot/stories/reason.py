"""Why two articles tell one story, in words a person checks at a glance: "Ferrari, Hamilton, Monza, penalty; 38 minutes apart".

It is kept as a reason ("merge.minutes|38|Ferrari, …, merge.act.penalty") and said in each reader's language.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from bot.locale.reasons import join
from bot.series.catalog import load_catalog
from bot.stories.evidence import Meeting
from bot.stories.keys import STEM
from bot.stories.telling import Telling

MOST = 5
_KINDS = ("driver", "person", "team", "circuit", "event")


def reason(one: Telling, other: Telling) -> str:
    """Name what both tell, and how far apart in time they came; `merge.toml` has the sentences."""
    met = Meeting(one, other)
    shared = list(dict.fromkeys(_shared(met)))[:MOST] or list(_words(met))[:MOST]
    names = ", ".join(shared) or "merge.words"
    minutes = round(abs(one.at - other.at) / 60)
    if minutes < 1:
        return join("merge.at_once", names)
    for size, span in ((60 * 24, "days"), (60, "hours")):
        if minutes >= 2 * size:
            return join(f"merge.{span}", round(minutes / size), names)
    return join("merge.minutes", minutes, names)


def _shared(met: Meeting) -> Iterator[str]:
    known = set()
    titles = met.names[0]
    both = titles.union(*met.names)
    for kind in "ptc":
        for names in (titles, both - titles):
            for token in sorted(name for name in names if name[0] == kind):
                known.update(token[1:].split("-"))
                yield _called(token[1:])
    one, other = met.one.news, met.other.news
    acts = one.acts & other.acts or one.acts & other.all_acts or one.all_acts & other.acts
    yield from (f"merge.act.{act}" for act in sorted(acts))
    for token in sorted(both):
        if token[0] == "n" and token[1:] not in known:
            yield token[1:].capitalize()
    yield from (token[1:] for token in sorted(both) if token[0] == "#")


def _words(met: Meeting) -> Iterator[str]:
    words, _ = met.others
    rarity = met.one.rarity
    for token in sorted(frozenset().union(*words), key=lambda token: (-rarity(token), token)):
        yield token[1:] + ("…" if len(token) > STEM else "")


@cache
def _called(key: str) -> str:
    """A key as people write it."""
    for kind in _KINDS:
        found = load_catalog().topic(f"{kind}:{key}")
        if found:
            return found[0].name
    return key.replace("-", " ").title()
