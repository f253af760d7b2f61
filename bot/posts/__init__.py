"""What a destination is sent, when, and how it looks: pure functions of a story and its preferences."""

from bot.posts.compose import compose, ping_for, withheld
from bot.posts.decide import GRACE, Kind, Verdict, decide, is_covered, is_hidden
from bot.posts.digest import Digest, compose_digest, plan_digests
from bot.posts.schedule import last_digest_at, next_digest_at, quiet_until
from bot.posts.topics import outlet_topic, topics_of, words_topic

__all__ = [
    "GRACE",
    "Digest",
    "Kind",
    "Verdict",
    "compose",
    "compose_digest",
    "decide",
    "is_covered",
    "is_hidden",
    "last_digest_at",
    "next_digest_at",
    "outlet_topic",
    "ping_for",
    "plan_digests",
    "quiet_until",
    "topics_of",
    "withheld",
    "words_topic",
]
