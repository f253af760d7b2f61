"""What the bot says: complete in six languages, and nowhere but in the locale files."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import bot
from bot.commands.menu import MENU, SETTING_NAMES
from bot.feeds import trouble
from bot.locale import LOCALES, MissingText, be_strict, has, pick, placeholders, say, texts
from bot.locale.dates import day, moment
from bot.posts.reasons import say_reason

ROOT = Path(bot.__file__).parent
ENGLISH = texts("en")
OTHERS = [locale for locale in LOCALES if locale != "en"]
FAILURES = {"DeliveryError", "DestinationPaused", "PostRejected"}
TROUBLES = {"FetchError", "AddressRefused", "Unreachable"}  # are made by bot.feeds.trouble alone
# Words of the command language itself, and of formats: the same in every language.
NO_SENTENCES = {
    "digest weekly mon 08:00",
    "digest daily 08:00",
    "digest daily 18:00",
    "include: off exclude: off",
}


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    be_strict()
    yield
    be_strict(False)


@pytest.mark.parametrize("locale", OTHERS)
def test_no_language_lacks_a_key_or_has_one_too_many(locale: str) -> None:
    names = {
        key for key in [*ENGLISH, *texts(locale)] if key.endswith(".name")
    }  # of commands: only where they differ
    assert set(texts(locale)) - names == set(ENGLISH) - names


@pytest.mark.parametrize("locale", OTHERS)
def test_every_language_takes_the_same_arguments(locale: str) -> None:
    wrong = {
        key: text
        for key, text in texts(locale).items()
        if key in ENGLISH and placeholders(text) != placeholders(ENGLISH[key])
    }
    assert wrong == {}


@pytest.mark.parametrize("locale", OTHERS)
def test_nothing_was_left_untranslated(locale: str) -> None:
    same = [
        key
        for key, text in texts(locale).items()
        if text == ENGLISH.get(key) and len(re.findall(r"[a-z]{3,}", re.sub(r"\{.*?\}", "", text))) > 3
    ]
    assert [key for key in same if not key.startswith("commands.example.")] == []


def test_descriptions_fit_where_platforms_show_them() -> None:
    for locale in LOCALES:
        for command in MENU:
            assert len(say(locale, f"command.{command.name}")) <= 100
            for option in command.options:
                key = f"option.{option.name}"
                assert len(say(locale, key if has(key) else f"{key}.summary")) <= 100
                for value in option.values:
                    assert len(say(locale, f"{key}.{value}")) <= 100


def test_no_two_commands_have_one_name_in_a_language() -> None:
    for locale in LOCALES:
        names = [texts(locale).get(f"command.{command.name}.name", command.name) for command in MENU]
        assert len(set(names)) == len(names), locale
        assert all(re.fullmatch(r"[-\w]{1,32}", name) and name == name.lower() for name in names)


def test_every_setting_says_what_it_is_and_does() -> None:
    for name in SETTING_NAMES:
        assert say("en", f"commands.setting.{name}.title")
        assert say("en", f"commands.setting.{name}.help")


def test_plurals_follow_the_language() -> None:
    assert say("en", "commands.sources.title", count=1).startswith("1 feed is")
    assert say("en", "commands.sources.title", count=0).startswith("0 feeds")
    assert say("fr", "commands.status.state.sent", count=0) == "0 envoyé"
    assert say("de", "commands.status.state.owed", count=2) == "2 warten"


def test_a_missing_text_is_said_in_english_and_stops_nobody() -> None:
    be_strict(False)
    assert say("xx", "commands.page.newer") == "Newer"
    assert say("de", "commands.no.such.key") == "commands.no.such.key"
    assert say("de", "commands.latest.of") == "commands.latest.of"  # without its argument


def test_a_missing_text_raises_while_testing() -> None:
    with pytest.raises(MissingText):
        say("de", "commands.no.such.key")
    with pytest.raises(MissingText):
        say("de", "commands.latest.of")


def test_a_platform_s_locale_is_reduced_to_a_language() -> None:
    assert [pick(locale) for locale in ("de-AT", "pt_BR", "es-419", "FR", "ja", "", None)] == [
        "de", "pt", "es", "fr", "en", "en", "en",
    ]  # fmt: skip


def test_days_and_times_read_as_in_the_language() -> None:
    at = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
    assert day("en", date(2026, 11, 22)) == "Sunday 22 November"
    assert day("de", at) == "Sonntag, 22. November"
    assert moment("es", at) == "domingo 22 de noviembre, 14:05"
    assert moment("fr", at) == "dimanche 22 novembre à 14:05"


def test_a_reason_is_said_with_names_and_local_times() -> None:
    reason = "post.why.delay|2026-11-22T14:00:00+00:00"
    assert "Sonntag, 22. November, 15:00 Uhr" in say_reason(reason, "de", "Europe/Berlin")
    assert "German" in say_reason("post.why.language|de|en,fr", "en")
    assert "French" in say_reason("post.why.language|de|en,fr", "en")
    assert "1 post an hour" in say_reason("post.why.cap|1", "en")
    assert "rumo" in say_reason("post.why.exclude|rumo* OR x", "it")
    assert say_reason("403: the outlet\nrefuses", "en") == "403: the outlet refuses"


def test_what_articles_were_merged_for_is_said_with_our_words_and_their_names() -> None:
    kept = "merge.hours|3|Ferrari, merge.act.penalty, merge.nothing"
    assert say_reason(kept, "fr") == "Ferrari, pénalité, merge.nothing ; à 3 heures d'écart"
    assert say_reason("merge.at_once|23, merge.words", "de") == "23, dieselben Wörter; zur selben Zeit"
    acts = tomllib.loads((ROOT / "stories" / "acts.toml").read_text(encoding="utf-8"))["acts"]
    assert {f"merge.act.{act}" for act in acts} == {key for key in ENGLISH if key.startswith("merge.act.")}


def test_a_trouble_within_a_trouble_is_said_in_the_same_language() -> None:
    kept = trouble.reason("paused", 1, trouble.reason("too_big", 5))
    assert kept == "trouble.paused|1|trouble.too_big|5"
    assert say_reason(kept, "de") == "Nach 1 Tag voller Fehler angehalten. Die Antwort ist größer als 5 MB."
    assert trouble.in_english(kept) == "Paused after failing for 1 day. The answer is bigger than 5 MB."


def test_what_an_outlet_said_stays_one_argument_and_is_never_a_sentence_of_ours() -> None:
    kept = trouble.error("certificate", "self|signed\n{a} commands.failed").reason
    assert say_reason(kept, "en") == (
        "The certificate of the server is not valid: self/signed {a} commands.failed."
    )
    assert say_reason("trouble.certificate|commands.failed", "en").endswith(": commands.failed.")
    assert say_reason("trouble.too_big|²", "en") == "The answer is bigger than ² MB."


def test_an_error_is_told_in_each_language_and_logged_in_english() -> None:
    error = trouble.error("status.404", 404, status=404)
    assert (str(error), error.status) == ("There is no feed at this address (404).", 404)
    assert len({say_reason(error.reason, locale) for locale in LOCALES}) == len(LOCALES)


# ── the code ──


def _sources() -> list[Path]:
    return sorted([*(ROOT / "commands").glob("*.py"), *(ROOT / "posts").glob("*.py")])


def _strings(tree: ast.AST) -> Iterator[str]:
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    logged = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log.")
        for argument in node.args
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings | logged
        ):
            yield node.value


@pytest.mark.parametrize("path", _sources(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_sentence_is_written_in_the_code(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [text for text in _strings(tree) if re.search(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", text)]
    assert [text for text in found if text not in NO_SENTENCES] == []


@pytest.mark.parametrize("folder", ["feeds", "poller", "commands"])
def test_an_outlet_s_trouble_is_an_error_that_can_be_said_in_each_language(folder: str) -> None:
    made = [
        f"{path.name}:{node.lineno}"
        for path in (ROOT / folder).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in TROUBLES
    ]
    assert made == []


def test_why_a_post_was_not_sent_can_be_said_in_each_language() -> None:
    paths = [*(ROOT.parent / "adapters").rglob("*.py"), *(ROOT / "outbox").glob("*.py")]
    calls = [
        node
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in FAILURES and node.args
    ]
    said = [text for call in calls if (text := _beginning(call.args[0])) is not None]
    assert len(said) > 10
    assert [text for text in said if not has(text.partition("|")[0])] == []
    causes = {key.removeprefix("outbox.cause.") for key in ENGLISH if key.startswith("outbox.cause.")}
    code = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    assert {cause for cause in causes if f"outbox.cause.{cause}" not in code} == {"ours"}


def _beginning(node: ast.expr) -> str | None:
    """What a text in the code begins with: one that is put together names its key first."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "join":
        return _beginning(node.args[0])
    if isinstance(node, ast.JoinedStr):
        return _beginning(node.values[0])
    return str(node.value) if isinstance(node, ast.Constant) else None


