"""Filters: what they mean, what is refused, and that none can hang."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UserError
from bot.posts.filters import parse_filter, passes, rule
from bot.posts.topics import outlet_topic, topics_of, words_topic
from tests.racing import source, story

BOP = story("Hypercar: BoP changed for Imola", summary="The FIA gave Ferrari 12 kilos. Pérez is happy.")


@pytest.mark.parametrize(
    ("expression", "is_met"),
    [
        ("hypercar", True),
        ("HYPERCAR", True),
        ("perez", True),
        ("Pérez", True),
        ("hyper", False),
        ("hyper*", True),
        ("ferrari imola", True),
        ("ferrari AND imola", True),
        ("ferrari & monza", False),
        ("monza OR imola", True),
        ("monza, imola", True),
        ("monza | spa", False),
        ("ferrari NOT monza", True),
        ("ferrari -imola", False),
        ("!monza", True),
        ("NOT (monza OR imola)", False),
        ("(monza OR imola) ferrari", True),
        ('"bop changed"', True),
        ("“bop changed”", True),
        ('"changed bop"', False),
        ('"paddock post"', True),
        ("/bop|success ballast/", True),
        (r"/\b1[0-9] kilos/", True),
        (r"/^nothing$/", False),
        ("ferrari /kil{1}os/", True),
        ("or", False),
    ],
)
def test_an_expression_means_what_it_says(expression: str, is_met: bool) -> None:
    parse_filter(expression)
    assert passes(expression, BOP) is is_met


@pytest.mark.parametrize(
    ("expression", "key"),
    [
        ("", "filter_empty"),
        ("   ", "filter_empty"),
        ("x" * 501, "filter_long"),
        ("a " * 130, "filter_long"),
        ('"open', "filter_quote"),
        ("(a OR b", "filter_bracket"),
        ("a) b", "filter_bracket"),
        ("a OR", "filter_here"),
        ("OR a", "filter_here"),
        ("NOT", "filter_here"),
        ('""', "filter_here"),
        ("!" * 40 + "a", "filter_deep"),
        (r"/(a)\1/", "filter_pattern"),
        ("/(?=a)b/", "filter_pattern"),
        ("/(unclosed/", "filter_pattern"),
        ("/((((a{100}){100}){100}){100})/", "filter_pattern"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(expression: str, key: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_filter(expression)
    assert refused.value.key == f"commands.wrong.{key}"


@pytest.mark.parametrize("pattern", ["/(a+)+$/", "/(a|aa)*b/", "/(.*)(.*)(.*)(.*)(.*)z/", "/(x+x+)+y/"])
def test_no_regular_expression_can_hang(pattern: str) -> None:
    evil = story("a" * 10_000 + "x" * 10_000 + "!", summary="x" * 10_000)
    began = time.perf_counter()
    passes(pattern, evil)
    assert time.perf_counter() - began < 0.5


def test_an_expression_of_a_newer_version_lets_everything_pass() -> None:
    assert passes("a NEAR/3 b )", BOP)


def test_the_rule_that_was_met_is_quoted() -> None:
    assert rule('monza OR "bop changed" OR spa', BOP) == '"bop changed"'
    assert rule("ferr* imola", BOP) == "ferr* imola"
    assert rule("(monza OR imola) ferrari NOT spa", BOP) == "(monza OR imola) ferrari NOT spa"
    assert rule("/bop/", BOP) == "/bop/"
    assert rule("monza", BOP) is None


@given(st.text(max_size=600))
@settings(max_examples=80, deadline=None)
def test_no_text_breaks_the_reader(expression: str) -> None:
    try:
        node = parse_filter(expression)
    except UserError:
        return
    passes(expression, BOP)
    assert parse_filter(str(node)) is not None  # what is quoted back can be typed again


@given(
    st.lists(
        st.sampled_from(["a", "b*", '"c d"', "/e+/", "OR", "AND", "NOT", "(", ")", "-", ","]), max_size=40
    )
)
@settings(max_examples=80, deadline=None)
def test_no_mixture_of_its_words_breaks_the_reader(words: list[str]) -> None:
    try:
        parse_filter(" ".join(words))
    except UserError:
        return
    passes(" ".join(words), BOP)


def test_followed_words_and_outlets_are_topics_of_a_story() -> None:
    told = story("Safety car twice", sources=[source("Motorsport-Total.com"), source("L'Équipe")])
    wanted = [words_topic("Safety  Car"), words_topic("red flag"), words_topic("rain delays")]
    assert topics_of(told, wanted) == (
        "outlet:motorsport-total-com",
        "outlet:l-equipe",
        "words:safety car",
        "words:rain delays",
    )
    assert outlet_topic("Motorsport-Total.com") == "outlet:motorsport-total-com"


def test_a_words_topic_always_fits_into_a_button() -> None:
    assert len(f"unfollow {words_topic('ü' * 200)}".encode()) <= 64
    assert len(f"unfollow {words_topic('überholmanöver ' * 20)}".encode()) <= 64
    assert words_topic("!?") == ""
