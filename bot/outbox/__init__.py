"""The outbox: what is owed to destinations, sent, edited and written down."""

from bot.outbox.outbox import Outbox

__all__ = ["Outbox"]
