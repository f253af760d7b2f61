"""The nouns of Pitwire as frozen data: what is read, what is told, what is owed, what is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def nothing() -> Mapping[str, Any]:
    """The empty mapping, as a default of frozen data."""
    return _NOTHING


# ── Reading: feeds and what they hold ────────────────────────────────────────────────────────────


class FeedState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"  # failed for a week, or an operator's wish; polled no more until resumed
    GONE = "gone"  # 410, or no longer in the catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A URL that is polled. `id` is 0 until a storage has kept it."""

    id: int = 0
    url: str
    outlet: str
    language: str | None = None
    series: tuple[str, ...] = ()  # hints: what this feed usually writes about
    official: bool = False  # the organiser's own outlet
    title: str | None = None
    added_by: str = "catalogue"  # "catalogue", "operator", or the space that added it ("discord:123")
    state: FeedState = FeedState.ACTIVE

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None  # of the last body, where the server has no validator
    slices: bytes = b""  # 8 bytes an item of the last body: the delta parse skips the ones it knows
    next_check_at: datetime
    last_checked_at: datetime | None = None
    last_success_at: datetime | None = None  # None: never read, so its first poll posts nothing
    last_entry_at: datetime | None = None
    error_count: int = 0
    failing_since: datetime | None = None
    trouble: str | None = None  # a locale key with arguments: why the last check failed
    moved_to: str | None = None  # target of a permanent redirect, and how often it was seen in a row
    moved_count: int = 0
    rhythm: Mapping[str, Any] = field(
        default_factory=nothing
    )  # what the schedule learned: JSON, only bot.feeds.schedule reads it
    push: Mapping[str, Any] = field(
        default_factory=nothing
    )  # WebSub: hub, topic, secret, lease; only bot.feeds.websub reads it


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item as a feed document gives it: text may hold HTML, nothing is cleaned yet."""

    guid: str
    url: str
    title: str
    standfirst: str = ""  # summary, description; may hold HTML
    content: str = ""  # content:encoded, Atom content; may hold HTML
    author: str = ""
    published_at: datetime | None = None
    image_url: str | None = None
    categories: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDocument:
    """A feed as parsed: its own facts and its entries in the feed's order."""

    title: str
    kind: str  # "rss20", "atom10", "json11" …, "" where it is no feed
    entries: tuple[Entry, ...]
    language: str | None = None
    site_url: str | None = None
    hub_url: str | None = None  # WebSub (W3C REC 2018): link rel=hub and rel=self
    topic_url: str | None = None
    ttl: timedelta | None = None  # rss:ttl, sy:updatePeriod / updateFrequency
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()  # Monday is 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One entry of one feed, cleaned, completed from its page when the feed gives only a teaser."""

    id: int = 0
    feed_id: int = 0
    outlet: str = ""
    official: bool = False
    guid: str
    url: str  # canonical: tracking parameters removed
    title: str
    standfirst: str = ""
    text: str = ""  # paragraphs separated by a blank line
    author: str = ""
    photo_credit: str = ""
    published_at: datetime | None = None
    language: str | None = None
    image_url: str | None = None
    categories: tuple[str, ...] = ()
    feed_series: tuple[str, ...] = ()  # the feed's hints, one voice among others
    content_hash: str = ""  # of what a reader would notice; volatile parts left out


class Label(StrEnum):
    """What kind of news it is: shown on the post, and a preference of a destination."""

    OFFICIAL = "official"
    REPORT = "report"
    RUMOUR = "rumour"
    OPINION = "opinion"
    RESULT = "result"
    LIVE = "live"


class Importance(IntEnum):
    MINOR = 0
    NORMAL = 1
    MAJOR = 2
    BREAKING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTag:
    """A series an article belongs to, with the words that spoke for it."""

    slug: str
    score: float  # 0 to 1
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was understood from one article. An article about no series has `series == ()`."""

    language: str
    series: tuple[SeriesTag, ...]  # best first; secondary series follow the primary
    primary: str | None
    summary: str
    spoiler: bool
    safe_title: str  # says what it is about and gives no result away
    label: Label
    importance: Importance = Importance.NORMAL
    topics: tuple[str, ...] = ()  # what it can be followed by besides series: "driver:max-verstappen"
    spoiler_evidence: tuple[str, ...] = ()
    label_evidence: tuple[str, ...] = ()
    machine_written: bool = False  # the summary came from a model (PITWIRE_LLM__…)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A championship that fans follow; data (`bot/series/catalog.toml`), never code."""

    slug: str
    name: str
    family: str  # "single-seaters", "endurance", "rally", "bikes", "touring", "other"
    colour: int = 0x808080  # 0xRRGGBB
    emoji: str = "🏁"
    hashtag: str = ""  # without '#'
    short: str = ""  # "WEC": what fits on a badge
    names: Mapping[str, str] = field(default_factory=nothing)  # by language
    aliases: tuple[str, ...] = ()


