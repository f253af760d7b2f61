"""/filter: words that let stories in or keep them out, and a test on the last stories."""

from __future__ import annotations

from dataclasses import replace

from bot.commands.ask import Ask
from bot.commands.saving import save
from bot.commands.settings import change, page, prefix
from bot.commands.why import shown_title
from bot.model import Choice, Reply, Story
from bot.posts.decide import unwanted
from bot.posts.filters import parse_filter, rule
from bot.posts.reasons import say_reason
from bot.text import cut

TESTED = 20
_TITLE = 90


async def filter_(ask: Ask) -> Reply:
    """Show the filters, test them, or change one."""
    ask.require_manager()
    action, _, expression = ask.line.rest.partition(" ")
    match action.lower():
        case "test":
            return await _test(await ask.careful(), expression.strip())
        case "include" | "exclude" as name:
            if not expression.strip():
                return page(ask, name)
            return page(await change(ask, name, expression.strip()), name, is_saved=True)
        case "clear":
            saved = await save(
                ask, replace(ask.preferences, include="", exclude=""), "include: off exclude: off"
            )
            return _overview(saved, ask.say("commands.settings.saved"))
        case "":
            return _overview(ask, ask.say("commands.filter.title"))
    raise ask.refuse("wrong.filter_action", given=cut(action, 40))


def _overview(ask: Ask, text: str) -> Reply:
    off = ask.say("commands.value.off")
    lines = [
        text,
        ask.say("commands.filter.include", expression=ask.preferences.include or off),
        ask.say("commands.filter.exclude", expression=ask.preferences.exclude or off),
        ask.say("commands.filter.help"),
    ]
    line = prefix(ask, "filter")
    choices = [
        Choice(label=ask.say(f"commands.setting.{name}.title"), line=f"{line} {name}", emoji="✏️")
        for name in ("include", "exclude")
    ]
    choices += [
        Choice(label=ask.say("commands.filter.test_button"), line=f"{line} test", emoji="🧪"),
        Choice(label=ask.say("commands.filter.clear_button"), line=f"{line} clear", emoji="🗑"),
    ]
    return Reply(
        text="\n".join(lines),
        choices=tuple(choices),
        replaces=ask.request.is_button,
        private=True,
        locale=ask.locale,
    )


async def _test(ask: Ask, expression: str) -> Reply:
    """Try the filters that are set, or another expression as the include filter, on the last stories."""
    preferences = ask.preferences
    if expression:
        parse_filter(expression)
        preferences = replace(preferences, include=expression, exclude="")
    tested = (
        replace(ask, destination=replace(ask.destination, preferences=preferences))
        if ask.destination
        else ask
    )
    followed = await ask.following()
    stories = await ask.storage.latest(followed, limit=TESTED)
    if not stories:
        return ask.reply(ask.say("commands.filter.nothing_to_test"), private=True)
    lines = [_verdict(tested, story, preferences.include) for story in stories]
    passed = sum(line.startswith("✅") for line in lines)
    title = ask.say("commands.filter.tested", passed=passed, count=len(stories))
    back = Choice(label=ask.say("commands.settings.back"), line=prefix(ask, "filter"), emoji="◀")
    return ask.reply("\n".join([title, *lines]), choices=[back], private=True)


def _verdict(ask: Ask, story: Story, include: str) -> str:
    preferences = ask.preferences
    title = cut(shown_title(ask, story), _TITLE)
    if reason := unwanted(story, preferences):
        if reason.startswith("post.why.exclude"):
            kept_out_by = rule(preferences.exclude, story) or preferences.exclude
            return f"⛔ {title} – {ask.say('post.why.exclude', a=kept_out_by)}"
        return f"⛔ {title} – {say_reason(reason, ask.locale, preferences.timezone)}"
    met = rule(include, story) if include else None
    return f"✅ {title} – {met}" if met else f"✅ {title}"
