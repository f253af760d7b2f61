"""How other parts add pages to the operator's door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """A request to a route that another part added."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes = b""
    parts: Mapping[str, str] = field(default_factory=dict)  # of a path such as "/websub/{feed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    status: int = 200
    body: str | bytes = ""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path and who answers there, on the main event loop."""

    path: str
    answer: Callable[[WebRequest], Awaitable[WebAnswer]]
    methods: tuple[str, ...] = ("GET",)
