"""Long polling: an update is confirmed when it was answered, so a restart neither loses nor repeats commands.

`getUpdates` confirms everything below its offset and hands out a hundred updates from there. The offset is the first
update that is not answered yet; while one is under way Telegram is asked in short intervals, and updates that are known
are passed over. A slow chat would keep all others waiting behind these hundred, and after a kill those that were answered
would be answered once more: what it waits for is confirmed before it is answered, and kept in a memory of our own
(`Leftovers`). What no bot can avoid: an answer that was sent in the quarter of a second before a kill is given again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import warnings
from asyncio import sleep
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.warnings import PTBUserWarning

from adapters.telegram.errors import retry_after
from adapters.telegram.lanes import Lanes
from adapters.telegram.leftovers import Leftovers

log = structlog.get_logger()

# Updates are asked for as they come, see `_updates`; the library would rather read them all at once.
warnings.filterwarnings("ignore", message=".*Bot.getUpdates", category=PTBUserWarning)

ALLOWED = ("message", "channel_post", "callback_query", "inline_query", "my_chat_member")
LONG = 30  # seconds that Telegram holds a poll
SHORT = 0.25  # seconds between polls while updates are under way
CROWDED = 60  # updates since the first that is not answered, or a later one that is, and
SLOW = 1.0  # seconds that one is under way: then it is confirmed
MOST_LEFT = 100  # updates that are confirmed before they are answered
LONGEST_WAIT = 60.0
FIRST_TURN = 10.0  # seconds that another process with this token is left alone, doubled each time
CALM = 300.0  # seconds without it until that is forgotten
LAST_WORD = 1.0  # seconds for the confirmation at the end


class Intake:
    """Which updates are known, and which of them are answered."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._known: set[int] = set()
        self._under_way: dict[int, tuple[float, Any]] = {}  # each with the time that it began
        self._confirmed = 0  # Telegram has forgotten what is below
        self._next: int | None = None  # one more than the highest update seen
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def is_idle(self) -> bool:
        return not self._under_way

    @property
    def offset(self) -> int | None:
        """The first update that is not answered; everything below it may be forgotten by Telegram."""
        first = self.first
        if first is None or self._next is None or not self._is_in_the_way(first, self._next):
            return first
        lately = self._monotonic() - SLOW
        for count, number in enumerate(sorted(self._under_way)):
            if count >= MOST_LEFT or self._under_way[number][0] > lately:
                return number
        return self._next

    @property
    def first(self) -> int | None:
        """The first update that is not answered, however long it takes."""
        return min(self._under_way, default=self._next)

    def _is_in_the_way(self, first: int, end: int) -> bool:
        """Whether one that is not answered keeps many back, or others from being confirmed."""
        return end - first >= CROWDED or any(n > first and n not in self._under_way for n in self._known)

    def confirm(self, offset: int | None) -> Mapping[int, Any]:
        """Note that Telegram may forget what is below; return what of it is not answered."""
        self._confirmed = max(self._confirmed, offset or 0)
        return {number: raw for number, (_, raw) in self._under_way.items() if number < self._confirmed}

    def knows(self, number: int) -> bool:
        return number in self._known

    def begin(self, number: int, raw: Any = None) -> None:
        """Note an update."""
        self._known.add(number)
        self._under_way[number] = self._monotonic(), raw
        self.idle.clear()
        self._next = max(self._next or 0, number + 1)

    def end(self, number: int) -> None:
        """Note that an update was answered."""
        self._under_way.pop(number, None)
        if self.is_idle:
            self.idle.set()

    def forget(self, before: int | None) -> None:
        """Forget updates below the offset of a poll that was answered: no later one can bring them again.

        Not earlier: an update may end while a poll that brings it once more is under way.
        """
        self._known = {known for known in self._known if known >= (before or 0)}


