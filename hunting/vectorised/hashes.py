"""xxhash64 of one row's value, as a signed number."""

from __future__ import annotations

import struct

from hunting.vectorised.rows import by_row


def _signed(data: bytes) -> int:
    import xxhash

    value: int = xxhash.xxh64_intdigest(data)
    return value - (1 << 64) if value >> 63 else value


@by_row("VARCHAR", result="BIGINT")
def xxhash64_of_text(text: str) -> int:
    return _signed(text.encode())


@by_row("BIGINT", result="BIGINT")
def xxhash64_of_long(number: int) -> int:
    return _signed(struct.pack("<q", number))


@by_row("DOUBLE", result="BIGINT")
def xxhash64_of_real(number: float) -> int:
    return _signed(struct.pack("<d", number))
