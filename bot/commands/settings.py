"""/settings and /channel: every setting of a place, each a page with buttons, changed by a press or by a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.commands.ask import Ask
from bot.commands.line import fits
from bot.commands.menu import SETTING_NAMES
from bot.commands.nearest import near_words
from bot.commands.saving import save
from bot.commands.wishes import LANGUAGES, STYLES, changed, shown, spoiler_text
from bot.locale import LOCALES, say
from bot.model import Choice, Form, Label, Picker, Preferences, Reply, Style
from bot.posts.filters import MOST_CHARACTERS as MOST_FILTER
from bot.posts.reasons import say_reason
from bot.text import cut

ASKING = "?"  # "settings quiet ?" asks for the value in a form
PICKED = "="  # "settings languages = de en" comes from a picker; with nothing behind it, nothing was picked
MODES = ("show", "cover", "delay 24h", "delay 48h")
ZONES = (
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Lisbon",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/Sao_Paulo",
    "Asia/Tokyo",
    "Australia/Sydney",
)
_SHARED = frozenset({"thread", "publish", "ping", "ping-gap"})  # mean nothing where one person reads
_SWITCHES = frozenset({"delay-note", "picture", "thread", "publish", "merge"})
_FORMS = {"quiet", "timezone", "schedule", "per-hour", "template", "include", "exclude", "ping", "ping-gap"}
_BUTTONS: dict[str, Sequence[str]] = {
    "schedule": (
        "now",
        "digest daily 08:00",
        "digest daily 18:00",
        "digest weekly mon 08:00",
        "digest after-session",
    ),
    "quiet": ("off", "22:00-07:00", "23:00-07:00", "00:00-08:00"),
    "quiet-mode": ("hold", "silent"),
    "per-hour": ("off", "3", "5", "10"),
    "ping-gap": ("off", "15", "30", "60"),
    "style": STYLES,
    "timezone": ZONES,
    "include": ("off",),
    "exclude": ("off",),
    "template": ("off", "[{series}] {title}", "{emoji} {title} ({outlet})"),
    "ping": ("off",),
    "importance": ("minor", "normal", "major", "breaking"),
}


async def settings(ask: Ask) -> Reply:
    """Show all settings, one setting, or change one."""
    ask.require_manager()
    name, _, value = ask.line.rest.partition(" ")
    name = name.lower().replace("_", "-")
    if not name:
        return overview(ask)
    if name not in SETTING_NAMES:
        near = near_words(name, SETTING_NAMES)
        raise ask.refuse("wrong.setting", given=cut(name, 40), near=near or "spoilers")
    value = value.strip()
    if value == ASKING:
        return _form(ask, name)
    if not value:
        return page(ask, name)
    saved = await change(ask, name, value)
    return page(saved, name, is_saved=True)


async def change(ask: Ask, name: str, value: str) -> Ask:
    """Change and save one setting; raises UserError for what it cannot be."""
    value = value[1:].strip() or "all" if value.startswith(PICKED) else value
    return await save(ask, changed(ask, ask.preferences, name, value), f"{name}: {value}")


def overview(ask: Ask) -> Reply:
    """All settings at a glance, each to be picked."""
    preferences = ask.preferences
    names = [name for name in SETTING_NAMES if not _is_left_out(ask, name)]
    lines = [ask.say("commands.settings.title", place=place_name(ask)), *troubles(ask)]
    lines += [f"{title(ask, name)}: {cut(shown(ask, preferences, name), 80)}" for name in names]
    options = tuple(
        Choice(label=title(ask, name), line=name, hint=cut(shown(ask, preferences, name), 90))
        for name in names
    )
    return Reply(
        text="\n".join(lines),
        pickers=(Picker(line=prefix(ask), prompt=ask.say("commands.settings.which"), options=options),),
        choices=(
            Choice(label=ask.say("commands.following.button"), line=prefix(ask, "following")),
            Choice(label=ask.say("commands.preview.button"), line=prefix(ask, "preview"), emoji="👁"),
        ),
        replaces=ask.request.is_button,
        private=True,
        locale=ask.locale,
    )


def troubles(ask: Ask) -> list[str]:
    """Say what keeps posts away from the place; nothing where they come."""
    if ask.request.place_trouble:
        key, reason = "commands.setup.trouble", ask.request.place_trouble
    elif ask.destination is not None and ask.destination.paused_at is not None:
        key, reason = "commands.status.paused", ask.destination.paused_reason or ""
    else:
        return []
    said = say_reason(reason, ask.locale, ask.preferences.timezone)
    return [ask.say(key, reason=said, place=place_name(ask))]


def page(ask: Ask, name: str, *, is_saved: bool = False) -> Reply:
    """One setting: what it does, what it is, what it can be."""
    lines = [
        title(ask, name),
        ask.say(f"commands.setting.{name}.help"),
        ask.say("commands.settings.now", value=shown(ask, ask.preferences, name)),
    ]
    if name in ("schedule", "quiet") and ask.preferences.timezone == "UTC":
        lines.append(ask.say("commands.settings.in_utc"))
    if is_saved:
        lines.insert(0, ask.say("commands.settings.saved"))
    choices = [choice for choice in _choices(ask, name) if fits(choice.line)]
    choices.append(Choice(label=ask.say("commands.settings.back"), line=prefix(ask), emoji="◀"))
    return Reply(
        text="\n".join(lines),
        choices=tuple(choices),
        pickers=tuple(_pickers(ask, name)),
        replaces=ask.request.is_button,
        private=True,
        locale=ask.locale,
    )


def _is_left_out(ask: Ask, name: str) -> bool:
    """Tell whether a setting means nothing at the place, or on its platform."""
    limits = ask.limits
    is_lacking = limits is not None and (
        (name == "thread" and not limits.can_thread) or (name == "publish" and not limits.can_publish)
    )
    return is_lacking or (name in _SHARED and is_alone(ask))


def is_alone(ask: Ask) -> bool:
    """Tell whether the place is one person's conversation with the bot."""
    return ask.request.is_private and not ask.line.target


