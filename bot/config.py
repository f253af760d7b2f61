"""Settings: from environment, `.env`, `pitwire.toml` or secret files, checked once at the start."""

from __future__ import annotations

import difflib
import ipaddress
import json
import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import platformdirs
from pydantic import (
    AnyHttpUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError as ParsingError

from bot.errors import SettingsError
from bot.plain import Plain, Secret, host_and_port

PREFIX = "PITWIRE_"
Seconds = Annotated[float, Field(gt=0)]


def _without_trailing_slash(value: object) -> object:
    return value.rstrip("/") if isinstance(value, str) else value


Base = Annotated[str, BeforeValidator(_without_trailing_slash)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DiscordSettings(Part):
    token: SecretStr | None = Field(None, description="The bot's token.")
    api_url: Base = Field("https://discord.com/api/v10", description="REST base: a proxy for large bots.")
    gateway_url: str | None = Field(None, description="Gateway address; asked of the API by default.")


class TelegramSettings(Part):
    token: SecretStr | None = Field(None, description="The bot's token.")
    api_url: Base = Field(
        "https://api.telegram.org", description="Bot API base without `/bot`: a local server."
    )
    per_second: float = Field(30, gt=0, description="Messages a second in all.")
    per_chat_second: float = Field(1, gt=0, description="Messages a second in one chat.")
    per_group_minute: float = Field(20, gt=0, description="Messages a minute in one group.")
    webhook_url: AnyHttpUrl | None = Field(None, description="Receive updates there instead of long polling.")
    webhook_listen: str = Field("127.0.0.1:8443", description="host:port that the webhook listens on.")
    webhook_secret: SecretStr | None = Field(
        None, description="Secret token of the webhook; made up by default."
    )


class PollSettings(Part):
    interval: Seconds = Field(
        900, description="Seconds between two polls of a feed, until its rhythm is known."
    )
    min_interval: Seconds = Field(120, description="The least that adaptive polling may use.")
    host_gap: float = Field(1, ge=0, description="Least seconds between two requests to one host.")
    in_flight: int = Field(50, ge=1, le=1000, description="Requests to outlets at the same time.")
    pages: bool = Field(
        True,
        description="Read an article's page when its feed gives only a teaser; look whether what was posted still stands.",
    )


class HttpSettings(Part):
    timeout: Seconds = Field(20, description="Seconds for one fetch in all.")
    max_bytes: int = Field(5_000_000, ge=10_000, description="Bytes of a body after decompression.")
    allow_networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = Field(
        (), description="JSON list of CIDRs that the address guard lets through."
    )
    user_agent: str | None = Field(None, description="Sent instead of the one that names Pitwire.")


class LlmSettings(Part):
    base_url: Base | None = Field(None, description="An OpenAI-compatible endpoint that writes summaries.")
    model: str | None = Field(None, description="The model's name there.")
    api_key: SecretStr | None = Field(None, description="Its key, where it wants one.")
    timeout: Seconds = Field(5, description="Seconds; then the local summary is posted.")
    per_day: int = Field(500, ge=0, description="Calls a day at the most.")

    @model_validator(mode="after")
    def _complete(self) -> LlmSettings:
        if self.base_url and not self.model:
            raise ValueError("model is needed together with base_url")
        return self


class WebSettings(Part):
    listen: str | None = Field(
        None, description="host:port for /metrics, /healthz and a status page; off by default."
    )
    public_url: AnyHttpUrl | None = Field(
        None, description="Where hubs reach `listen` from outside (WebSub)."
    )

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        if value is not None:
            host_and_port(value)
        return value


class LogSettings(Part):
    format: Literal["text", "json"] | None = Field(None, description="text (default on a terminal) or json.")
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged."
    )


class DeliverySettings(Part):
    resend_uncertain: bool = Field(True, description="Telegram: send again when an answer was lost.")
    catch_up: int = Field(
        10, ge=1, description="Stories a destination after downtime; the rest as one digest."
    )
    senders: int = Field(
        32, ge=1, le=256, description="Deliveries in hand at the same time on each platform."
    )
    keep_days: int = Field(60, ge=7, description="Days that stories and deliveries are kept.")


class FeedAdding(Part):
    adding: Literal["off", "catalogue", "any"] = Field(
        "catalogue", description="What `/feed add` may add in a chat."
    )
    per_space: int = Field(20, ge=0, description="Feeds that one server or group may add.")


class Settings(BaseSettings):
    """All settings of a process. A wrong one raises SettingsError with one sentence that names it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file=".env",
        env_file_encoding="utf-8",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: SecretStr | None = Field(
        None, description="sqlite:///PATH (a file in the user's data folder by default) or postgresql://…"
    )
    feeds: Path | None = Field(None, description="A TOML file of feeds that replaces the built-in catalogue.")
    locale: str = Field("en", description="Language of the terminal.")
    discord: DiscordSettings = DiscordSettings()
    telegram: TelegramSettings = TelegramSettings()
    poll: PollSettings = PollSettings()
    http: HttpSettings = HttpSettings()
    llm: LlmSettings = LlmSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    delivery: DeliverySettings = DeliverySettings()
    feed: FeedAdding = FeedAdding()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by _PlainEnvironment
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order: arguments, `…_FILE`, environment, `.env`, secrets folder, `pitwire.toml`."""
        return (
            init_settings,
            _SecretFiles(settings_cls),
            _PlainEnvironment(settings_cls),
            dotenv_settings,
            file_secret_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=toml_path()),
        )

    @property
    def database(self) -> str:
        """The database's address: as set, or a file in the user's data folder."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{Path(platformdirs.user_data_dir('pitwire', appauthor=False)) / 'pitwire.sqlite3'}"

    @property
    def poll_interval(self) -> timedelta:
        return timedelta(seconds=self.poll.interval)


class _PlainEnvironment(EnvSettingsSource):
    """The environment without the `…_FILE` names, which are paths and not values."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name: value for name, value in super()._load_env_vars().items() if not name.endswith("_file")}