# ── Stories ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One outlet's telling of a story: enough to tell the story from it."""

    article_id: int = 0
    outlet: str
    url: str
    language: str
    title: str
    summary: str
    safe_title: str = ""
    image_url: str | None = None
    official: bool = False
    length: int = 0  # characters of its text: the longest text tells the story best
    published_at: datetime | None = None
    withdrawn: bool = False  # the outlet took its page away (404, 410)
    machine_written: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened, told once, from one or more articles."""

    id: int = 0
    title: str
    summary: str
    url: str
    language: str
    sources: tuple[Source, ...]  # best first; the first tells the story by default
    series: tuple[str, ...] = ()
    primary: str | None = None
    revision: int = 1
    spoiler: bool = False
    safe_title: str = ""
    label: Label = Label.REPORT
    importance: Importance = Importance.NORMAL
    image_url: str | None = None
    topics: tuple[str, ...] = ()
    published_at: datetime  # when it was first reported, never in the future
    created_at: datetime
    updated_at: datetime
    parent_id: int | None = None  # the story that this one follows up
    reasons: tuple[str, ...] = ()  # why each further article was merged, in the order of joining
    keys: Mapping[str, Any] = field(
        default_factory=nothing
    )  # what matching remembers: JSON, only bot.stories reads it
    withdrawn_at: datetime | None = None
    apart_from: int | None = None  # where merging is off: the merged story that this is one telling of

    @property
    def outlets(self) -> tuple[str, ...]:
        """Name every outlet once, the best source first."""
        return tuple(dict.fromkeys(source.outlet for source in self.sources))


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What `Storage.publish` did."""

    story: Story  # with id and the revision now valid
    article_id: int
    is_new_story: bool
    is_changed: bool  # the revision rose: posts already sent are owed an edit
    deliveries: int  # rows newly owed


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """The article that is kept of a feed's entry."""

    guid: str  # another one than the entry's where a feed makes up new ones
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the store knows that decides which story an article tells, and by what it can be followed."""

    stories: Mapping[int, Story]
    told_at: int | None = None  # the story that is told at the article's address
    followed: Sequence[str] = ()  # topics


# ── Destinations and what they wish ──────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a destination wants, when and how. Defaults are what a new channel gets.

    Stored as JSON; keys of a newer version are kept in `unknown` and written back.
    """

    locale: str = "en"  # of the bot's own words
    languages: tuple[str, ...] = ()  # of stories; () means every language
    spoilers: Mapping[str, str] = field(
        default_factory=nothing
    )  # series slug or "*" → "show", "cover", "delay 24h"
    delay_note: bool = False  # say "result held until …" when a result is delayed
    include: str = ""  # filter expressions (bot.posts); "" passes everything
    exclude: str = ""
    labels: tuple[str, ...] = ()  # allowed labels; () means all
    least_importance: int = 0
    schedule: str = "now"  # "now", "digest daily 08:00", "digest weekly mon 08:00", "digest after-session"
    timezone: str = "UTC"
    quiet: str = ""  # "23:00-07:00"
    quiet_mode: str = "hold"  # "hold" for a morning digest, or "silent"
    per_hour: int = 0  # at most so many stories an hour, the rest in a digest; 0: no cap
    style: str = "card"  # "card", "compact", "link"
    picture: bool = True
    thread: bool = False  # a discussion thread for each story
    publish: bool = True  # publish posts of an announcement channel to its followers
    merge: bool = True  # a story of several outlets comes once; off: each telling is a post of its own
    pings: Mapping[str, str] = field(
        default_factory=nothing
    )  # series slug, "breaking" or "*" → role or user to mention
    ping_gap: int = 30  # minutes between two pings
    template: str = ""  # of the title line
    unknown: Mapping[str, Any] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where posts can go: an adapter's name and an address that only this adapter understands."""

    id: int = 0
    adapter: str
    address: str  # Discord: channel or thread id; Telegram: "-100123/7" is topic 7 of a group
    space: str  # what moderators govern: the server, the group, or the private chat itself
    title: str = ""
    preferences: Preferences = field(default_factory=Preferences)
    version: int = 0  # rises with each saved change: two moderators at once do not overwrite each other
    paused_at: datetime | None = None
    paused_reason: str | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    at: datetime
    who: str
    destination: str
    what: str


# ── The outbox ───────────────────────────────────────────────────────────────────────────────────


