"""Change the preferences of a place, unless somebody else was quicker."""

from __future__ import annotations

from dataclasses import replace

from bot.commands.ask import Ask
from bot.errors import StorageError, UserError
from bot.model import Preferences
from bot.text import cut, tame


async def save(ask: Ask, preferences: Preferences, what: str) -> Ask:
    """Save and return the ask with the place as it is now; raises UserError where another change came first."""
    place = await ask.ensure()
    try:
        saved = await ask.storage.save_preferences(
            place.id,
            preferences,
            version=place.version,
            now=ask.now,
            by=ask.who,
            what=cut(tame(what), 300),
        )
    except StorageError:
        known = await ask.storage.destination_by_id(place.id)
        if known is None or known.version == place.version:
            raise
        raise UserError("commands.settings.conflict") from None
    locale = preferences.locale if ask.request.is_private else ask.locale
    return replace(ask, destination=saved, locale=locale)
