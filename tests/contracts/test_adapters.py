"""What every adapter does, on every platform: the same tests for the console, Discord and Telegram."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.discord import gateway
from adapters.telegram import adapter as telegram_adapter
from adapters.telegram import lanes, polling
from bot.errors import (
    DeliveryError,
    DestinationPaused,
    MaybePosted,
    MessageGone,
    PostRejected,
    RateLimited,
)
from bot.model import Choice, Form, Line, Picker, Reply, Section
from bot.ports import KnowsModerators
from tests.contracts.platforms import Platform, a_post, platform_named, utc_now

STYLES = ("card", "compact", "link")
HOSTILE = "@everyone <@&123456789012345678> **bold** [x](javascript:alert(1)) <b>html</b> \u202e\u200b `"


@pytest.fixture(params=["console", "discord", "telegram"])
async def platform(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Platform]:
    monkeypatch.setattr(gateway, "GATHERING", 0.02)
    monkeypatch.setattr(gateway, "IDENTIFY_GAP", 0.02)
    monkeypatch.setattr(polling, "SHORT", 0.02)
    monkeypatch.setattr(lanes, "GRACE", 0.3)
    monkeypatch.setattr(telegram_adapter, "FIRST_WAIT", 0.01)
    async with platform_named(request.param) as made:
        yield made
        assert made.problems() == []


# ── posts ──


async def test_a_post_says_what_who_and_which_series(platform: Platform) -> None:
    assert await platform.adapter.send(platform.here, a_post(), key="1.1")
    (said,) = platform.standing()
    for part in ("Toyota brings a new floor", "tested in Portimao", "WEC", "Official", "Outlet"):
        assert part in said


async def test_text_from_outside_is_read_as_it_was_written_and_calls_nobody(platform: Platform) -> None:
    hostile = a_post(title=HOSTILE, summary=HOSTILE, outlet=HOSTILE, badge=HOSTILE, label=HOSTILE)
    await platform.adapter.send(platform.here, hostile, key="1.1")
    (said,) = platform.standing()
    assert "**bold** [x](javascript:alert(1)) <b>html</b>" in said.replace("\n", " ")
    assert "\u202e" not in said
    assert platform.pings() == 0


BIG: tuple[dict[str, Any], ...] = (
    {"title": "🏎️" * 5_000, "summary": "**" * 5_000},
    {"title": "", "summary": "", "outlet": "", "badge": "", "label": "", "url": ""},
    {"url": "javascript:alert(1)", "image_url": "data:image/svg+xml,<svg/>"},
    {"url": "https://a.example/" + "x" * 5_000, "notes": ("note " * 500,) * 9},
    {"sections": (Section(heading="H" * 300, lines=(Line(text="x" * 900),) * 9),) * 9},
    {"choices": tuple(Choice(label="🏁" * 90, line=f"why {n}") for n in range(40))},
)


@pytest.mark.parametrize("style", STYLES)
async def test_whatever_a_post_holds_it_fits(platform: Platform, style: str) -> None:
    for number, changes in enumerate(BIG):
        for covered in (False, True):
            post = a_post(**changes, covered=covered, safe_title="Report", style=style)
            key = f"{number}{covered:d}.1"
            sent = await platform.adapter.send(platform.here, post, key=key)
            await platform.adapter.edit(platform.here, sent, replace(post, outlet="Another"))


@pytest.mark.parametrize("style", STYLES)
async def test_a_covered_result_is_nowhere_in_the_clear(platform: Platform, style: str) -> None:
    assert platform.adapter.limits.can_cover
    result = a_post(
        title="Toyota wins", summary="Toyota beat Ferrari.", image_text="Toyota wins", covered=True
    )
    post = replace(result, safe_title="Race report from Fuji", style=style)
    await platform.adapter.send(platform.here, post, key="1.1")
    (said,) = platform.standing()
    assert "Race report from Fuji" in said
    assert "wins" not in said and "Ferrari" not in said


async def test_a_covered_line_of_a_digest_is_nowhere_in_the_clear(platform: Platform) -> None:
    lines = (Line(text="Practice begins"), Line(text="Toyota wins", covered=True))
    await platform.adapter.send(
        platform.here, a_post(title="Sunday", summary="", sections=(Section(lines=lines),)), key="1.1"
    )
    said = "\n".join(platform.standing())
    covered = "||Toyota wins||" in said  # as Discord writes it down
    assert "Practice begins" in said and (covered or "Toyota wins" not in said)


async def test_an_edit_changes_what_stands_and_calls_nobody(platform: Platform) -> None:
    number = await platform.adapter.send(platform.here, a_post(), key="1.1")
    revised = a_post(title="Toyota brings two new floors", ping="123456789012345678")
    await platform.adapter.edit(platform.here, number, revised)
    assert "two new floors" in platform.standing()[-1]
    assert len(platform.standing()) == 1
    assert platform.pings() == 0


async def test_the_same_key_is_posted_once_where_the_platform_drops_copies(platform: Platform) -> None:
    if platform.adapter.limits.drops_copies_for is None:
        pytest.skip("this platform does not")
    first = await platform.adapter.send(platform.here, a_post(), key="1.1")
    assert await platform.adapter.send(platform.here, a_post(), key="1.1") == first
    assert len(platform.standing()) == 1


async def test_what_was_posted_is_found_and_nothing_else(platform: Platform) -> None:
    since = utc_now() - timedelta(minutes=5)
    sent = await platform.adapter.send(platform.here, a_post(), key="1.1")
    if not platform.adapter.limits.can_find:
        assert await platform.adapter.find(platform.here, a_post(), key="1.1", since=since) is None
        return
    assert await platform.adapter.find(platform.here, a_post(), key="1.1", since=since) == sent
    other = a_post(title="Something else", url="https://outlet.example/else")
    assert await platform.adapter.find(platform.here, other, key="2.1", since=since) is None


async def test_a_quiet_post_makes_no_sound(platform: Platform) -> None:
    await platform.adapter.send(platform.here, a_post(quiet=True), key="1.1")
    assert platform.is_silent()


async def test_a_follow_up_replies_to_its_parent_where_there_are_replies(platform: Platform) -> None:
    parent = await platform.adapter.send(platform.here, a_post(), key="1.1")
    await platform.adapter.send(platform.here, a_post(title="What followed", reply_to=parent), key="2.1")
    assert platform.answers() == (parent if platform.breaks else None)


def test_the_limits_make_sense(platform: Platform) -> None:
    limits = platform.adapter.limits
    assert limits.text >= 4_000 and 100 <= limits.title < limits.text
    assert limits.unit in ("characters", "utf-16")


async def test_every_bucket_has_a_rate_and_two_places_share_only_what_all_share(platform: Platform) -> None:
    here = platform.adapter.rates(platform.here)
    there = platform.adapter.rates(replace(platform.here, address="-100500"))
    assert all(rate.count > 0 and rate.per > timedelta() for rate in here.values())
    assert set(here) & set(there) == ({"all"} if platform.breaks else set())


async def test_check_says_who_we_are(platform: Platform) -> None:
    assert await platform.adapter.check()


# ── what goes wrong ──


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("closed", DestinationPaused),
        ("too fast", RateLimited),
        ("refused", PostRejected),
        ("lost", MaybePosted),
    ],
)
async def test_an_error_says_what_follows_from_it(
    platform: Platform, what: str, error: type[DeliveryError]
) -> None:
    if what not in platform.breaks:
        pytest.skip("that does not happen there")
    platform.go_wrong(what)
    with pytest.raises(error) as caught:
        await platform.adapter.send(platform.here, a_post(), key="1.1")
    assert type(caught.value) is error
    if isinstance(caught.value, RateLimited):
        assert timedelta(seconds=2) <= caught.value.retry_after <= timedelta(seconds=5)
    if isinstance(caught.value, DestinationPaused):
        assert caught.value.reason.partition("|")[0].count(".") == 2  # a sentence of the locales
    assert len(platform.standing()) == (what == "lost")


async def test_a_message_that_was_deleted_is_gone(platform: Platform) -> None:
    if "gone" not in platform.breaks:
        pytest.skip("that does not happen there")
    number = await platform.adapter.send(platform.here, a_post(), key="1.1")
    platform.go_wrong("gone")
    with pytest.raises(MessageGone):
        await platform.adapter.edit(platform.here, number, a_post(title="Too late"))


async def test_who_governs_a_place_is_somebody_who_can_be_written_to_or_nobody(platform: Platform) -> None:
    if not isinstance(platform.adapter, KnowsModerators):
        pytest.skip("nobody governs a terminal")
    for space in (platform.here.space, "nowhere", "", "discord:1", "-100999"):
        found = await platform.adapter.moderator(replace(platform.here, space=space))
        assert found is None or (found.adapter == platform.here.adapter and found.address and not found.id)


# ── commands ──


async def test_a_command_reaches_the_core_and_its_answer_the_asker(platform: Platform) -> None:
    assert "You said latest wec" in await platform.say("/latest wec")
    asked = platform.core.asked[-1]
    assert asked.adapter == platform.here.adapter and asked.address == platform.here.address
    assert asked.user and not asked.is_button


async def test_posts_in_an_answer_look_like_posts(platform: Platform) -> None:
    platform.core.replies["latest"] = Reply(text="Latest:", posts=(a_post(), a_post(title="Another story")))
    said = await platform.say("/latest")
    assert "Toyota brings a new floor" in said and "Another story" in said


async def test_a_private_answer_is_for_the_asker_alone(platform: Platform) -> None:
    platform.core.replies["why"] = Reply(text="Between us", private=True)
    assert "Between us" in await platform.say("/why")
    is_shared = not platform.core.asked[-1].is_private
    assert not is_shared or not any("Between us" in one for one in platform.standing())


async def test_a_page_is_turned_in_place_and_still_after_a_restart(platform: Platform) -> None:
    for number in (1, 2, 3):
        on = Choice(label="Older", line=f"latest {number + 1}")
        platform.core.replies[f"latest {number}"] = Reply(
            text=f"Page {number}", choices=(on,), replaces=number > 1
        )
    await platform.say("/latest 1")
    assert "Page 2" in await platform.press("Older")
    await platform.restart()
    assert "Page 3" in await platform.press("Older")
    assert platform.core.lines == ["latest 1", "latest 2", "latest 3"]
    assert platform.core.asked[-1].is_button or not platform.breaks
    assert len(platform.standing()) == 1


async def test_several_of_many_come_behind_their_line(platform: Platform) -> None:
    options = tuple(Choice(label=name.upper(), line=name) for name in ("f1", "wec", "dtm"))
    picker = Picker(line="setup series", prompt="Which series?", options=options, most=3)
    platform.core.replies["setup"] = Reply(text="Set-up", pickers=(picker,))
    await platform.say("/setup")
    await platform.pick("F1", "DTM")
    assert platform.core.lines[-1] == "setup series f1 dtm"


async def test_what_is_typed_into_a_form_comes_behind_its_line(platform: Platform) -> None:
    form = Form(line="settings quiet", title="Quiet hours", prompt="From when to when?")
    platform.core.replies["setup"] = Reply(text="Set-up", choices=(Choice(label="Quiet", line="ask"),))
    platform.core.replies["ask"] = Reply(form=form)
    await platform.say("/setup")
    await platform.press("Quiet")
    await platform.fill("23:00-07:00")
    assert platform.core.lines[-1] == "settings quiet 23:00-07:00"


async def test_an_answer_from_outside_is_tame_too(platform: Platform) -> None:
    platform.core.replies["latest"] = Reply(text=HOSTILE, choices=(Choice(label=HOSTILE, line="latest 2"),))
    assert "**bold** [x](javascript:alert(1))" in (await platform.say("/latest")).replace("\n", " ")
    assert platform.pings() == 0