class Lane(IntEnum):
    """Order of what waits: answers before edits and breaking news, these before news, news before the rest."""

    ANSWER = 0
    URGENT = 1
    NEWS = 2
    BACKFILL = 3


class DeliveryState(StrEnum):
    """Derived from a row, never stored."""

    OWED = "owed"
    LEASED = "leased"
    SENT = "sent"
    HELD = "held"  # quiet hours, spoiler delay, digest: due later by a preference
    UNCERTAIN = "uncertain"  # the platform's answer was lost; nobody knows whether it was posted
    SKIPPED = "skipped"  # a preference said no
    FOLDED = "folded"  # told in a digest
    SET_ASIDE = "set aside"  # the platform will never accept it


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One story, or one digest of stories, owed to one destination: a row of the outbox.

    Owed while `revision > sent_revision` and it is not set aside.
    """

    id: int
    destination_id: int
    story_id: int | None  # None: a digest
    items: tuple[int, ...] = ()  # stories of a digest, in its order
    lane: Lane = Lane.NEWS
    revision: int = 1
    sent_revision: int = 0
    message_id: str | None = None
    due_at: datetime
    attempts: int = 0  # of the present revision
    first_attempt_at: datetime | None = None
    last_attempt_at: datetime | None = None
    sent_at: datetime | None = None
    created_at: datetime
    state: DeliveryState = DeliveryState.OWED
    reason: str | None = None  # why it is held, skipped, uncertain or set aside, as "key|argument|…"

    @property
    def key(self) -> str:
        """The same on each attempt at one revision; fits Discord's nonce (≤ 25 characters).

        A new database counts from 1 again, and a platform remembers keys for minutes: the time of birth tells them apart.
        """
        born = int(self.created_at.timestamp() * 1000) % 16**8
        return f"{self.id}.{self.revision}.{born:x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A unit of work for a sender: everything it needs, read in the claiming transaction."""

    delivery: Delivery
    destination: Destination
    story: Story | None
    digest: tuple[Story, ...] = ()
    parent_message_id: str | None = None  # where this destination was told the story's parent
    lease_until: datetime


