"""Undo Content-Encoding piece by piece, with a cap on what comes out: a bomb is cut off, never unpacked."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from bot.feeds import trouble

STEP = 64 * 1024  # bytes that one step may unpack; the cap is checked between two steps


class Decoder(Protocol):
    """Unpack a body that arrives in pieces."""

    def feed(self, data: bytes, most: int) -> bytes:
        """Unpack a piece to at most about `most` bytes (+ STEP); more than that is the caller's cap reached."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether the packed stream ended as it should."""
        ...


class _Zlib:
    """gzip and zlib; "deflate" is zlib by RFC 9110, but some servers send it bare."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._object = zlib.decompressobj(wbits)
        self._begun = False

    def feed(self, data: bytes, most: int) -> bytes:
        if not self._begun and self._wbits == zlib.MAX_WBITS and data and (data[0] & 0x0F) != 8:
            self._object = zlib.decompressobj(-zlib.MAX_WBITS)
        self._begun = self._begun or bool(data)
        out = bytearray()
        while data and len(out) <= most:
            if self._object.eof:  # a gzip file of several members (RFC 1952 2.2); zeros pad the last one
                data = data.lstrip(b"\0")
                if self._wbits != zlib.MAX_WBITS | 16 or not data:
                    break
                self._object = zlib.decompressobj(self._wbits)
            out += self._object.decompress(data, STEP)
            data = self._object.unconsumed_tail or self._object.unused_data
        return bytes(out)

    @property
    def is_done(self) -> bool:
        return self._object.eof


class _Brotli:
    def __init__(self) -> None:
        import brotli

        self._object = brotli.Decompressor()

    def feed(self, data: bytes, most: int) -> bytes:
        out = bytearray(self._object.process(data, output_buffer_limit=STEP))
        while len(out) <= most and not self._object.can_accept_more_data():
            out += self._object.process(b"", output_buffer_limit=STEP)
        return bytes(out)

    @property
    def is_done(self) -> bool:
        return bool(self._object.is_finished())


class _Zstd:
    def __init__(self) -> None:
        self._make = _zstd_class()
        self._object = self._make()

    def feed(self, data: bytes, most: int) -> bytes:
        out = bytearray()
        while len(out) <= most:
            if self._object.eof:
                data = self._object.unused_data or data
                if not data:
                    break
                self._object = self._make()
            out += self._object.decompress(data, STEP)
            data = b""
            if self._object.needs_input and not self._object.eof:
                break
            if self._object.eof and not self._object.unused_data:
                break
        return bytes(out)

    @property
    def is_done(self) -> bool:
        return bool(self._object.eof)


def _zstd_class() -> Callable[[], Any]:
    """The standard library's from Python 3.14 on, or its backport where that is installed."""
    import importlib

    for name in ("compression.zstd", "backports.zstd"):
        try:
            return getattr(importlib.import_module(name), "ZstdDecompressor")  # type: ignore[no-any-return]  # noqa: B009
        except ImportError:
            continue
    raise ImportError("no zstd")


def _has(make: Callable[[], object]) -> bool:
    try:
        make()
    except ImportError:
        return False
    return True


_MAKERS: dict[str, Callable[[], Decoder]] = {
    "gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "x-gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "deflate": lambda: _Zlib(zlib.MAX_WBITS),
    "br": _Brotli,
    "zstd": _Zstd,
}


def acceptable() -> str:
    """The Accept-Encoding of every request: what can be undone here."""
    return ", ".join(name for name in ("gzip", "deflate", "br", "zstd") if _has(_MAKERS[name]))


def decoders(content_encoding: str) -> Sequence[Decoder]:
    """Make the decoders for a Content-Encoding, the outermost first. At most two: nobody honest packs more often."""
    names = [name.strip().lower() for name in content_encoding.split(",")]
    names = [name for name in names if name and name != "identity"]
    if len(names) > 2:
        raise trouble.error("packed_often")
    try:
        return [_MAKERS[name]() for name in reversed(names)]
    except (KeyError, ImportError):
        raise trouble.error("packed_oddly", names[-1][:20]) from None


def unpacked(decoder: Decoder, data: bytes, most: int) -> bytes:
    """Feed a decoder; what the libraries raise for damaged data becomes a sentence."""
    try:
        return decoder.feed(data, most)
    except Exception as error:  # zlib.error, brotli.error, ZstdError: they share no base
        raise trouble.error("damaged") from error
