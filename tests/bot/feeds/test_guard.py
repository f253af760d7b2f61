"""The address guard: a pure decision, and no spelling of an address that gets around it."""

from __future__ import annotations

import socket
from ipaddress import ip_network

import pytest

from bot.errors import AddressRefused, FetchError
from bot.feeds.client import Client
from bot.feeds.guard import PinnedResolver, gated_socket, refusal, refuse_literal
from tests.loopback.outlets import Outlets

FORBIDDEN = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:169.254.169.254",
    "::ffff:0:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a9fe:a9fe",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "not an address",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert refusal(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_passes(address: str) -> None:
    assert refusal(address) is None


def test_what_the_operator_allows_passes_and_nothing_beside_it() -> None:
    allowed = [ip_network("127.0.0.0/8"), ip_network("fd00::/8")]
    assert refusal("127.0.0.1", allowed) is None
    assert refusal("::ffff:127.0.0.1", allowed) is None
    assert refusal("fd00::1", allowed) is None
    assert refusal("10.0.0.1", allowed)
    assert refusal("::1", allowed)
    assert refusal("64:ff9b::7f00:1", allowed), "a translator somewhere else is not this machine"


def test_the_sentence_says_what_the_address_is() -> None:
    assert "metadata" in (refusal("169.254.169.254") or "")
    with pytest.raises(AddressRefused, match="private network"):
        refuse_literal("192.168.0.1", ())


def test_the_last_gate_opens_no_socket_to_a_forbidden_address() -> None:
    with pytest.raises(PermissionError):
        gated_socket((), (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80)))
    gated_socket((), (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80))).close()


@pytest.mark.parametrize("name", ["localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "0"])
async def test_the_resolver_hands_out_no_forbidden_address(name: str) -> None:
    with pytest.raises(AddressRefused):
        await PinnedResolver(()).resolve(name, 80)


async def test_of_the_addresses_of_a_name_only_the_public_ones_are_handed_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = ["10.0.0.1", "8.8.8.8", "127.0.0.1", "169.254.169.254"]

    def getaddrinfo(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert [one["host"] for one in await PinnedResolver(()).resolve("several.example", 80)] == ["8.8.8.8"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://localhost.:{port}/",
        "http://127.1:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://0x7f.1:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://0.0.0.0:{port}/",
        "http://0:{port}/",
        "http://[::1]:{port}/",
        "http://[::]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::ffff:7f00:1]:{port}/",
        "http://user:secret@127.0.0.1:{port}/",
        "http://127.0.0.1.:{port}/",
        "http://①②⑦.⓪.⓪.①:{port}/",
        "http://127。0。0。1:{port}/",
        "http://１２７.０.０.１:{port}/",
        "http://١٢٧.0.0.1:{port}/",
        "http://ⓛocalhost:{port}/",
        "http://ＬＯＣＡＬＨＯＳＴ:{port}/",
        "http://localhost。:{port}/",
        "http://localhost..:{port}/",
        "http://%31%32%37.0.0.1:{port}/",
        "http://127.0.0.1%00.example:{port}/",
        "http://127.0.0.1%2f:{port}/",
        "http://127.0.0.1\t:{port}/",
        "http://127.0.0.1\n:{port}/",
        "http://127.0.0.1 :{port}/",
        "http://\0127.0.0.1:{port}/",
        "\thttp://127.0.0.1:{port}/",
        "http://017700000001:{port}/",
        "http://0x7f.0x0.0x0.0x1:{port}/",
        "http://127.255.255.254:{port}/",
        "http://[0:0:0:0:0:0:0:1]:{port}/",
        "http://0000::1:{port}/",
        "http://[::127.0.0.1]:{port}/",
        "http://[64:ff9b::127.0.0.1]:{port}/",
        "http://[2002:7f00:1::]:{port}/",
        "http://[::1%25lo]:{port}/",
        "http://[::1%lo]:{port}/",
        "http://[fe80::1%25lo]:{port}/",
        "http://news.example@127.0.0.1:{port}/",
        "http://news.example:80@127.0.0.1:{port}/",
        "http://a@b@127.0.0.1:{port}/",
        "http://127.0.0.1#@news.example:{port}/",
        "http://127.0.0.1:{port}\\@news.example/",
        "http:\\\\127.0.0.1:{port}/",
        "http:/127.0.0.1:{port}/",
        "http:127.0.0.1:{port}/",
        "HTTP://127.0.0.1:{port}/",
        "view-source:http://127.0.0.1:{port}/",
        "jar:http://127.0.0.1:{port}!/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:-1/",
        "http://127.0.0.1:{port}{port}/",
        "http://xn--/",
        "http://" + "a" * 70 + ".example/",
        "ftp://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/_x",
        "javascript:alert(1)",
        "//127.0.0.1:{port}/",
        "http:///etc",
        "http://",
        "http://127.0.0.1:99999/",
        "http://" + "a" * 5000,
    ],
)
async def test_no_spelling_of_this_machine_is_asked(wary: Client, outlets: Outlets, url: str) -> None:
    with pytest.raises(FetchError):
        await wary.get(url.format(port=outlets.url.rpartition(":")[2]))
    assert outlets.asked == []
