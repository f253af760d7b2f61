"""The memory of recent stories: what it offers, what survives a restart, what it lets go."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.stories.index import POSTED, StoryIndex
from bot.stories.kept import MOST, apart_from, keep_apart, remember, tellings_of
from bot.stories.keys import Keys, from_json, keys_of, to_json
from bot.stories.match import match
from bot.stories.merge import begin
from tests.bot.stories.newsroom import Newsroom, article, read_it
from tests.bot.stories.test_match import SAME
from tests.racing import SUNDAY, source, story

_token = st.tuples(
    st.sampled_from("ptcsn#wkaexfbdy"), st.sampled_from(["win", "win:max", "48", "3.5", "é-1"])
)
_tokens = st.frozensets(_token.map("".join), max_size=12)
_keys = st.builds(
    Keys,
    title=_tokens,
    lead=_tokens,
    language=st.sampled_from(["en", "de", "fr"]),
    outlet=st.text(max_size=12),
    at=st.integers(-10_000, 10_000).map(lambda minutes: SUNDAY + timedelta(minutes=minutes)),
)


def asked(told: tuple[str, str], minutes: float = 10) -> Keys:
    of = article(*told, minutes=minutes)
    return keys_of(of, read_it(of), now=SUNDAY)


def test_after_a_restart_a_story_is_recognised_as_before() -> None:
    newsroom = Newsroom()
    kept = newsroom.tell(*SAME["result"][0])
    stored = replace(kept, keys=json.loads(json.dumps(dict(kept.keys))))
    keys = asked(SAME["result"][1])
    before = match(keys, newsroom.index.candidates(keys))
    after = match(keys, StoryIndex([stored]).candidates(keys))
    assert before == after
    assert after.story_id == kept.id


def test_a_story_that_is_taken_in_again_as_it_was_is_nothing_new() -> None:
    newsroom = Newsroom()
    told = newsroom.tell(*SAME["result"][0])
    assert not newsroom.index.add(replace(told, keys=json.loads(json.dumps(dict(told.keys)))))
    other = source("Grid Gazette")
    more = remember(
        replace(told, sources=(*told.sources, other)), other.url, asked(SAME["result"][1], minutes=20)
    )
    assert newsroom.index.add(more)
    assert newsroom.index.add(keep_apart(more, replace(told, id=2)))


def test_what_is_left_is_found_as_before_when_most_stories_were_dropped() -> None:
    newsroom = Newsroom()
    kinds = [kind for kind in SAME if "result" not in kind]
    for at, kind in enumerate(kinds):
        newsroom.tell(*SAME[kind][0], minutes=at)
    kept = newsroom.tell(*SAME["result"][0], minutes=600)
    keys = asked(SAME["result"][1], minutes=610)
    before = match(keys, newsroom.index.candidates(keys))
    newsroom.index.forget(SUNDAY + timedelta(minutes=500))
    assert len(newsroom.index) == 1
    assert match(keys, newsroom.index.candidates(keys)) == before
    assert before.story_id == kept.id


def test_a_forgotten_story_is_not_joined() -> None:
    newsroom = Newsroom()
    newsroom.tell(*SAME["result"][0])
    newsroom.index.forget(SUNDAY + timedelta(hours=1))
    assert len(newsroom.index) == 0
    assert not newsroom.index.candidates(asked(SAME["result"][1]))


def test_a_telling_that_was_split_off_no_longer_speaks_for_the_story() -> None:
    newsroom = Newsroom()
    newsroom.tell(*SAME["result"][0])
    both = newsroom.tell(*SAME["result"][1], minutes=5)
    rest = replace(both, sources=both.sources[:1])
    assert len(tellings_of(both)) == 2
    assert len(tellings_of(rest)) == 1


def test_what_was_split_apart_is_not_joined_again() -> None:
    newsroom = Newsroom()
    first = article(*SAME["result"][0], outlet="A Post")
    wrong = article(*SAME["result"][1], outlet="B Post", minutes=5)
    newsroom.take(first)
    both = newsroom.take(wrong)
    assert len(both.sources) == 2
    rest = replace(both, sources=both.sources[:1])
    alone = keep_apart(begin(wrong, read_it(wrong), now=SUNDAY), rest)
    newsroom.stories = {1: rest, 2: replace(alone, id=2)}
    for known in newsroom.stories.values():
        newsroom.index.add(known)
    assert [keys.outlet for keys in apart_from(rest)] == ["B Post"]
    assert [keys.outlet for keys in apart_from(alone)] == ["A Post"]
    again = newsroom.take(replace(wrong, guid="anew", url="https://b-post.example/anew"))
    assert again.id not in (1, 2)  # the outlet's next article: neither the one nor the other
    third = newsroom.take(replace(wrong, guid="c", url="https://c-post.example/c", outlet="C Post"))
    assert third.id != 1
    fourth = newsroom.take(replace(first, guid="d", url="https://d-post.example/d", outlet="D Post"))
    assert fourth.id == 1


def test_what_was_split_off_stays_apart_after_more_outlets_joined() -> None:
    newsroom = Newsroom()
    newsroom.tell(*SAME["result"][0])
    both = newsroom.tell(*SAME["result"][1], minutes=5)
    told = replace(both, sources=both.sources[:1])
    for number in range(MOST + 3):
        of = source(f"Outlet {number}")
        told = remember(replace(told, sources=(*told.sources, of)), of.url, asked(SAME["result"][0]))
    assert len(apart_from(told)) == 1


def test_stories_without_keys_or_with_somebody_elses_are_not_compared() -> None:
    for keys in ({}, {"form": 99}, {"form": 1, "tellings": {"x": 7}}, {"form": 1, "tellings": "no"}):
        assert tellings_of(story(keys=keys)) == ()


def test_a_story_keeps_its_first_and_its_latest_tellings() -> None:
    told = story(sources=[source() for _ in range(MOST + 5)])
    for number, of in enumerate(told.sources):
        told = remember(told, of.url, replace(asked(SAME["result"][0]), outlet=f"Outlet {number}"))
    outlets = [keys.outlet for keys in tellings_of(told)]
    assert len(outlets) == MOST
    assert outlets[0] == "Outlet 0"
    assert outlets[-1] == f"Outlet {MOST + 4}"


def test_a_name_in_every_story_costs_no_more_than_the_newest_of_them() -> None:
    index = StoryIndex()
    keys = asked(SAME["result"][0])
    for number in range(2 * POSTED + 50):
        told = story(id=number + 1)
        index.add(remember(told, told.url, keys))
    assert {candidate.story_id for candidate in index.candidates(keys)} <= set(
        range(POSTED // 2, 2 * POSTED + 51)
    )


@settings(max_examples=50, deadline=None)
@given(_keys)
def test_keys_survive_being_kept(keys: Keys) -> None:
    kept = from_json(json.loads(json.dumps(to_json(keys))))
    assert kept == keys


@settings(max_examples=30, deadline=None)
@given(st.lists(_keys, min_size=1, max_size=8), _keys)
def test_any_keys_can_be_indexed_asked_and_forgotten(known: list[Keys], keys: Keys) -> None:
    index = StoryIndex()
    for number, of in enumerate(known, 1):
        told = story(id=number)
        index.add(remember(told, told.url, of))
    candidates = index.candidates(keys)
    found = match(keys, candidates)
    assert found.story_id is None or found.story_id in {candidate.story_id for candidate in candidates}
    said = {(of.title, of.title | of.lead, of.language, of.outlet, of.at.timestamp()) for of in known}
    for telling in (telling for candidate in candidates for telling in candidate.tellings):
        assert (telling.title, telling.whole, telling.language, telling.outlet, telling.at) in said
    index.forget(SUNDAY + timedelta(days=999))
    assert len(index) == 0
    assert not index.candidates(keys)
