"""Settings: every source is read, every mistake is one sentence that names the setting."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from bot.config import load_settings, plain_settings
from bot.errors import SettingsError


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No setting of this machine, and an empty working folder."""
    for name in list(os.environ):
        if name.upper().startswith("PITWIRE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PITWIRE_SECRETS_DIR", str(tmp_path / "secrets"))
    return tmp_path


def test_without_any_setting_the_defaults_hold() -> None:
    settings = load_settings()
    assert settings.discord.token is None
    assert settings.database.startswith("sqlite:///")
    assert settings.http.timeout == 20
    assert settings.http.max_bytes == 5_000_000


def test_environment_env_file_and_toml_are_read_in_this_order(
    monkeypatch: pytest.MonkeyPatch, clean: Path
) -> None:
    (clean / "pitwire.toml").write_text(
        "[poll]\ninterval = 1\nmin_interval = 1\nhost_gap = 1\n", encoding="utf-8"
    )
    (clean / ".env").write_text("PITWIRE_POLL__INTERVAL=2\nPITWIRE_POLL__MIN_INTERVAL=2\n", encoding="utf-8")
    monkeypatch.setenv("PITWIRE_POLL__INTERVAL", "3")
    poll = load_settings().poll
    assert (poll.interval, poll.min_interval, poll.host_gap) == (3, 2, 1)


def test_a_secret_may_be_a_file(monkeypatch: pytest.MonkeyPatch, clean: Path) -> None:
    (clean / "token").write_text("from-a-file\n", encoding="utf-8")
    monkeypatch.setenv("PITWIRE_DISCORD__TOKEN_FILE", str(clean / "token"))
    token = load_settings().discord.token
    assert token is not None
    assert token.get_secret_value() == "from-a-file"


def test_a_secret_may_stand_in_a_secrets_folder(clean: Path) -> None:
    (clean / "secrets").mkdir()
    (clean / "secrets" / "pitwire_database_url").write_text("sqlite:///x.db", encoding="utf-8")
    assert load_settings().database == "sqlite:///x.db"


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PITWIRE_DISCORD__TOKEN", "very-secret")
    monkeypatch.setenv("PITWIRE_DATABASE_URL", "postgresql://u:very-secret@h/db")
    assert "very-secret" not in repr(load_settings())


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PITWIRE_POLL__INTERVAL", "soon", "PITWIRE_POLL__INTERVAL: "),
        ("PITWIRE_POLL__INTERVAL", "-1", "PITWIRE_POLL__INTERVAL: "),
        ("PITWIRE_DISCORD__TOKN", "x", "Did you mean PITWIRE_DISCORD__TOKEN?"),
        ("PITWIRE_COLOUR", "x", "PITWIRE_COLOUR is not a setting"),
        ("PITWIRE_HTTP__ALLOW_NETWORKS", "lan", "PITWIRE_HTTP__ALLOW_NETWORKS: "),
        ("PITWIRE_HTTP__ALLOW_NETWORKS", '["300.0.0.0/8"]', "PITWIRE_HTTP__ALLOW_NETWORKS: "),
        ("PITWIRE_WEB__LISTEN", "8080", "PITWIRE_WEB__LISTEN: must be host:port"),
        ("PITWIRE_LLM__BASE_URL", "http://x", "PITWIRE_LLM: model is needed"),
        ("PITWIRE_DISCORD__TOKEN_FILE", "/nowhere/at/all", "PITWIRE_DISCORD__TOKEN_FILE: cannot read"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_broken_toml_is_one_sentence(clean: Path) -> None:
    (clean / "pitwire.toml").write_text("[poll\ninterval = ", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"pitwire\.toml is not valid TOML"):
        load_settings()


def test_an_unknown_name_in_toml_is_refused(clean: Path) -> None:
    (clean / "pitwire.toml").write_text("[poll]\nintervall = 3\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"poll\.intervall is not a setting"):
        load_settings()


def test_plain_settings_say_the_same_and_keep_secrets_to_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PITWIRE_TELEGRAM__TOKEN", "12:hushed")
    monkeypatch.setenv("PITWIRE_TELEGRAM__WEBHOOK_URL", "https://bot.example/telegram")
    monkeypatch.setenv("PITWIRE_HTTP__ALLOW_NETWORKS", '["127.0.0.0/8"]')
    monkeypatch.setenv("PITWIRE_POLL__INTERVAL", "60")
    monkeypatch.setenv("PITWIRE_DATABASE_URL", "postgresql://pitwire:hushed@db.example/pitwire")
    checked, plain = load_settings(), plain_settings()
    assert plain.telegram.token is not None
    assert plain.telegram.token.get_secret_value() == "12:hushed"
    assert "hushed" not in repr(plain)
    assert str(plain.telegram.webhook_url) == str(checked.telegram.webhook_url)
    assert plain.http.allow_networks == checked.http.allow_networks
    assert (plain.database, plain.poll_interval) == (checked.database, checked.poll_interval)
    assert plain.delivery.catch_up == checked.delivery.catch_up
    assert pickle.loads(pickle.dumps(plain)).http == plain.http