def test_every_trouble_in_the_code_has_its_sentence_and_the_other_way_round() -> None:
    paths = [*(ROOT / "feeds").glob("*.py"), ROOT / "poller" / "check.py"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    named = set(re.findall(r'trouble\.(?:error|reason|refused|unreachable)\(\s*"([\w.]+)"', code))
    assert [key for key in sorted(named) if not has(f"trouble.{key}")] == []
    keys = {re.sub(r"^trouble\.|\.(one|other)$", "", key) for key in ENGLISH if key.startswith("trouble.")}
    quoted = set(re.findall(r'"([\w.]+)"', code))
    unused = {key for key in keys - quoted if not key.startswith(("status.", "ssl."))}
    assert {key for key in unused if key.removeprefix("net.") not in quoted} == set()


def test_every_key_in_the_code_is_in_the_files_and_the_other_way_round() -> None:
    paths = [*_sources(), ROOT / "locale" / "dates.py"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    constant = set(re.findall(r'"((?:commands|post)\.[\w.-]+)"', code))
    constant |= {f"commands.{key}" for key in re.findall(r'refuse\(\s*"([\w.-]+)"', code)}
    constant |= {f"commands.{key}" for key in re.findall(r'"(wrong\.[\w.-]+)"', code)}
    dynamic = set(re.findall(r'f"((?:commands|post)\.[\w.-]*)\|?\{', code))
    dynamic |= {"commands.follow.", "commands.unfollow.", "post.language.", "post.label.", "commands.value."}
    dynamic |= {"commands.paused."}  # written down by the storage as a reason
    prefixes = {"post.language", "post.label", "post.importance"}
    assert [key for key in sorted(constant - prefixes) if not has(key) and not _is_beginning(key)] == []
    assert [key for key in sorted(dynamic) if not _is_beginning(key)] == []
    keys = {
        re.sub(r"\.(one|other)$", "", key) for key in ENGLISH if key.split(".")[0] in ("commands", "post")
    }
    unused = {key for key in keys - constant if not any(key.startswith(one) for one in dynamic)}
    assert unused - {"post.why.unfollowed"} == set()


def _is_beginning(key: str) -> bool:
    return any(known.startswith(key) for known in ENGLISH)