async def poll(bot: Bot, lanes: Lanes, leftovers: Leftovers) -> None:
    """Fetch updates until cancelled. Raises InvalidToken when the token is no more."""
    intake = Intake()
    await _without_webhook(bot)
    for raw in await leftovers.recalled():
        _take(raw, bot, lanes, intake)
        intake.confirm(raw["update_id"] + 1)
    try:
        await _poll(bot, lanes, intake, leftovers)
    finally:
        await lanes.close()
        await _confirm(bot, await _offset(intake, leftovers))


async def _poll(bot: Bot, lanes: Lanes, intake: Intake, leftovers: Leftovers) -> None:
    wait, is_lost = 1.0, False
    turn, clashed_at = FIRST_TURN, -CALM
    while True:
        offset = await _offset(intake, leftovers)
        try:
            updates = await _updates(bot, offset, LONG if intake.is_idle else 0)
        except InvalidToken:
            raise
        except Conflict as error:
            # Each poll ends the other's: who came back at once would take turns with it for ever.
            turn = min(LONGEST_WAIT, turn * 2) if time.monotonic() - clashed_at < CALM else FIRST_TURN
            log.warning("another process uses this bot's token", reason=error.message, next=f"{turn:.0f}s")
            await sleep(turn)
            clashed_at = time.monotonic()
            continue
        except TelegramError as error:
            pause = retry_after(error).total_seconds() if isinstance(error, RetryAfter) else wait
            if not is_lost:
                log.warning("telegram not reached", reason=error.message)
            is_lost = True
            await sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311  not a secret
            wait = min(LONGEST_WAIT, wait * 2)
            continue
        if is_lost:
            log.info("telegram reached again")
        wait, is_lost = 1.0, False
        for raw in updates:
            _take(raw, bot, lanes, intake)
        intake.forget(offset)
        await _pause(intake)
        while lanes.is_full:
            await _pause(intake)


async def _offset(intake: Intake, leftovers: Leftovers) -> int | None:
    """What to ask for next: nothing is confirmed that is neither answered nor kept."""
    offset = intake.offset if leftovers.is_safe else intake.first
    return offset if await leftovers.keep(intake.confirm(offset)) else intake.first


async def _updates(bot: Bot, offset: int | None, hold: int) -> Sequence[Any]:
    """Ask for updates as they come: one that this library cannot read must not hide the others."""
    asked: dict[str, Any] = {"timeout": hold, "allowed_updates": list(ALLOWED)}
    if offset:
        asked["offset"] = offset
    found = await bot.do_api_request("getUpdates", asked, read_timeout=hold + 15)
    return found if isinstance(found, list) else []


def _take(raw: Any, bot: Bot, lanes: Lanes, intake: Intake) -> None:
    number = raw.get("update_id") if isinstance(raw, dict) else None
    if not isinstance(number, int) or intake.knows(number):
        return
    try:
        update = Update.de_json(raw, bot)
    except Exception as error:  # noqa: BLE001  whatever a newer Bot API may send
        log.warning("update not understood", update=number, error=type(error).__name__)
        intake.begin(number)
        intake.end(number)
        return
    intake.begin(number, raw)
    lanes.put(update, lambda: intake.end(number))


async def _pause(intake: Intake) -> None:
    """While updates are under way, wait a moment: each poll brings all of them again."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SHORT):  # before Python 3.12 `wait_for` may swallow a cancellation
            await intake.idle.wait()


async def _without_webhook(bot: Bot) -> None:
    """A webhook of an earlier set-up would keep every poll from being answered."""
    try:
        await bot.delete_webhook(drop_pending_updates=False)
    except InvalidToken:
        raise
    except TelegramError as error:
        log.warning("webhook not removed", reason=error.message)


async def _confirm(bot: Bot, offset: int | None) -> None:
    """Tell Telegram at the end what was answered, so that the next start does not answer it again."""
    if offset is None:
        return
    try:
        async with asyncio.timeout(LAST_WORD):
            await bot.do_api_request(
                "getUpdates",
                {"offset": offset, "limit": 1, "timeout": 0, "allowed_updates": list(ALLOWED)},
            )
    except (TelegramError, TimeoutError):
        log.warning("last updates not confirmed: they may be answered once more")
