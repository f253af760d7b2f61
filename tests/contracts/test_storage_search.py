"""What every store finds by words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import Store
from storage.search import question
from tests.contracts.given import NOW, article, publish, revise, story, told_by


@pytest.mark.parametrize(
    "words",
    [
        "perez",
        "Pérez",
        "PEREZ monza",
        "monza per",  # still being typed
        "gazette perez",  # the outlet
        "strasse",  # ß
        "night-time",
        "hypercar",  # only in the text
        'straße?! "monza"',
    ],
)
async def test_words_are_found_folded_and_by_their_beginning(store: Store, words: str) -> None:
    told = article(
        title="Sergio Pérez: Nacht in Monza", standfirst="Auf der Straße, night time", text="Hypercars."
    )
    published = await store.publish(told, story(told), now=NOW)
    assert published is not None
    assert await store.search(words) == [published.story]


@pytest.mark.parametrize("words", ["perez spa", "erez", "", "  ", "!!!", "p monza", "le monza"])
async def test_other_words_are_not(store: Store, words: str) -> None:
    await publish(store, article={"title": "Pérez in Monza with Leclerc"})
    assert await store.search(words) == []


async def test_the_newest_comes_first(store: Store) -> None:
    old = await publish(store, "old", published_at=NOW - timedelta(days=2))
    new = await publish(store, "new", published_at=NOW - timedelta(days=1))
    assert await store.search("stewards") == [new.story, old.story]
    assert await store.search("stewards", limit=1, offset=1) == [old.story]
    assert await store.search("stewards", languages=["de"]) == []


async def test_a_corrected_story_is_found_by_its_new_words_only(store: Store) -> None:
    published = await publish(store, title="Ferrari protests", article={"title": "Ferrari protests"})
    told = published.story.sources[0]
    corrected = await revise(
        store, published.story, title="Porsche protests", sources=(replace(told, title=""),)
    )
    assert await store.search("porsche") == [corrected.story]
    assert await store.search("ferrari") == []


async def test_a_story_that_is_joined_is_found_by_the_words_of_both_articles_together(store: Store) -> None:
    first = await publish(store, article={"title": "Ferrari protests", "text": "The hypercar stands still."})
    more = article(
        "more", outlet="Kerb", title="Protest at Monza", text="Nobody in the paddock is surprised."
    )
    told = replace(first.story, sources=(*first.story.sources, told_by(more)))
    joined = await store.publish(more, told, now=NOW)
    assert joined is not None
    assert await store.search("hypercar paddock kerb") == [joined.story]
    assert await store.search("ferrari monza") == [joined.story]


async def test_an_article_at_a_new_guid_that_replaces_another_is_found_by_its_words(store: Store) -> None:
    first = await publish(store, article={"title": "Ferrari protests"})
    again = article(guid="another", title="Porsche protests", text="The paddock waits.")
    done = await store.publish(again, replace(first.story, title="Porsche protests"), now=NOW)
    assert done is not None
    assert await store.search("porsche paddock") == [done.story]


async def test_nothing_that_is_typed_is_an_error(store: Store) -> None:
    await publish(store)
    for words in (
        "'",
        '"',
        "\\",
        "a AND",
        "NEAR(",
        "-x",
        "a*",
        ":*",
        "&|!",
        "\x00",
        "\ud800",
        "((",
        "%",
        "{x}",
        "a:b",
    ):
        await store.search(f"stew{words} {words}")
    for number in range(0x20, 0x3000, 97):
        await store.search(f"stew{chr(number)} {chr(number)}")


@settings(max_examples=300, deadline=None, database=None)
@given(st.text(max_size=40))
def test_a_question_holds_letters_and_digits_only(words: str) -> None:
    """So there is nothing in it that a query language could take for its own."""
    asked, beginnings = question(words)
    assert all(word.isalnum() for word in asked)
    assert beginnings <= set(asked)
