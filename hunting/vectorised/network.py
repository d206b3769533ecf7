"""Addresses (pages: parse_ipv4, ipv4_is_match, ipv6_compare, format_ipv4, has_any_ipv4, geo_info_from_ip_address ...)."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, summarize_address_range
from pathlib import Path
from typing import Any

from hunting.vectorised.rows import FUNCTIONS, Vectorised, by_row, from_rows

_MAPPED = 0xFFFF << 32  # an IPv4 address as IPv6: ::ffff:a.b.c.d


@lru_cache(maxsize=65_536)
def _parsed(text: str, bits: int) -> tuple[int, int] | None:
    """The number of an address of 32 or 128 bits and the length of its prefix; an IPv4 address may stand for an IPv6 one."""
    address, slash, suffix = text.strip().partition("/")
    try:
        number = ip_address(address)
    except ValueError:
        return None
    width = number.max_prefixlen
    length = int(suffix) if slash and suffix.isdecimal() and len(suffix) < 4 else width
    if (slash and not suffix.isdecimal()) or length > width:
        return None
    if width == bits:
        return int(number), length
    return (_MAPPED | int(number), length + 96) if bits == 128 else None


def _masked(number: int, length: int, bits: int) -> int:
    return number >> (bits - length) << (bits - length)


@by_row("VARCHAR", result="BIGINT")
def ip4_number(ip: str) -> int | None:
    """The address as a number, without the bits behind its prefix."""
    found = _parsed(ip, 32)
    return None if found is None else _masked(*found, 32)


@by_row("VARCHAR", "BIGINT", result="BIGINT")
def ip4_masked(ip: str, length: int) -> int | None:
    found = _parsed(ip, 32)
    return None if found is None or not 0 <= length <= 32 else _masked(found[0], min(found[1], length), 32)


@by_row("VARCHAR", result="BIGINT")
def ip4_prefix_length(ip: str) -> int | None:
    found = _parsed(ip, 32)
    return None if found is None else found[1]


@by_row("JSON", "BIGINT", "BOOLEAN", result="VARCHAR")
def ip4_text(ip: Any, length: int, suffixed: bool) -> str | None:
    """An address, given as text or number, cut to so many bits; with its prefix in CIDR notation if `suffixed`."""
    found = _parsed(ip, 32) if isinstance(ip, str) else (ip, 32) if 0 <= ip < 2**32 else None
    if found is None or not 0 <= length <= 32:
        return None
    kept = min(found[1], length)
    return str(IPv4Address(_masked(found[0], kept, 32))) + (f"/{kept}" if suffixed else "")


@by_row("VARCHAR", "VARCHAR", "BIGINT", "INTEGER", result="BIGINT")
def ip_compared(left: str, right: str, length: int, bits: int) -> int | None:
    """-1, 0 or 1 by the numbers, both cut to the shortest of the prefixes."""
    one, two = _parsed(left, bits), _parsed(right, bits)
    if one is None or two is None or not 0 <= length <= bits:
        return None
    shortest = min(one[1], two[1], length)
    first, second = _masked(one[0], shortest, bits), _masked(two[0], shortest, bits)
    return (first > second) - (first < second)


@by_row("VARCHAR", "VARCHAR", "INTEGER", result="BOOLEAN")
def ip_in_range(ip: str, network: str, bits: int) -> bool | None:
    return _in_range(ip, network, bits)


@by_row("VARCHAR", "JSON", "INTEGER", result="BOOLEAN")
def ip_in_any_range(ip: str, networks: Any, bits: int) -> bool | None:
    """Whether one of the ranges holds the address; null if the address or every range is none."""
    found = [
        _in_range(ip, network, bits)
        for network in (networks if isinstance(networks, list) else [networks])
        if isinstance(network, str)
    ]
    known = [each for each in found if each is not None]
    return any(known) if known else None


def _in_range(ip: str, network: str, bits: int) -> bool | None:
    one, two = _parsed(ip, bits), _parsed(network, bits)
    if one is None or two is None:
        return None
    return _masked(one[0], two[1], bits) == _masked(two[0], two[1], bits)


@by_row("VARCHAR", result="BOOLEAN")
def ip4_private(ip: str) -> bool | None:
    """Whether the address, or the whole network, is in one of the three private ranges."""
    found = _parsed(ip, 32)
    if found is None:
        return None
    return any(found[1] >= length and _masked(found[0], length, 32) == number for number, length in _PRIVATE)


_PRIVATE = tuple(
    (int(network.network_address), network.prefixlen)
    for network in map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
)


@by_row("VARCHAR", "BIGINT", result="VARCHAR")
def ip6_text(ip: str, length: int) -> str | None:
    """The full form of an IPv6 address, without the bits behind its prefix or the given length."""
    found = _parsed(ip, 128)
    if found is None or not 0 <= length <= 128:
        return None
    return IPv6Address(_masked(found[0], min(found[1], length), 128)).exploded


@by_row("VARCHAR", "VARCHAR", result="JSON")
def ip4_cidr_list(first: str, last: str) -> list[str] | None:
    """The networks that together are the range."""
    try:
        return [str(network) for network in summarize_address_range(IPv4Address(first), IPv4Address(last))]
    except ValueError:
        return None


# ---------------------------------------------------------------- addresses in texts

_DELIMITER = "[^0-9A-Za-z]"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_ADDRESS = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII)
_PREFIX = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{0,2}}\.", re.ASCII)


@lru_cache(maxsize=4_096)
def _searched(words: tuple[str, ...], prefixes: bool) -> re.Pattern[str] | None:
    """A pattern of the words that are addresses (or, ending in a dot, prefixes of addresses); null if none is."""
    whole = [re.escape(word) for word in words if _ADDRESS.fullmatch(word)]
    cut = [re.escape(word) + r"[0-9.]*" for word in words if prefixes and _PREFIX.fullmatch(word)]
    if not whole and not cut:
        return None
    return re.compile(rf"(?:^|{_DELIMITER})({'|'.join([*whole, *cut])})(?=$|{_DELIMITER})", re.ASCII)


@by_row("VARCHAR", "JSON", "BOOLEAN", result="BOOLEAN")
def holds_ip4(text: str, words: Any, prefixes: bool) -> bool:
    """Whether one of the addresses (prefixes) stands in the text, between anything but letters and digits."""
    listed = words if isinstance(words, list) else [words]
    pattern = _searched(tuple(word for word in listed if isinstance(word, str)), prefixes)
    if pattern is None:
        return False
    return any(_ADDRESS.fullmatch(found[1].rstrip(".")) for found in pattern.finditer(text))


# ---------------------------------------------------------------- where an address is


@lru_cache(maxsize=4)
def _database(path: str) -> Any:
    import maxminddb

    return maxminddb.open_database(path)


def _located(record: Any) -> dict[str, Any]:
    """The parts of a MaxMind city record that the page names; those it lacks are left out."""

    def name(entry: Any) -> str | None:
        names = entry.get("names", {}) if isinstance(entry, dict) else {}
        return names.get("en") or next(iter(names.values()), None)

    found = {
        "country": name(record.get("country") or record.get("registered_country")),
        "state": name((record.get("subdivisions") or [None])[0]),
        "city": name(record.get("city")),
        "latitude": record.get("location", {}).get("latitude"),
        "longitude": record.get("location", {}).get("longitude"),
    }
    return {key: value for key, value in found.items() if value is not None}


def _locate(database: Path | None, ips: Any) -> Any:
    """Country, state, city and coordinates of addresses; an empty bag where nothing is known (or there is no database)."""

    def of(ip: str) -> dict[str, Any] | None:
        parsed = _parsed(ip, 32) or _parsed(ip, 128)
        if parsed is None:
            return None
        record = _database(str(database)).get(ip.strip().partition("/")[0]) if database is not None else None
        return _located(record) if isinstance(record, dict) else {}

    return from_rows(of, (ips,), ("VARCHAR",), "JSON")


FUNCTIONS["geo_info_of_ip"] = Vectorised(_locate, ["VARCHAR"], "JSON", setting="geoip")
