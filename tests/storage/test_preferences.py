"""Preferences as JSON: nothing is lost between versions."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Preferences
from storage.preferences import preferences_from_json, preferences_to_json


def test_defaults_are_not_written() -> None:
    assert preferences_to_json(Preferences()) == "{}"
    assert preferences_from_json("{}") == Preferences()


def test_everything_comes_back() -> None:
    wishes = Preferences(
        locale="fr",
        languages=("fr", "en"),
        spoilers={"*": "cover", "wec": "delay 24h"},
        delay_note=True,
        include='ferrari AND NOT "road car"',
        labels=("official",),
        least_importance=2,
        schedule="digest daily 08:00",
        timezone="Europe/Paris",
        picture=False,
        pings={"breaking": "role:7"},
        template="{title}",
    )
    assert preferences_from_json(preferences_to_json(wishes)) == wishes


def test_what_a_newer_version_wrote_survives_a_change_by_this_one() -> None:
    newer = {
        "locale": "de",
        "weather": {"rain": True},
        "languages": {"prefer": "de"},
        "picture": "large",
        "ping_gap": 5,
    }
    read = preferences_from_json(json.dumps(newer))
    assert (read.locale, read.languages, read.picture, read.ping_gap) == ("de", (), True, 5)
    assert dict(read.unknown) == {key: newer[key] for key in ("weather", "languages", "picture")}
    assert json.loads(preferences_to_json(read)) == newer


def test_a_choice_of_this_version_replaces_what_it_did_not_understand() -> None:
    from dataclasses import replace

    read = preferences_from_json('{"languages": {"prefer": "de"}}')
    assert json.loads(preferences_to_json(replace(read, languages=("fr",)))) == {"languages": ["fr"]}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=50, deadline=None, database=None)
@given(
    st.dictionaries(
        st.sampled_from(["locale", "languages", "spoilers", "per_hour", "thread", "x"]), json_values
    )
)
def test_any_json_object_can_be_read_and_written_again(values: dict[str, object]) -> None:
    read = preferences_from_json(json.dumps(values))
    written = json.loads(preferences_to_json(read))
    assert preferences_from_json(json.dumps(written)) == read
    lost = {key: value for key, value in values.items() if key not in written}
    assert all(value == getattr(Preferences(), key) or value in ([], {}) for key, value in lost.items())