def title(ask: Ask, name: str) -> str:
    return ask.say(f"commands.setting.{name}.title")


def prefix(ask: Ask, command: str = "settings") -> str:
    """The beginning of a button's line: with the place's address where it is another one."""
    return f"{command} @{ask.line.target}" if ask.line.target else command


def language_name(ask: Ask, code: str) -> str:
    """A language as a label: with a capital, also where the word itself has none."""
    name = ask.say(f"post.language.{code}")
    return name[:1].upper() + name[1:]


def place_name(ask: Ask) -> str:
    """Name the place that is being set up."""
    known = ask.destination.title if ask.destination else ""
    return ask.request.place_title or known or ask.line.target or ask.say("commands.settings.here")


def _choices(ask: Ask, name: str) -> Iterator[Choice]:
    line = f"{prefix(ask)} {name}"
    if name in _SWITCHES:
        yield _pressable(ask, name, line, "on")
        yield _pressable(ask, name, line, "off")
    if name == "spoilers":
        for mode in MODES:
            yield Choice(
                label=spoiler_text(ask, mode),
                line=f"{line} {mode}",
                chosen=ask.preferences.spoilers.get("*", "show") == mode,
            )
        yield Choice(label=title(ask, "delay-note"), line=f"{prefix(ask)} delay-note")
    if name == "language":
        for locale in LOCALES:
            is_chosen = ask.preferences.locale == locale
            yield Choice(
                label=say(locale, "commands.value.own_name"), line=f"{line} {locale}", chosen=is_chosen
            )
    for value in _BUTTONS.get(name, ()):
        yield _pressable(ask, name, line, value)
    if name in _FORMS:
        yield Choice(label=ask.say("commands.settings.other"), line=f"{line} {ASKING}", emoji="✏️")
    if name in ("schedule", "quiet"):
        yield Choice(label=title(ask, "timezone"), line=f"{prefix(ask)} timezone", emoji="🕒")
    if name == "quiet":
        yield Choice(label=title(ask, "quiet-mode"), line=f"{prefix(ask)} quiet-mode")
    if name == "ping":
        yield Choice(label=title(ask, "ping-gap"), line=f"{prefix(ask)} ping-gap")
    if name in ("include", "exclude"):
        yield Choice(
            label=ask.say("commands.filter.test_button"), line=prefix(ask, "filter") + " test", emoji="🧪"
        )
    if name in ("template", "style", "picture"):
        yield Choice(label=ask.say("commands.preview.button"), line=prefix(ask, "preview"), emoji="👁")


def _pressable(ask: Ask, name: str, line: str, value: str) -> Choice:
    """A button that sets a value, labelled as the value would be shown, marked where it is set."""
    before = ask.preferences
    after = changed(ask, before, name, value)
    is_chosen = after == before
    return Choice(
        label=cut(shown(ask, after, name), 60),
        line=f"{line} {value}",
        chosen=is_chosen,
        style=Style.SUCCESS if is_chosen else Style.NORMAL,
    )


def _pickers(ask: Ask, name: str) -> Iterator[Picker]:
    line = f"{prefix(ask)} {name}"
    preferences = ask.preferences
    if name == "languages":
        options = [
            Choice(label=language_name(ask, code), line=code, chosen=code in preferences.languages)
            for code in LANGUAGES
        ]
    elif name == "labels":
        options = [
            Choice(
                label=ask.say(f"post.label.{label}"),
                line=label.value,
                chosen=not preferences.labels or label.value in preferences.labels,
            )
            for label in Label
        ]
    elif name == "ping":
        yield Picker(line=line, prompt=ask.say("commands.settings.which_role"), options=(), kind="role")
        return
    else:
        return
    prompt = ask.say(f"commands.setting.{name}.title")
    yield Picker(line=f"{line} {PICKED}", prompt=prompt, options=tuple(options), least=0, most=len(options))


def _form(ask: Ask, name: str) -> Reply:
    if name not in _FORMS:
        return page(ask, name)
    form = Form(
        line=f"{prefix(ask)} {name}",
        title=title(ask, name),
        prompt=ask.say(f"commands.setting.{name}.prompt"),
        value=_present(ask.preferences, name),
        most=MOST_FILTER if name in ("include", "exclude") else 100,
        long=name in ("include", "exclude"),
    )
    return Reply(form=form, private=True, locale=ask.locale)


def _present(preferences: Preferences, name: str) -> str:
    """What a form starts with: the value as it would be typed."""
    if name == "ping":
        return ""
    value = getattr(preferences, name.replace("-", "_"))
    return str(value) if value else ""
