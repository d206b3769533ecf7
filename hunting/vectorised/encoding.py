"""Compressed and encoded text of one row's values."""

from __future__ import annotations

import base64
import binascii
import csv
import re
import zlib
from collections.abc import Callable

from hunting.vectorised.rows import by_row

_LARGEST = 64 << 20  # bytes of one text; a small hostile input can decompress to anything
_STORED = 51  # so short a text is stored as it is, which compression cannot better
_ZLIB, _GZIP = 15, 31  # zlib's window sizes, which choose the header
_DOTS = re.compile("[.。｡．]")


def _compressor(name: str, window: int) -> None:
    def compress(text: str) -> str:
        data = text.encode()
        engine = zlib.compressobj(0 if len(data) <= _STORED else 1, zlib.DEFLATED, window)
        whole = engine.compress(data) + engine.flush()
        if window == _GZIP:  # no word about speed or system
            whole = whole[:8] + b"\x00\xff" + whole[10:]
        return base64.b64encode(whole).decode()

    compress.__name__ = name
    by_row("VARCHAR", result="VARCHAR")(compress)


def _decompressor(name: str, window: int) -> None:
    def decompress(text: str) -> str | None:
        """The text; null if it is not whole, is larger than the limit, or is no UTF-8."""
        try:
            engine = zlib.decompressobj(window)
            data = engine.decompress(base64.b64decode(text, validate=True), _LARGEST)
            return data.decode() if engine.eof else None
        except (ValueError, zlib.error, binascii.Error):
            return None

    decompress.__name__ = name
    by_row("VARCHAR", result="VARCHAR")(decompress)


for _format, _window in (("zlib", _ZLIB), ("gzip", _GZIP)):
    _compressor(f"{_format}_compress_to_base64_string", _window)
    _decompressor(f"{_format}_decompress_from_base64_string", _window)


def _or_null(change: Callable[[str], str], text: str) -> str | None:
    try:
        return change(text)
    except (UnicodeError, ValueError):
        return None


def _encoded(text: str) -> str:
    return text.encode("punycode").decode("ascii")


def _decoded(text: str) -> str:
    return text.encode("ascii").decode("punycode")


@by_row("VARCHAR", result="VARCHAR")
def punycode_from_string(text: str) -> str | None:
    return _or_null(_encoded, text)


@by_row("VARCHAR", result="VARCHAR")
def punycode_to_string(text: str) -> str | None:
    return _or_null(_decoded, text)


@by_row("VARCHAR", result="VARCHAR")
def punycode_domain_to_string(domain: str) -> str | None:
    """The labels that are not ASCII encoded; the ideographic full stops separate labels, too."""
    return _or_null(
        lambda text: ".".join(label if label.isascii() else "xn--" + _encoded(label) for label in _DOTS.split(text)), domain
    )


@by_row("VARCHAR", result="JSON")
def parse_csv(text: str) -> list[str] | None:
    """The fields of the first record."""
    try:
        return next(csv.reader(text.splitlines(keepends=True)), [""])
    except csv.Error:
        return None


@by_row("VARCHAR", "JSON", "JSON", result="VARCHAR")
def replace_strings(text: str, lookups: object, rewrites: object) -> str | None:
    """Each text replaced by its partner, the earlier ones first; a replaced part is settled and not searched again."""
    if not isinstance(lookups, list) or not isinstance(rewrites, list) or len(lookups) != len(rewrites):
        return None
    parts: list[tuple[str, bool]] = [(text, False)]
    for lookup, rewrite in zip(lookups, rewrites, strict=True):
        if isinstance(lookup, str) and lookup:
            settled = (rewrite if isinstance(rewrite, str) else lookup, True)
            parts = [each for part in parts for each in ([part] if part[1] else _with_between(part[0].split(lookup), settled))]
    return "".join(part for part, _ in parts)


def _with_between(pieces: list[str], between: tuple[str, bool]) -> list[tuple[str, bool]]:
    joined = [each for piece in pieces for each in ((piece, False), between)]
    return joined[:-1]
