"""An interaction, as discord.py hands it over, read into a Request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.discord import components as piece
from adapters.discord import controls
from adapters.discord.components import Component
from adapters.discord.permissions import may_manage_there, target_of, trouble_at
from adapters.discord.places import PERSON, THREADS
from bot.model import Request

if TYPE_CHECKING:
    import discord

NAME = "discord"
SPACE = f"{NAME}:"
PING, COMMAND, COMPONENT, COMPLETION, MODAL = 1, 2, 3, 4, 5
SUBCOMMANDS = frozenset((1, 2))
ROLE_OPTION, ATTACHMENT_OPTION = 8, 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came in over the gateway, without the library's types."""

    id: int
    application_id: int
    token: str
    kind: int
    request: Request
    is_whisper: bool = False  # for the asker alone: the bot is not in that place, or may not post there
    has_message: bool = False  # a button or select stood on a message that can be changed
    custom_id: str = ""
    focused: str = ""  # option that is being typed
    typed: str = ""
    attachment: tuple[str, str] | None = None  # name and address of a file that came along
    roles: Mapping[str, str] = field(default_factory=dict)  # names of the server's roles by id


def space_of(guild_id: int) -> str:
    """What moderators govern: the server."""
    return f"{SPACE}{guild_id}"


def asked(interaction: discord.Interaction[Any]) -> Asked:
    """Read an interaction."""
    data: Mapping[str, Any] = interaction.data or {}
    kind = int(interaction.type.value)
    line, options, focused = _line(data, kind, interaction)
    target = target_of(interaction, line, options)
    if target is not None:
        options["destination"] = str(target.id)
    is_guest = interaction.guild_id is not None and not interaction.is_guild_integration()
    is_guest = is_guest or bool(interaction.context.private_channel)
    is_private = is_guest or interaction.guild_id is None
    has_message = kind == COMPONENT or interaction.message is not None
    person = f"{PERSON}{interaction.user.id}"
    here = _place_of(interaction)
    request = Request(
        adapter=NAME,
        address=person if is_private else str(here.id if here else interaction.channel_id),
        space=person if is_private else space_of(interaction.guild_id or 0),
        user=str(interaction.user.id),
        user_name=interaction.user.display_name,
        line=line,
        options=options,
        locale=str(interaction.locale.value),
        is_private=is_private,
        may_manage=is_private or may_manage_there(interaction, target),
        is_button=has_message,
        place_title="" if is_private else _title(interaction, target or here),
        message_id=_message_id(interaction, here),
        private_address=person,
        place_trouble="" if is_private else trouble_at(interaction, target),
    )
    return Asked(
        id=interaction.id,
        application_id=interaction.application_id,
        token=interaction.token,
        kind=kind,
        request=request,
        is_whisper=is_guest or (not is_private and not _may_post(interaction)) or _is_ephemeral(interaction),
        has_message=has_message,
        custom_id=str(data.get("custom_id") or ""),
        focused=focused,
        typed=options.get(focused, "") if focused else "",
        attachment=_attachment(data),
        roles=_roles(interaction),
    )


def _place_of(interaction: discord.Interaction[Any]) -> Any:
    """The channel that an interaction is about.

    A thread that the bot made for a story is no place of its own: its forum, or the channel it hangs in, is.
    """
    channel: Any = interaction.channel
    is_thread = channel is not None and channel.type.value in THREADS
    bot = interaction.client.user
    is_ours = is_thread and bot is not None and channel.owner_id == bot.id
    return channel.parent or channel if is_ours else channel


def _message_id(interaction: discord.Interaction[Any], place: Any) -> str | None:
    """The message that was pressed, by the id that a delivery has in its place."""
    if interaction.message is None:
        return None
    is_elsewhere = place is not None and place.id != interaction.channel_id
    return (
        f"{interaction.channel_id}/{interaction.message.id}" if is_elsewhere else str(interaction.message.id)
    )


def _line(
    data: Mapping[str, Any], kind: int, interaction: discord.Interaction[Any]
) -> tuple[str, dict[str, str], str]:
    if kind in (COMMAND, COMPLETION):
        return _command(data)
    custom_id = str(data.get("custom_id") or "")
    line = controls.line_of(custom_id) or ""
    if kind == MODAL:
        return f"{line} {_typed(data)}".strip(), {}, ""
    values = [str(value) for value in data.get("values") or ()]
    match data.get("component_type"):
        case piece.CHANNEL_SELECT:
            return line, {"destination": "".join(values[:1])}, ""
        case piece.ROLE_SELECT:
            return " ".join([line, *map(_role, values)]), {}, ""
        case piece.SELECT:
            values = controls.chosen(values, custom_id, list(_shown(interaction)))
    return " ".join([line, *values]), {}, ""


def _command(data: Mapping[str, Any]) -> tuple[str, dict[str, str], str]:
    words, options, focused = [str(data.get("name") or "")], {}, ""
    below = data.get("options") or ()
    while below and below[0].get("type") in SUBCOMMANDS:
        words.append(str(below[0]["name"]))
        below = below[0].get("options") or ()
    for option in below:
        if option.get("type") == ATTACHMENT_OPTION:
            continue  # its value is an id; the file itself is `Asked.attachment`
        value = str(option.get("value", ""))
        options[str(option["name"])] = _role(value) if option.get("type") == ROLE_OPTION else value
        focused = str(option["name"]) if option.get("focused") else focused
    return " ".join(words), options, focused


def _typed(data: Mapping[str, Any]) -> str:
    """What was typed into a modal's field."""
    return next((str(part["value"]) for part in _fields(data) if part.get("custom_id") == controls.FIELD), "")


def _fields(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for below in (*(node.get("components") or ()), *filter(None, [node.get("component")])):
        if "value" in below:
            yield below
        yield from _fields(below)


def _shown(interaction: discord.Interaction[Any]) -> Iterator[Component]:
    for component in interaction.message.components if interaction.message else ():
        yield component.to_dict()  # type: ignore[misc]


def _attachment(data: Mapping[str, Any]) -> tuple[str, str] | None:
    files = (data.get("resolved") or {}).get("attachments") or {}
    return next(((str(file.get("filename")), str(file.get("url"))) for file in files.values()), None)


def _may_post(interaction: discord.Interaction[Any]) -> bool:
    permissions = interaction.app_permissions
    is_thread = interaction.channel is not None and interaction.channel.type.value in (10, 11, 12)
    return permissions.send_messages_in_threads if is_thread else permissions.send_messages


def _is_ephemeral(interaction: discord.Interaction[Any]) -> bool:
    """What is pressed on a whispered message is answered in a whisper."""
    return interaction.message is not None and interaction.message.flags.ephemeral


def _role(role_id: str) -> str:
    """A role as a setting keeps it: so that nobody takes it for a user."""
    return f"<@&{role_id}>"


def _roles(interaction: discord.Interaction[Any]) -> dict[str, str]:
    return {str(role.id): role.name for role in interaction.guild.roles} if interaction.guild else {}


def _title(interaction: discord.Interaction[Any], target: Any) -> str:
    """ "#news · Paddock": of the place that the command is about."""
    channel = getattr(target or interaction.channel, "name", None) or ""
    guild = interaction.guild.name if interaction.guild and interaction.guild.name else ""
    return " · ".join(part for part in (f"#{channel}" if channel else "", guild) if part)