class OutcomeKind(StrEnum):
    SENT = "sent"
    RETRY = "retry"  # surely not posted; due again at `due_at`
    HELD = "held"  # a preference wants it later; costs no attempt
    SKIPPED = "skipped"
    UNCERTAIN = "uncertain"
    SET_ASIDE = "set aside"
    GONE = "gone"  # the message to edit is no more: done in peace


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a claim; written down by `Storage.record`."""

    delivery_id: int
    revision: int  # the revision that was tried
    kind: OutcomeKind
    message_id: str | None = None
    due_at: datetime | None = None
    reason: str | None = None
    rest_until: datetime | None = None  # nothing is claimed for its destination before then


# ── Posts, commands and answers ──────────────────────────────────────────────────────────────────


class Style(StrEnum):
    NORMAL = "normal"
    PRIMARY = "primary"
    SUCCESS = "success"
    DANGER = "danger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A label and a command line: a pressed button is just another Request."""

    label: str
    line: str = ""  # "unfollow wec"; ≤ 64 bytes as UTF-8, so that every platform can carry it
    url: str = ""  # a link button instead
    emoji: str = ""
    style: Style = Style.NORMAL
    chosen: bool = False  # marked in a Menu
    hint: str = ""  # second line in a Menu
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picker:
    """Choose some of many: a select menu on Discord, toggling buttons on Telegram.

    The line of the resulting Request is `line` followed by the chosen values, separated by blanks.
    """

    line: str  # "setup series"
    prompt: str
    options: tuple[Choice, ...]  # Choice.line is the value
    least: int = 1
    most: int = 1
    kind: str = (
        ""  # "role", "destination": the platform's own chooser, left out where it has none; options are ()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Ask for text: a modal on Discord, a question to reply to on Telegram and the console.

    The line of the resulting Request is `line` followed by what was typed.
    """

    line: str
    title: str
    prompt: str
    value: str = ""
    most: int = 200  # characters
    long: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    text: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a digest or an answer: a heading and lines, each of them text with an optional link."""

    heading: str = ""
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    text: str
    url: str = ""
    note: str = ""  # small print behind it: the outlet, the time
    at: datetime | None = None
    covered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message before any markup: plain text in fields. Only an adapter escapes, and it escapes everything."""

    locale: str = "en"
    title: str = ""
    url: str = ""
    summary: str = ""
    badge: str = ""  # emoji and short name of the series: "🏁 WEC"
    label: str = ""  # "Official", "Rumour", "Result", in the destination's language; "" for a plain report
    colour: int | None = None  # 0xRRGGBB
    hashtag: str = ""  # without '#'
    outlet: str = ""
    also: tuple[Link, ...] = ()  # further outlets that tell it
    at: datetime | None = None
    image_url: str | None = None
    image_text: str = ""  # description for who cannot see it
    notes: tuple[str, ...] = ()  # small print: "written by a model", "withdrawn by the outlet"
    sections: tuple[Section, ...] = ()
    choices: tuple[Choice, ...] = ()
    covered: bool = False  # title, summary, picture and preview give nothing away until tapped
    safe_title: str = ""  # shown in clear while covered, in notifications too
    style: str = "card"  # "card", "compact", "link"
    quiet: bool = False  # no sound on the phone
    ping: str = ""  # the one role or user that may be mentioned, in the adapter's own id; "" none
    tags: tuple[str, ...] = ()  # names for a forum's tags
    reply_to: str | None = None  # message id of the parent story
    thread: bool = False  # open a discussion thread
    publish: bool = False  # publish in an announcement channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A small text file that goes with an answer, or came with a request."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option of a command: "series", "count", "words". Texts are locale keys `option.NAME`."""

    name: str
    kind: str = (
        "text"  # "text", "number", "series" (autocompleted), "destination", "role", "document", or "choice"
    )
    required: bool = False
    many: bool = False  # takes all the words that are left
    values: tuple[str, ...] = ()  # of a choice
    least: int | None = None
    most: int | None = None


class Audience(StrEnum):
    EVERYONE = "everyone"
    MODERATORS = "moderators"  # changes what a shared place follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One line of the menu. Its summary is the locale key `command.NAME`."""

    name: str
    options: tuple[Option, ...] = ()
    audience: Audience = Audience.EVERYONE
    private: bool = False  # answered to the asker alone where the platform can
    subcommands: tuple[Command, ...] = ()
    hidden: bool = False  # reachable by buttons only, not listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A command as asked: typed, picked from a menu, or pressed as a button.

    Either `line` holds everything ("latest wec 3"), or `line` is the command (with its subcommand)
    and `options` holds the rest by name, as a platform with structured options gives it.
    """

    adapter: str
    address: str  # where it was asked
    space: str
    user: str  # the adapter's id of who asks
    line: str
    options: Mapping[str, str] = field(default_factory=nothing)
    user_name: str = ""
    locale: str | None = None  # of who asks, where the platform tells it: "de", "pt-BR"
    is_private: bool = False  # a conversation of one person with the bot
    may_manage: bool = False  # may change what this place follows
    is_button: bool = False  # a pressed choice: the answer may replace the message it stood on
    place_title: str = ""  # of the place it is about
    message_id: str | None = None  # of the message that was pressed or replied to
    private_address: str = ""  # where whoever asks can be written to alone; "" where the platform has no way
    private_space: str = ""  # its space, where that is not the address itself
    document: Document | None = None  # a text file that came along (at most 200 kB)
    place_trouble: str = (
        ""  # why nothing can be posted at the place it is about, "key|argument|…"; "" where it can
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: a text, posts, and what can be pressed next."""

    text: str = ""
    posts: tuple[Post, ...] = ()
    choices: tuple[Choice, ...] = ()  # rows of buttons under the whole answer
    pickers: tuple[Picker, ...] = ()
    form: Form | None = None  # asks at once; everything else is then left out
    document: Document | None = None  # a file to hand over with the text
    private: bool = False  # for the asker alone, where the platform can
    replaces: bool = False  # edits the message whose button was pressed
    locale: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One line of an autocompletion."""

    label: str
    value: str


class Change(StrEnum):
    REMOVED = "removed"  # the bot was kicked, blocked, or the place deleted
    RESTORED = "restored"  # it may post again
    MOVED = "moved"  # a group became a supergroup: `new_address` is its base
    JOINED = "joined"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformChange:
    """What an adapter noticed about a place without having been asked to post there."""

    adapter: str
    change: Change
    space: str = ""  # all destinations of this space, or
    address: str = ""  # this destination alone
    new_address: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a post may hold, in the platform's own unit."""

    text: int  # of a whole message
    title: int
    unit: str = "characters"  # or "utf-16"
    can_edit: bool = True
    can_cover: bool = False
    drops_copies_for: timedelta | None = None  # a repeated key within this span is dropped by the platform
    can_find: bool = False  # `find` can look whether a key was posted
    answers_command: bool = True
    can_thread: bool = False  # opens a discussion thread for a post
    can_publish: bool = False  # publishes a post to those who follow a channel elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many in such a span: a bucket that messages draw from."""

    count: int
    per: timedelta
