"""Which addresses may be connected to: the public internet, and what the operator allows."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from bot.errors import AddressRefused
from bot.feeds import trouble

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
AddressInfo = tuple[Any, Any, int, str, tuple[Any, ...]]

# https://www.iana.org/assignments/iana-ipv4-special-registry and its sibling for IPv6. Written out, because
# what `is_private` and `is_global` cover differs between Python versions.
_NEVER: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "host"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "provider"),
    ("127.0.0.0/8", "machine"),
    ("168.63.129.16/32", "metadata"),  # Azure's, though the address is a public one
    ("169.254.0.0/16", "metadata"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "examples"),
    ("192.31.196.0/24", "reserved"),
    ("192.52.193.0/24", "reserved"),
    ("192.88.99.0/24", "relay"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "reserved"),
    ("198.18.0.0/15", "benchmark"),
    ("198.51.100.0/24", "examples"),
    ("203.0.113.0/24", "examples"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("100::/64", "reserved"),
    ("2001::/23", "reserved"),
    ("2001:db8::/32", "examples"),
    ("3fff::/20", "examples"),
    ("5f00::/16", "reserved"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link"),
    ("fec0::/10", "private"),
    ("ff00::/8", "multicast"),
)
_NEVER_V4 = tuple((ip_network(text), why) for text, why in _NEVER if ":" not in text)
_NEVER_V6 = tuple((ip_network(text), why) for text, why in _NEVER if ":" in text)

# IPv6 addresses that lead to an IPv4 address inside them: (network, bits to the right of it).
_CARRIERS: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::/96"), 0),  # IPv4-compatible, with ::1 and :: among them
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("64:ff9b:1::/48"), 0),  # NAT64, a network's own
    (IPv6Network("2002::/16"), 80),  # 6to4
)


def refusal(address: str, allowed: Sequence[Network] = ()) -> str | None:
    """Say which kind of network (`trouble.net.…`) forbids to connect to an address, or None where none does.

    Pure: what it says of an address never changes.
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return "none"
    inner = list(_inner(ip))
    if any(_is_in(each, allowed) for each in (ip, *_mapped(ip))):
        return None
    for each in (ip, *inner):
        why = _why(each)
        if why:
            return why
    return None


def _inner(ip: Address) -> Iterator[Address]:
    """Name the IPv4 addresses that an IPv6 address stands for."""
    if isinstance(ip, IPv4Address):
        return
    for network, shift in _CARRIERS:
        if ip in network:
            yield IPv4Address((int(ip) >> shift) & 0xFFFFFFFF)


def _mapped(ip: Address) -> Iterator[Address]:
    """An IPv4-mapped address connects to the IPv4 address itself: what allows that one allows this one."""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        yield ip.ipv4_mapped


def _why(ip: Address) -> str | None:
    never = _NEVER_V4 if isinstance(ip, IPv4Address) else _NEVER_V6
    for network, why in never:
        if ip in network:
            return why
    if isinstance(ip, IPv6Address) and not any(ip in network for network, _ in _CARRIERS):
        # Only 2000::/3 is given out as public; everything else is unassigned.
        return None if ip in _PUBLIC_V6 else "unassigned"
    return None


_PUBLIC_V6 = IPv6Network("2000::/3")


def _is_in(ip: Address, networks: Sequence[Network]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)


def refuse_literal(host: str, allowed: Sequence[Network]) -> None:
    """Raise AddressRefused for a host that is a forbidden IP address: aiohttp asks no resolver for those."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return
    why = refusal(host, allowed)
    if why:
        raise _refused(host, why)


def _refused(address: str, why: str) -> AddressRefused:
    return trouble.refused("not_public", address, f"trouble.net.{why}")


class PinnedResolver(AbstractResolver):
    """Resolve a name once and hand out only addresses that may be connected to.

    aiohttp connects to exactly what this returns, so a name that changes its mind (DNS rebinding) gains nothing.
    """

    def __init__(self, allowed: Sequence[Network], *, timeout: float = 10) -> None:
        self._allowed = allowed
        self._timeout = timeout

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._timeout):
            found = await loop.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG
            )
        reasons = {str(info[4][0]): refusal(str(info[4][0]), self._allowed) for info in found}
        good = [info for info in found if reasons[str(info[4][0])] is None]
        if found and not good:
            address, why = next(iter(reasons.items()))
            raise trouble.refused("name_not_public", host, address, f"trouble.net.{why}")
        return [
            ResolveResult(
                hostname=host,
                host=str(info[4][0]),
                port=port,
                family=info[0],
                proto=info[2],
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for info in good
        ]

    async def close(self) -> None:
        """Nothing is kept open."""


def gated_socket(allowed: Sequence[Network], info: AddressInfo) -> socket.socket:
    """Open a socket for an address that is about to be connected: the last gate, whatever led here."""
    why = refusal(str(info[4][0]), allowed)
    if why:
        refused = _refused(str(info[4][0]), why)
        raise PermissionError(errno.EACCES, str(refused)) from refused
    family, kind, proto, *_ = info
    return socket.socket(family=family, type=kind, proto=proto)
