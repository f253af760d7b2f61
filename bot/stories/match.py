"""Is this article a telling of a known story, a later chapter of one, or news? When in doubt, news."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from bot.stories.evidence import Telling, evidence
from bot.stories.index import Candidate
from bot.stories.keys import Keys
from bot.stories.legs import clash
from bot.stories.rarity import rarities
from bot.stories.reason import reason
from bot.stories.weights import weights

WINDOW = timedelta(hours=72)
SOON = timedelta(minutes=45)  # within which outlets tell the race and its stewards in one go
ENDINGS = frozenset({"appeal", "injury"})  # who knows of them, says so
RULINGS = frozenset({"penalty", "protest"})
RACED = frozenset({"win", "podium", "qualifying", "crash", "title"})
MOVES = frozenset({"signing", "leaving"})
PARENT_ALIKE = 0.22  # likeness of all that two tellings say, from which one may follow up the other
PARENT_NAMES = 0.45  # and of their names


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The decision and its reason. With neither story nor parent the article is news."""

    story_id: int | None = None
    parent_id: int | None = None
    reason: str = ""
    likelihood: float = 0.0


@dataclass(frozen=True, slots=True)
class _Weighed:
    candidate: Candidate
    likelihood: float
    closest: Telling
    kinship: float


def match(keys: Keys, candidates: Iterable[Candidate]) -> Match:
    """Decide by the likelihood that the article tells what the story's tellings tell."""
    if keys.is_bare:
        return Match()
    telling = Telling(keys, rarities())
    weighed = [found for candidate in candidates if (found := _weigh(telling, candidate))]
    if not weighed:
        return Match()
    best = max(weighed, key=lambda found: found.likelihood)
    if best.likelihood >= weights().merge_at:
        return Match(
            story_id=best.candidate.story_id,
            reason=reason(telling, best.closest),
            likelihood=best.likelihood,
        )
    parent = max(weighed, key=lambda found: found.kinship)
    if parent.kinship <= 0:
        return Match(likelihood=best.likelihood)
    return Match(
        parent_id=parent.candidate.story_id,
        reason=reason(telling, parent.closest),
        likelihood=best.likelihood,
    )


def _weigh(telling: Telling, candidate: Candidate) -> _Weighed | None:
    """Weigh the mean over the story's tellings: one that is alike does not open a story of which the others know nothing."""
    likely: list[tuple[float, Telling]] = []
    kinship = 0.0
    has_told = any(_is_of_one_outlet(telling, other) for other in candidate.tellings)
    for other in candidate.tellings:
        if other.keys.is_bare or abs(telling.keys.at - other.keys.at) > WINDOW:
            continue
        found = evidence(telling, other)
        may_join = not has_told and can_be_one(telling, other)
        likely.append((weights().likelihood(found) if may_join else 0.0, other))
        if (
            found["both_all"] >= PARENT_ALIKE
            and found["both_names"] >= PARENT_NAMES
            and _is_later(telling, other)
        ):
            kinship = max(kinship, found["both_all"] + found["both_names"])
    if not likely:
        return None
    best, closest = max(likely, key=lambda pair: pair[0])
    mean = sum(value for value, _ in likely) / len(likely)
    if _is_parted(telling, candidate, best):
        return _Weighed(candidate, 0.0, closest, kinship)
    return _Weighed(candidate, mean, closest, kinship)


def _is_parted(telling: Telling, candidate: Candidate, likelihood: float) -> bool:
    """Say whether an article goes with what a moderator split off: it comes from that outlet, or tells it more like it does."""
    return any(
        _is_of_one_outlet(telling, other) or weights().likelihood(evidence(telling, other)) >= likelihood
        for other in candidate.apart
    )


def can_be_one(telling: Telling, other: Telling) -> bool:
    """Say whether a telling may join another at all, before anything is weighed."""
    return (
        abs(telling.keys.at - other.keys.at) <= WINDOW
        and not _is_of_one_outlet(telling, other)
        and _meet(telling, other)
        and not _is_next_chapter(telling, other)
        and not _is_next_chapter(other, telling)
        and not clash(telling.legs, other.legs)
        and not _speaks_of_others(telling, other)
        and not _is_settled_since(telling, other)
    )


def _speaks_of_others(one: Telling, other: Telling) -> bool:
    """Say whether the headlines name people or places, and the other text knows none of them.

    No two tellings of one story were ever seen to do so, in whatever language.
    """
    return any(
        one.title[kind]
        and other.title[kind]
        and not one.title[kind] & other.both[kind]
        and not other.title[kind] & one.both[kind]
        for kind in "pc"
    )


def _is_settled_since(one: Telling, other: Telling) -> bool:
    """Say whether one headline expects a move that the other reports as done: that it came true is news."""
    is_expected = ("stage" in one.echoes) != ("stage" in other.echoes)
    return is_expected and bool(one.title["p"] & other.title["p"] and one.all_acts & other.all_acts & MOVES)


def _is_of_one_outlet(one: Telling, other: Telling) -> bool:
    """An outlet does not tell one story twice: its second article is another one (one article at two addresses is known by these)."""
    return bool(one.keys.outlet) and (one.keys.outlet, one.keys.language) == (
        other.keys.outlet,
        other.keys.language,
    )


def _meet(one: Telling, other: Telling) -> bool:
    """Ask for common ground before anything is weighed: a name, number or thing that both know, and a second token."""
    shared = [token for kind in "ptcn#wk" for token in one.both[kind] & other.both[kind]]
    return (len(shared) > 1 and any(token[0] != "w" for token in shared)) or len(shared) > 3


def _is_next_chapter(one: Telling, other: Telling) -> bool:
    """Say whether one tells what came of the other: the winner who is disqualified in the evening, the appeal, the operation."""
    if one.acts & ENDINGS - other.all_acts:
        return True
    if not (one.acts & RULINGS - other.all_acts and other.acts & RACED):
        return False
    # Who tells the race and its stewards in one go tells the race.
    return one.keys.at - other.keys.at >= SOON or not one.acts & RACED or "lost" in one.echoes


def _is_later(one: Telling, other: Telling) -> bool:
    """Say whether one can be a later chapter of the other: it came later and speaks of the same people or place."""
    if one.keys.at < other.keys.at:
        return False
    return any(one.title[kind] & other.both[kind] for kind in "pcn") or bool(
        one.title["t"] & other.title["t"]
    )
