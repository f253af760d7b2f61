"""Is this article a telling of a known story, a later chapter of one, or news? When in doubt, news."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.stories.evidence import Evidence, Meeting
from bot.stories.index import Candidate
from bot.stories.keys import Keys
from bot.stories.legs import clash
from bot.stories.rarity import rarities
from bot.stories.reason import reason
from bot.stories.telling import ALL, ALL_NAMES, Telling, telling_of
from bot.stories.weights import weights

WINDOW = 72 * 3600.0  # seconds
SOON = 45 * 60.0  # within which outlets tell the race and its stewards in one go
ENDINGS = frozenset({"appeal", "injury"})  # who knows of them, says so
RULINGS = frozenset({"penalty", "protest"})
RACED = frozenset({"win", "podium", "qualifying", "crash", "title"})
MOVES = frozenset({"signing", "leaving"})
PARENT_ALIKE = 0.22  # likeness of all that two tellings say, from which one may follow up the other
PARENT_NAMES = 0.45  # and of their names
LEAST = 1e-6  # more than rounding does to a length


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
    met: Sequence[Meeting]


def match(keys: Keys, candidates: Iterable[Candidate]) -> Match:
    """Decide by the likelihood that the article tells what the story's tellings tell."""
    if keys.is_bare:
        return Match()
    telling = telling_of(keys, rarities())
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
    parent, kinship = max(((found, _nearest(found.met)) for found in weighed), key=lambda pair: pair[1])
    if kinship <= 0:
        return Match(likelihood=best.likelihood)
    return Match(
        parent_id=parent.candidate.story_id,
        reason=reason(telling, parent.closest),
        likelihood=best.likelihood,
    )


def _weigh(telling: Telling, candidate: Candidate) -> _Weighed | None:
    """Weigh the mean over the story's tellings: one that is alike does not open a story of which the others know nothing."""
    likely: list[tuple[float, Telling]] = []
    meetings: list[Meeting] = []
    has_told = any(_is_of_one_outlet(telling, other) for other in candidate.tellings)
    for other in candidate.tellings:
        if other.is_bare or abs(telling.at - other.at) > WINDOW:
            continue
        met = Meeting(telling, other)
        may_join = not has_told and _can_be_one(met)
        likely.append((weights().likelihood(Evidence(met)) if may_join else 0.0, other))
        meetings.append(met)
    if not likely:
        return None
    best, closest = max(likely, key=lambda pair: pair[0])
    mean = sum(value for value, _ in likely) / len(likely)
    if _is_parted(telling, candidate, best):
        return _Weighed(candidate, 0.0, closest, meetings)
    return _Weighed(candidate, mean, closest, meetings)


def _is_parted(telling: Telling, candidate: Candidate, likelihood: float) -> bool:
    """Say whether an article goes with what a moderator split off: it comes from that outlet, or tells it more like it does."""
    return any(
        _is_of_one_outlet(telling, other)
        or weights().likelihood(Evidence(Meeting(telling, other))) >= likelihood
        for other in candidate.apart
    )


def _nearest(meetings: Iterable[Meeting]) -> float:
    """How near a candidate comes to being what an article follows up. Asked only where nothing merges."""
    return max(map(_kinship, meetings))


def _kinship(met: Meeting) -> float:
    """How like each other they are, if one can follow up the other; else 0."""
    if not _is_later(met):
        return 0.0
    names = met.one.rarity.squares([name for shared in met.names for name in shared])
    own, own_names = met.one.lengths[ALL], met.one.lengths[ALL_NAMES]
    # The other's names are no fewer than those that both have: often that says it, and nothing else is looked up.
    if math.sqrt(names) < PARENT_NAMES * own_names - LEAST:
        return 0.0
    lengths = met.other.lengths
    alike_names = names / (own_names * lengths[ALL_NAMES])
    alike = sum(map(sum, met.sums)) / (own * lengths[ALL])
    return alike + alike_names if alike >= PARENT_ALIKE and alike_names >= PARENT_NAMES else 0.0


def can_be_one(telling: Telling, other: Telling) -> bool:
    """Say whether a telling may join another at all, before anything is weighed."""
    return (
        abs(telling.at - other.at) <= WINDOW
        and not _is_of_one_outlet(telling, other)
        and _can_be_one(Meeting(telling, other))
    )


def _can_be_one(met: Meeting) -> bool:
    """Ask what costs least first. Outlet and time are asked before."""
    one, other = met.one, met.other
    return (
        not _speak_of_others(met)
        and _meet(met)
        and not _is_next_chapter(one, other)
        and not _is_next_chapter(other, one)
        and not clash(one.news.legs, other.news.legs)
        and not _is_settled_since(met)
    )


def _speak_of_others(met: Meeting) -> bool:
    """Say whether the headlines name people or places, and the other text knows none of them.

    No two tellings of one story were ever seen to do so, in whatever language.
    """
    return met.differ("p") or met.differ("c")


def _is_settled_since(met: Meeting) -> bool:
    """Say whether one headline expects a move that the other reports as done: that it came true is news."""
    one, other = met.one.news, met.other.news
    is_expected = ("stage" in one.echoes) != ("stage" in other.echoes)
    return is_expected and "p" in met.kinds[0] and bool(one.all_acts & other.all_acts & MOVES)


def _is_of_one_outlet(one: Telling, other: Telling) -> bool:
    """An outlet does not tell one story twice: its second article is another one (one article at two addresses is known by these)."""
    return bool(one.outlet) and one.outlet == other.outlet and one.language == other.language


def _meet(met: Meeting) -> bool:
    """Ask for common ground before anything is weighed: a name, number or thing that both know, and a second token."""
    names = sum(map(len, met.kinds))
    if names > 1:
        return True
    words, concepts = (sum(map(len, shared)) for shared in met.others)
    things = names + concepts
    return words + things > 3 or (things > 0 and words + things > 1)


def _is_next_chapter(one: Telling, other: Telling) -> bool:
    """Say whether one tells what came of the other: the winner who is disqualified in the evening, the appeal, the operation."""
    acts, known = one.news.acts, other.news
    if acts & ENDINGS - known.all_acts:
        return True
    if not (acts & RULINGS - known.all_acts and known.acts & RACED):
        return False
    # Who tells the race and its stewards in one go tells the race.
    return one.at - other.at >= SOON or not acts & RACED or "lost" in one.news.echoes


def _is_later(met: Meeting) -> bool:
    """Say whether one can be a later chapter of the other: it came later and speaks of the same people or place."""
    return met.one.at >= met.other.at and (met.knows("pcn") or "t" in met.kinds[0])
