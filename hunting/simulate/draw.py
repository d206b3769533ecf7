"""Seeded draws, vectorised: choices, identifiers and text made in numpy and Arrow, never row by row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, islice
from math import gcd
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rng = np.random.Generator

SECOND = 1_000_000  # times are integers: microseconds since 1970, UTC
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
DAY = 24 * HOUR

_HEX = np.frombuffer(b"".join(b"%02x" % value for value in range(256)), dtype=np.uint8).reshape(256, 2)


def rng_for(seed: int, *labels: object) -> Rng:
    """A generator of its own for each part, so that one part's draws do not shift those of another."""
    return np.random.default_rng(np.random.SeedSequence([seed, *(crc32(str(label).encode()) for label in labels)]))


def zipf(size: int, exponent: float = 0.8) -> Floats:
    """Cumulative shares of `size` ranks, the first the most frequent."""
    weights = 1.0 / np.arange(1, size + 1) ** exponent
    return np.asarray(np.cumsum(weights) / weights.sum())


def cumulative(weights: Sequence[float]) -> Floats:
    """Cumulative shares of the given weights."""
    return np.asarray(np.cumsum(weights) / np.sum(weights))


def pick(rng: Rng, shares: Floats, size: int) -> Ints:
    """`size` indexes into cumulative `shares`."""
    return np.minimum(np.searchsorted(shares, rng.random(size), side="right"), len(shares) - 1)


def pick_by_row(rng: Rng, shares: Floats, rows: Ints) -> Ints:
    """For each row number an index into that row of cumulative `shares` (a matrix)."""
    return choose_by_row(rng.random(len(rows)), shares, rows)


def choose_by_row(position: Floats, shares: Floats, rows: Ints) -> Ints:
    """As `pick_by_row`, for positions in [0, 1) that were drawn already."""
    return np.asarray(np.minimum((position[:, None] >= shares[rows]).sum(axis=1), shares.shape[1] - 1))


def apportion(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers in the proportion of `shares` that sum to `total` exactly (largest remainder)."""
    exact = np.asarray(shares, dtype=float) * (total / max(float(np.sum(shares)), 1e-12))
    parts = np.floor(exact + 1e-9).astype(int)
    parts[np.argsort(parts - exact, kind="stable")[: total - int(parts.sum())]] += 1
    return [int(part) for part in parts]


def texts(values: Sequence[str], indexes: npt.NDArray[np.integer]) -> pa.Array:
    """values[index] for each index."""
    return pa.array(values, pa.string()).take(pa.array(indexes))


def same(value: str, size: int) -> pa.Array:
    """The same text in every row."""
    return pa.repeat(pa.scalar(value, pa.string()), size)


def glue(*parts: pa.Array | str) -> pa.Array:
    """Element-wise concatenation; plain text stands for itself in every row."""
    joined = pc.binary_join_element_wise(*parts, "")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def numbers(values: npt.NDArray[np.integer]) -> pa.Array:
    """Integers as text."""
    return pa.array(values).cast(pa.string())


def timestamps(microseconds: Ints) -> pa.Array:
    """Times as Arrow timestamps without zone (UTC by definition)."""
    return pa.array(microseconds, pa.int64()).cast(pa.timestamp("us"))


def _fixed_width(characters: npt.NDArray[np.uint8]) -> pa.Array:
    """A matrix of ASCII codes as one string per row."""
    rows, width = characters.shape
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(characters)))


def hexadecimal(rng: Rng, size: int, octets: int) -> pa.Array:
    """Random lower-case hex text of 2 * octets characters."""
    drawn = rng.integers(0, 256, (size, octets), dtype=np.uint8)
    return _fixed_width(_HEX[drawn].reshape(size, 2 * octets))


def guids(rng: Rng, size: int) -> pa.Array:
    """Random GUIDs (version 4) as text."""
    drawn = rng.integers(0, 256, (size, 16), dtype=np.uint8)
    drawn[:, 6] = drawn[:, 6] & 0x0F | 0x40
    drawn[:, 8] = drawn[:, 8] & 0x3F | 0x80
    digits = _HEX[drawn].reshape(size, 32)
    dash = np.full((size, 1), ord("-"), dtype=np.uint8)
    parts = [digits[:, :8], dash, digits[:, 8:12], dash, digits[:, 12:16], dash, digits[:, 16:20], dash, digits[:, 20:]]
    return _fixed_width(np.hstack(parts))


def report_numbers(rng: Rng, size: int) -> pa.Array:
    """Unsigned 64-bit numbers as text, the second part of an e-mail ReportId."""
    return numbers(rng.integers(2**60, 2**63, size))


def addresses_v4(block: str, octets: npt.NDArray[np.integer]) -> pa.Array:
    """IPv4 addresses in a /16 `block` such as "198.18" from numbers in 0..65535."""
    return glue(f"{block}.", numbers(octets // 256), ".", numbers(octets % 256))


def json_lists(values: pa.Array, sizes: Ints) -> pa.Array:
    """Consecutive runs of `values` (which need no escaping) as JSON arrays of strings."""
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())
    listed = glue('["', pc.binary_join(pa.ListArray.from_arrays(offsets, values), '","'), '"]')
    return pc.if_else(pa.array(sizes == 0), "[]", listed)


def repeat(sizes: Ints) -> tuple[Ints, Ints]:
    """For runs of the given sizes: the run's number and the position within it, per element."""
    run = np.repeat(np.arange(len(sizes)), sizes)
    return run, np.arange(len(run)) - (np.cumsum(sizes) - sizes)[run]


def spread_over(rng: Rng, sizes: Ints, pool: int, first: Ints | None = None) -> Ints:
    """For each run distinct indexes into a pool: a random first one, then steps that are coprime to the pool's size."""
    steps = np.array(list(islice((step for step in count(1) if gcd(step, pool) == 1), 97)))
    run, position = repeat(sizes)
    begin = rng.integers(0, pool, len(sizes)) if first is None else first
    return np.asarray((begin[run] + position * rng.choice(steps, len(sizes))[run]) % pool)
