"""Roles that members give and take themselves: a panel of buttons that a moderator posts.

This is Discord's alone, so the core knows nothing of it. A role above the bot's own, one with powers anywhere on the
server, and one that belongs to another app is refused: when the panel is made, and again at each press, for a role may
have gained powers since.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import discord
import structlog

from adapters.discord import components as piece
from adapters.discord import replies
from adapters.discord.components import Component
from adapters.discord.controls import button_named, label
from adapters.discord.errors import Refused, RestError
from adapters.discord.markup import fit
from adapters.discord.places import Asks
from adapters.discord.wire import LATER, MESSAGE, Wire
from bot.locale import LOCALES, pick, say

if TYPE_CHECKING:
    from adapters.discord.asking import Asked

log = structlog.get_logger()

COMMAND = "roles"
CHOOSE, PRESSED = "r1:choose", "r1:"
MOST = 20  # buttons on a panel

_HARMFUL = discord.Permissions.elevated() | discord.Permissions(
    mention_everyone=True, view_audit_log=True, mute_members=True, deafen_members=True, move_members=True,
    manage_nicknames=True, manage_events=True,
)  # fmt: skip


def command() -> Component:
    """The application command that offers to make a panel."""
    from adapters.discord.commands import DISCORD_LOCALES, names_of

    return {
        **names_of(f"command.{COMMAND}.name"),
        "name": COMMAND,
        "type": 1,
        "description": say("en", "discord.roles.summary"),
        "description_localizations": {
            place: say(locale, "discord.roles.summary")
            for locale in LOCALES
            for place in DISCORD_LOCALES.get(locale, ())
        },
        "contexts": [0],
        "integration_types": [0],
        "options": [],
    }


def is_about_roles(asked: Asked) -> bool:
    return asked.custom_id.startswith(PRESSED) or (not asked.custom_id and asked.request.line == COMMAND)


class Roles:
    """Answers /roles, the choice of roles, and the presses on a panel."""

    def __init__(self, wire: Wire, ask: Asks) -> None:
        self._wire = wire
        self._ask = ask

    async def handle(self, interaction: discord.Interaction[Any], asked: Asked) -> None:
        locale = pick(asked.request.locale)
        member, guild = interaction.user, interaction.guild
        if guild is None or not isinstance(member, discord.Member):
            await self._whisper(asked, say(locale, "discord.roles.servers_only"))
        elif asked.custom_id == CHOOSE:
            await self._post_panel(interaction, asked, guild)
        elif asked.custom_id:
            await self._press(asked, guild, member, asked.custom_id.removeprefix(PRESSED), locale)
        elif not _may_hand_out(interaction):
            await self._whisper(asked, say(locale, "discord.roles.denied"))
        else:
            await self._wire.respond(asked, MESSAGE, _chooser(locale))

    async def _post_panel(
        self,
        interaction: discord.Interaction[Any],
        asked: Asked,
        guild: discord.Guild,
    ) -> None:
        locale = pick(asked.request.locale)
        if not _may_hand_out(interaction):
            await self._whisper(asked, say(locale, "discord.roles.denied"))
            return
        data: Any = interaction.data
        chosen = [role for value in data.get("values") or () if (role := guild.get_role(int(value)))]
        refused = {role: reason for role in chosen if (reason := refusal(role, guild))}
        if refused:
            lines = [say(locale, reason, role=f"@{role.name}") for role, reason in refused.items()]
            await self._whisper(asked, "\n".join(lines))
            return
        # The panel speaks the server's language, not that of the moderator who made it.
        place = str(guild.preferred_locale.value) if guild.preferred_locale else asked.request.locale
        await self._wire.respond(asked, MESSAGE, _panel(chosen, pick(place)))
        log.info("role panel posted", guild=guild.id, roles=len(chosen))

    async def _press(
        self, asked: Asked, guild: discord.Guild, member: discord.Member, role_id: str, locale: str
    ) -> None:
        await self._wire.respond(asked, LATER, {"flags": piece.EPHEMERAL})
        role = guild.get_role(int(role_id)) if role_id.isdigit() else None
        if role is None:
            text = say(locale, "discord.roles.gone")
        elif reason := refusal(role, guild):
            text = say(locale, reason, role=f"@{role.name}")
        else:
            text = say(locale, await self._toggle(guild, member, role), role=f"@{role.name}")
        await self._wire.original(asked, [replies.plain(text)])

    async def _toggle(self, guild: discord.Guild, member: discord.Member, role: discord.Role) -> str:
        """Give the role, or take it from who has it; returns the sentence to say."""
        has_it = any(one.id == role.id for one in member.roles)
        path = f"/guilds/{guild.id}/members/{member.id}/roles/{role.id}"
        try:
            await self._ask("DELETE" if has_it else "PUT", path)
        except Refused as error:
            log.info("role not changed", guild=guild.id, role=role.id, code=error.code)
            return "discord.roles.not_allowed"
        except RestError as error:
            log.warning("role not changed", guild=guild.id, role=role.id, reason=str(error))
            return "discord.failed"
        return "discord.roles.taken" if has_it else "discord.roles.given"

    async def _whisper(self, asked: Asked, text: str) -> None:
        await self._wire.respond(asked, MESSAGE, replies.plain(text))


def refusal(role: discord.Role, guild: discord.Guild) -> str:
    """Why a role cannot be handed out by buttons: the key of a sentence, or ""."""
    if role.is_default() or role.managed:
        return "discord.roles.managed"
    if role >= guild.me.top_role:
        return "discord.roles.above"
    if role.permissions.value & _HARMFUL.value or _has_powers_somewhere(role, guild.channels):
        return "discord.roles.powers"
    return ""


def _has_powers_somewhere(role: discord.Role, channels: Iterable[discord.abc.GuildChannel]) -> bool:
    allowed = (channel.overwrites_for(role).pair()[0] for channel in channels)
    return any(permissions.value & _HARMFUL.value for permissions in allowed)


def _may_hand_out(interaction: discord.Interaction[Any]) -> bool:
    """Manage Channels, which is enough for what a channel follows, says nothing about people's roles."""
    may = interaction.permissions
    return may.administrator or may.manage_guild or may.manage_roles


def _chooser(locale: str) -> Component:
    select: Component = {
        "type": piece.ROLE_SELECT,
        "custom_id": CHOOSE,
        "placeholder": label(say(locale, "discord.roles.choose"), 150),
        "min_values": 1,
        "max_values": MOST,
    }
    text = piece.text(fit(say(locale, "discord.roles.explained"), 1900))
    return replies.body([text, piece.row([select])], is_private=True)


def _panel(roles: Sequence[discord.Role], locale: str) -> Component:
    text = piece.text(fit(say(locale, "discord.roles.panel"), 1900))
    buttons = [button_named(f"{PRESSED}{role.id}", role.name, icon="🏁") for role in roles]
    card = piece.container([text, *piece.rows(buttons)], colour=None)
    return replies.body([card], is_private=False)
