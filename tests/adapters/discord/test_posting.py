"""Posts in channels, forums, threads and direct messages: once each, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.discord.adapter import DiscordAdapter
from bot.errors import (
    DeliveryError,
    DestinationPaused,
    MaybePosted,
    MessageGone,
    PostRejected,
    RateLimited,
)
from bot.model import Post, Section
from tests.adapters.discord.chat import read
from tests.adapters.discord.conftest import NOW, a_post, make_adapter, place
from tests.loopback.discord import Discord, walk
from tests.pace import Paper

SINCE = NOW - timedelta(days=3650)


def shown(discord: Discord, name: str) -> list[str]:
    return [read(list(walk(message["components"]))) for message in discord.said(name)]


# ── once ──


async def test_the_key_goes_along_as_a_nonce_so_a_second_attempt_posts_nothing(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    first = await adapter.send(place(discord, "news"), a_post(), key="7.1")
    again = await adapter.send(place(discord, "news"), a_post(), key="7.1")
    assert first == again and len(discord.said("news")) == 1
    body = discord.asked("POST", "/messages$")[0]
    assert (body["nonce"], body["enforce_nonce"]) == ("7.1", True)


async def test_a_dropped_answer_is_maybe_posted_and_the_next_attempt_finds_it_posted(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    discord.fail("POST", "/messages$", "accepted")
    with pytest.raises(MaybePosted):
        await adapter.send(place(discord, "news"), a_post(), key="7.1")
    assert await adapter.send(place(discord, "news"), a_post(), key="7.1") == discord.said("news")[0]["id"]
    assert len(discord.said("news")) == 1


async def test_a_story_revised_after_a_lost_answer_is_not_posted_twice(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    discord.fail("POST", "/messages$", "accepted")
    with pytest.raises(MaybePosted):
        await adapter.send(place(discord, "news"), a_post(), key="7.1")
    await adapter.send(place(discord, "news"), a_post(title="Toyota wins again"), key="7.2")
    assert len(discord.said("news")) == 1 and "Toyota wins again" in shown(discord, "news")[0]


async def test_an_earlier_attempt_is_found_by_what_it_links(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    news = place(discord, "news")
    sent = await adapter.send(news, a_post(), key="7.1")
    for number in range(60):
        await adapter.send(
            news, a_post(title=f"Story {number}", url=f"https://a.example/{number}"), key=f"{number}.1"
        )
    assert await adapter.find(news, a_post(title="Another headline"), key="7.2", since=SINCE) == sent
    assert await adapter.find(news, a_post(url="https://a.example/never"), key="9.1", since=SINCE) is None


async def test_where_history_cannot_be_read_nobody_claims_that_a_post_is_not_there(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    news = place(discord, "news")
    assert await adapter.find(news, a_post(), key="7.1", since=SINCE) is None
    await adapter.send(news, a_post(), key="7.1")
    discord.unreadable.add(discord.id("news"))
    with pytest.raises(DeliveryError, match=r"outbox\.cause\.blind"):
        await adapter.find(news, a_post(), key="7.1", since=SINCE)


async def test_where_history_cannot_be_read_a_forum_thread_is_known_by_its_name(discord: Discord) -> None:
    first = make_adapter(discord)
    await first.ready()
    sent = await first.send(place(discord, "stories"), a_post(), key="7.1")
    await first.close()
    discord.unreadable.add(sent.partition("/")[0])
    second = make_adapter(discord)
    await second.ready()
    assert await second.send(place(discord, "stories"), a_post(), key="7.1") == sent
    assert await second.send(place(discord, "stories"), a_post(title="Other"), key="8.1") != sent
    await second.close()


async def test_where_history_cannot_be_read_a_follow_up_stands_alone(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    news = place(discord, "news")
    parent = await adapter.send(news, a_post(), key="7.1")
    discord.unreadable.add(discord.id("news"))
    await adapter.send(news, a_post(title="What followed", reply_to=parent), key="8.1")
    assert [one["reference"] for one in discord.said("news")] == [None, None]
    assert any(
        part["type"] == 11 for part in walk(discord.said("news")[1]["components"])
    )  # all else is there


async def test_an_answer_to_a_command_is_not_taken_for_a_delivery(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    news = place(discord, "news")
    await adapter.send(news, a_post(), key="7.1")
    discord.said("news")[0]["interaction_metadata"] = {"id": "1"}
    assert await adapter.find(news, a_post(), key="7.1", since=SINCE) is None


async def test_a_digest_is_found_by_its_words(adapter: DiscordAdapter, discord: Discord) -> None:
    news = place(discord, "news")
    digest = Post(title="Your digest", sections=(Section(heading="WEC"),))
    sent = await adapter.send(news, digest, key="3.1")
    assert await adapter.find(news, digest, key="3.1", since=SINCE) == sent
    assert await adapter.find(news, Post(title="Another digest"), key="4.1", since=SINCE) is None


# ── channels, threads, forums, people ──


async def test_a_post_replies_to_its_parent_and_stands_alone_where_that_is_gone(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    await adapter.send(place(discord, "news"), a_post(reply_to="123456789012345678"), key="7.1")
    assert discord.said("news")[0]["reference"] == {
        "message_id": "123456789012345678",
        "fail_if_not_exists": False,
    }


async def test_an_announcement_is_published_ten_times_an_hour_and_the_eleventh_is_posted_all_the_same(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    for number in range(11):
        await adapter.send(place(discord, "announcements"), a_post(publish=True), key=f"{number}.1")
    assert sum(message["flags"] & 1 for message in discord.said("announcements")) == 10
    assert len(discord.said("announcements")) == 11


async def test_a_failed_publication_or_discussion_never_fails_the_post(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    discord.fail("POST", "/crosspost$", status=403)
    discord.fail("POST", r"/messages/\d+/threads$", status=500)
    assert await adapter.send(place(discord, "announcements"), a_post(publish=True, thread=True), key="7.1")


async def test_what_a_channel_does_not_allow_is_not_asked_for_at_every_post(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    discord.fail("POST", r"/messages/\d+/threads$", status=403, body={"code": 50013})
    for number in range(3):
        await adapter.send(place(discord, "news"), a_post(thread=True), key=f"{number}.1")
    assert len(discord.asked("POST", r"/messages/\d+/threads$")) == 1


async def test_a_follow_up_to_a_locked_thread_gets_its_own(adapter: DiscordAdapter, discord: Discord) -> None:
    forum = place(discord, "stories")
    parent = await adapter.send(forum, a_post(), key="7.1")
    discord.fail("POST", "/messages$", status=403, body={"code": 160005})
    sent = await adapter.send(forum, a_post(url="https://a.example/2", reply_to=parent), key="8.1")
    assert sent.partition("/")[0] != parent.partition("/")[0]


async def test_a_discussion_thread_is_opened_under_the_story(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    sent = await adapter.send(place(discord, "news"), a_post(thread=True), key="7.1")
    assert discord.channels[f"thread {sent}"]["name"] == "Toyota wins at Fuji"


async def test_a_forum_gets_a_thread_with_tags_once(adapter: DiscordAdapter, discord: Discord) -> None:
    forum = place(discord, "stories")
    sent = await adapter.send(forum, a_post(tags=("WEC", "Le Mans")), key="7.1")
    assert await adapter.send(forum, a_post(), key="7.1") == sent
    thread = discord.channels[f"thread {sent.partition('/')[0]}"]
    names = {tag["id"]: tag["name"] for tag in discord.channels["stories"]["available_tags"]}
    assert [names[tag] for tag in thread["applied_tags"]] == ["WEC", "Le Mans"]
    assert thread["name"] == "Toyota wins at Fuji"


async def test_a_new_process_finds_the_forum_thread_that_a_killed_one_made(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    discord.fail("POST", "/threads$", "accepted")
    with pytest.raises(MaybePosted):
        await adapter.send(place(discord, "stories"), a_post(), key="7.1")
    other = make_adapter(discord)
    await other.ready()
    sent = await other.send(place(discord, "stories"), a_post(title="Another headline"), key="7.2")
    await other.close()
    assert len([one for one in discord.channels if one.startswith("thread")]) == 1
    assert await adapter.find(place(discord, "stories"), a_post(), key="7.2", since=SINCE) == sent


async def test_two_stories_with_one_title_are_two_threads(adapter: DiscordAdapter, discord: Discord) -> None:
    first = await adapter.send(place(discord, "stories"), a_post(), key="7.1")
    second = await adapter.send(place(discord, "stories"), a_post(url="https://a.example/other"), key="8.1")
    assert first != second


async def test_a_follow_up_goes_into_the_thread_of_its_parent(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    forum = place(discord, "stories")
    parent = await adapter.send(forum, a_post(), key="7.1")
    sent = await adapter.send(forum, a_post(url="https://a.example/2", reply_to=parent), key="8.1")
    assert sent.partition("/")[0] == parent.partition("/")[0] and sent != parent
    del discord.channels[f"thread {parent.partition('/')[0]}"]
    alone = await adapter.send(forum, a_post(url="https://a.example/3", reply_to=parent), key="9.1")
    assert alone.partition("/")[0] != parent.partition("/")[0]


async def test_a_forum_without_room_or_right_for_a_new_tag_is_posted_to_without_it(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    discord.fail("PATCH", r"/channels/\d+$", status=403, body={"code": 50013})
    sent = await adapter.send(place(discord, "stories"), a_post(tags=("Rallye",)), key="7.1")
    assert discord.channels[f"thread {sent.partition('/')[0]}"]["applied_tags"] == []
    await adapter.send(
        place(discord, "stories"), a_post(tags=("Rallye",), url="https://a.example/2"), key="8.1"
    )
    assert len(discord.asked("PATCH", r"/channels/\d+$")) == 1  # not asked for again and again


async def test_a_forum_that_wants_a_tag_gets_one(adapter: DiscordAdapter, discord: Discord) -> None:
    discord.channels["stories"]["flags"] = 16
    assert await adapter.send(place(discord, "stories"), a_post(tags=()), key="7.1")


async def test_an_edit_reaches_a_message_in_an_archived_thread(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    sent = await adapter.send(place(discord, "stories"), a_post(), key="7.1")
    thread = discord.channels[f"thread {sent.partition('/')[0]}"]
    thread["thread_metadata"]["archived"] = True
    await adapter.edit(place(discord, "stories"), sent, a_post(title="Changed"))
    assert "Changed" in read(list(walk(discord.messages[thread["id"]][0]["components"])))


async def test_a_person_is_written_to_directly_and_the_conversation_is_opened_once(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    for key in ("7.1", "8.1"):
        await adapter.send(place(discord, "dm fan"), a_post(), key=key)
    assert len(discord.said("dm fan")) == 2
    assert len(discord.asked("POST", "/users/@me/channels")) == 1


# ── what goes wrong ──


async def test_a_refused_connection_is_surely_not_posted(discord: Discord) -> None:
    adapter = make_adapter(discord)
    adapter._rest._base = "http://127.0.0.1:1/api/v10"
    with pytest.raises(DeliveryError) as caught:
        await adapter._posting.send(place(discord, "news"), a_post(), key="7.1")
    await adapter.close()
    assert type(caught.value) is DeliveryError


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
async def test_a_server_error_may_have_been_posted(
    adapter: DiscordAdapter, discord: Discord, status: int
) -> None:
    discord.fail("POST", "/messages$", status=status, body="<html>")
    with pytest.raises(MaybePosted):
        await adapter.send(place(discord, "news"), a_post(), key="7.1")


async def test_an_answer_that_cannot_be_read_may_have_been_posted(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    discord.fail("POST", "/messages$", status=200, body={"no": "id"})
    with pytest.raises(MaybePosted):
        await adapter.send(place(discord, "news"), a_post(), key="7.1")


@pytest.mark.parametrize("is_global", [False, True])
async def test_a_429_says_when_to_come_back_and_holds_its_bucket(
    adapter: DiscordAdapter, discord: Discord, pace: Paper, is_global: bool
) -> None:
    body = {"retry_after": 1.5, "global": is_global, "message": "slow down"}
    discord.fail("POST", "/messages$", status=429, body=body)
    with pytest.raises(RateLimited) as caught:
        await adapter.send(place(discord, "news"), a_post(), key="7.1")
    bucket = "all" if is_global else f"channel {discord.id('news')}"
    assert (caught.value.retry_after, caught.value.bucket) == (timedelta(seconds=1.5), bucket)
    assert pace.held == [(bucket, timedelta(seconds=1.5))]


async def test_the_ban_of_the_doorman_holds_everything(
    adapter: DiscordAdapter, discord: Discord, pace: Paper
) -> None:
    discord.fail("POST", "/messages$", status=429, body="error code: 1015", headers={"Retry-After": "3600"})
    with pytest.raises(RateLimited):
        await adapter.send(place(discord, "news"), a_post(), key="7.1")
    assert pace.held == [("all", timedelta(hours=1))]


async def test_the_pace_learns_from_the_headers(
    adapter: DiscordAdapter, discord: Discord, pace: Paper
) -> None:
    discord.headers = {
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "4",
        "X-RateLimit-Reset-After": "5.000",
    }
    await adapter.send(place(discord, "news"), a_post(), key="7.1")
    bucket, remaining, reset_after, rate = pace.learned[-1]
    assert (bucket, remaining, reset_after) == (f"channel {discord.id('news')}", 4, timedelta(seconds=5))
    assert rate is not None and (rate.count, rate.per) == (5, timedelta(seconds=5))


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (404, 10003, "discord.paused.deleted"),
        (403, 50001, "discord.paused.access"),
        (403, 50013, "discord.paused.permission"),
        (403, 0, "discord.paused.access"),
    ],
)
async def test_a_place_that_takes_no_posts_is_paused_with_a_reason(
    adapter: DiscordAdapter, discord: Discord, status: int, code: int, reason: str
) -> None:
    discord.fail("POST", "/messages$", status=status, body={"code": code, "message": "no"})
    with pytest.raises(DestinationPaused) as caught:
        await adapter.send(place(discord, "news"), a_post(), key="7.1")
    assert caught.value.reason == reason


async def test_a_person_who_takes_no_direct_messages_is_paused(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    await adapter.send(place(discord, "dm fan"), a_post(), key="7.1")
    discord.closed_to.add(discord.id("dm fan"))
    with pytest.raises(DestinationPaused) as caught:
        await adapter.send(place(discord, "dm fan"), a_post(), key="8.1")
    assert caught.value.reason == "discord.paused.direct"


async def test_a_picture_that_discord_refuses_is_left_out_not_the_post(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    discord.fail("POST", "/messages$", status=400, body={"code": 50035, "message": "Invalid Form Body"})
    await adapter.send(place(discord, "news"), a_post(), key="7.1")
    assert all(part["type"] != 11 for part in walk(discord.said("news")[0]["components"]))
    assert "Toyota" in shown(discord, "news")[0]


async def test_a_post_that_is_refused_without_a_picture_too_is_rejected(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    discord.fail("POST", "/messages$", status=400, body={"code": 50035, "message": "no"}, times=2)
    with pytest.raises(PostRejected):
        await adapter.send(place(discord, "news"), a_post(), key="7.1")


async def test_a_token_that_is_no_longer_valid_is_remembered(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    discord.token = "another"
    with pytest.raises(DeliveryError):
        await adapter.send(place(discord, "news"), a_post(), key="7.1")
    assert adapter._posting.token_refused.is_set()


async def test_editing_a_deleted_message_says_that_it_is_gone(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    sent = await adapter.send(place(discord, "news"), a_post(), key="7.1")
    discord.said("news").clear()
    with pytest.raises(MessageGone):
        await adapter.edit(place(discord, "news"), sent, a_post())


async def test_an_edit_whose_answer_was_lost_is_an_ordinary_failure(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    sent = await adapter.send(place(discord, "news"), a_post(), key="7.1")
    discord.fail("PATCH", "/messages/", "accepted")
    with pytest.raises(DeliveryError) as caught:
        await adapter.edit(place(discord, "news"), sent, a_post(title="Changed"))
    assert type(caught.value) is DeliveryError
    await adapter.edit(place(discord, "news"), sent, a_post(title="Changed"))
    assert "Changed" in shown(discord, "news")[0]


async def test_each_place_has_a_bucket_besides_the_one_for_all(
    adapter: DiscordAdapter, discord: Discord
) -> None:
    rates = adapter.rates(place(discord, "news"))
    assert rates["all"].count == 50 and rates[f"channel {discord.id('news')}"].count == 5
