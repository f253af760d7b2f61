"""Due feeds → articles → stories → publish."""

from __future__ import annotations

from bot.poller.loop import Poller

__all__ = ["Poller"]
