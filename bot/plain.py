"""Settings as plain values: what a running process keeps of them, without the library that read and checked them."""

from __future__ import annotations

from types import SimpleNamespace


class Plain(SimpleNamespace):
    """A group of settings by name; read only by agreement, and typed as what it was read as."""

    def __repr__(self) -> str:
        """Show the names alone: a value may hold a password, the database's address for one."""
        return f"Plain({', '.join(vars(self))})"


class Secret:
    """A value that no log and no traceback shows; read like pydantic's SecretStr."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        """The value itself, for whoever it is a secret of."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('**********')"


def host_and_port(value: str) -> tuple[str, int]:
    """Split "127.0.0.1:8080" or "[::1]:8080"; raises ValueError with a sentence."""
    host, colon, port = value.rpartition(":")
    if not colon or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("must be host:port, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)