class _SecretFiles(EnvSettingsSource):
    """PITWIRE_DISCORD__TOKEN_FILE=/run/secrets/x is read as PITWIRE_DISCORD__TOKEN (Docker's convention)."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        values: dict[str, str | None] = {}
        for name, path in os.environ.items():
            if not (name.upper().startswith(PREFIX) and name.upper().endswith("_FILE")):
                continue
            try:
                text = Path(path).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "is not text"
                raise SettingsError(f"{name}: cannot read {path}: {reason}.") from error
            values[name[: -len("_FILE")].lower()] = text.strip()
        return values


def toml_path() -> Path:
    """The settings file: `PITWIRE_CONFIG`, or `pitwire.toml` in the working folder."""
    return Path(os.environ.get("PITWIRE_CONFIG", "pitwire.toml"))


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from everywhere; raises SettingsError with one sentence a person can act on."""
    _refuse_unknown()
    try:
        return Settings(_secrets_dir=_secrets_folder(), **overrides)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    except ParsingError as error:
        raise SettingsError(f'{_named(str(error))}: must be valid JSON, such as ["10.0.0.0/8"].') from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{toml_path()} is not valid TOML: {error}.") from None
    except OSError as error:
        raise SettingsError(f"{toml_path()} cannot be read: {error.strerror}.") from None


def plain_settings() -> Settings:
    """Read the settings and keep their values only: what names none of pydantic's classes need not load it."""
    settings = load_settings()
    values = {**settings.model_dump(), "database": settings.database, "poll_interval": settings.poll_interval}
    return cast(Settings, _plain(values))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return Plain(**{name: _plain(inner) for name, inner in value.items()})
    if isinstance(value, SecretStr):
        return Secret(value.get_secret_value())
    return str(value) if isinstance(value, AnyHttpUrl) else value


def default_settings(**values: Any) -> Settings:
    """The defaults with these values, whatever the environment and the settings files say."""
    defaults = {
        name: info.get_default(call_default_factory=True) for name, info in Settings.model_fields.items()
    }
    return Settings.model_construct(**{**defaults, **values})


def _secrets_folder() -> str | None:
    folder = os.environ.get(f"{PREFIX}SECRETS_DIR", "/run/secrets")
    return folder if Path(folder).is_dir() else None


_OWN_NAMES = {f"{PREFIX}CONFIG", f"{PREFIX}SECRETS_DIR"}


def setting_names() -> dict[str, Any]:
    """Every setting by the name of its environment variable, with its field: what docs and checks list."""
    names: dict[str, Any] = {}
    for name, info in Settings.model_fields.items():
        part = info.annotation
        if isinstance(part, type) and issubclass(part, Part):
            for inner, inner_info in part.model_fields.items():
                names[f"{PREFIX}{name.upper()}__{inner.upper()}"] = inner_info
        else:
            names[f"{PREFIX}{name.upper()}"] = info
    return names


def _refuse_unknown() -> None:
    """An environment variable with a typing mistake is silently ignored by pydantic-settings: refuse it."""
    known = set(setting_names()) | _OWN_NAMES
    parts = {name.split("__")[0] for name in known if "__" in name}
    for name in os.environ:
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper in known or upper in parts:
            continue
        if upper.endswith("_FILE") and upper[: -len("_FILE")] in known:
            continue
        near = difflib.get_close_matches(upper, sorted(known), n=1, cutoff=0.7)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise SettingsError(f"{name} is not a setting of Pitwire.{hint}")


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    name = PREFIX + "__".join(part.upper() for part in path[:2])
    if first["type"] == "extra_forbidden":
        return f"{'.'.join(path)} is not a setting of Pitwire (in .env or {toml_path()})."
    text = first["msg"].removeprefix("Value error, ")
    return f"{name}: {text[:1].lower()}{text[1:]}."


def _named(message: str) -> str:
    """The variable whose value should have been JSON: pydantic-settings names only the part it belongs to."""
    for name in setting_names():
        value = os.environ.get(name)
        if (
            value is not None
            and name.removeprefix(PREFIX).split("__")[0].lower() in message
            and not _is_json(value)
        ):
            return name
    return "A setting"


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True
