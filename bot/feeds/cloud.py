"""Which cloud does a feed name? The RSS 2.0 `cloud` element (rssCloud), written as a hub: `rsscloud+http://…`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLOUD = "rsscloud+"
_PROTOCOLS = frozenset({"http-post", "https-post"})


def named_by(cloud: Mapping[str, Any] | None) -> str | None:
    """The hub that a `cloud` element stands for; None where it wants another protocol than a posted form."""
    facts = {name: str(value).strip() for name, value in (cloud or {}).items()}
    domain, port, path = facts.get("domain", ""), facts.get("port", "") or "80", facts.get("path", "")
    protocol = facts.get("protocol", "").lower()
    if protocol not in _PROTOCOLS or not domain or not port.isdigit():
        return None
    scheme = "https" if port == "443" or protocol == "https-post" else "http"
    return f"{CLOUD}{scheme}://{domain}:{port}/{path.removeprefix('/')}"


def is_cloud(push: Mapping[str, Any]) -> bool:
    """Say whether a subscription is one with a cloud."""
    return str(push.get("hub", "")).startswith(CLOUD)
