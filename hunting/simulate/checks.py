"""Checks of the values in a scenario file: each returns the value in its final form, or raises what `wrong` makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from hunting.errors import HuntingError
from hunting.simulate.draw import DAY, HOUR, MINUTE, SECOND
from kql.errors import closest

Complaint = Callable[[str, str], HuntingError]
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def text(value: Any, wrong: Complaint) -> str:
    if not isinstance(value, str) or not value.strip():
        raise wrong("must be text.", "Put it in quotes.")
    return value.strip()


def texts(value: Any, wrong: Complaint) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise wrong("must be a list of texts.", "Write [one, two].")
    return tuple(value)


def count(value: Any, wrong: Complaint) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise wrong(f"must be a whole number, not {value!r}.", "Write it without separators.")
    return value


def positive(value: Any, wrong: Complaint) -> int:
    if count(value, wrong) == 0:
        raise wrong("must be at least 1.", "Give a larger number.")
    return int(value)


def duration(value: Any, wrong: Complaint) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"must be a time span, not {value!r}.", "Write a number and a unit: 90s, 30m, 2h, 3.5d.")
    return round(float(found[1]) * _UNITS[found[2]])


def digest(value: Any, wrong: Complaint) -> str:
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
        raise wrong("must be a SHA-256.", "Write 64 lower-case hexadecimal digits.")
    return value


def network(value: Any, wrong: Complaint) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"(?:\d{1,3}\.){2}\d{1,3}", value):
        raise wrong("must be the start of an IPv4 address.", "Write three numbers: 203.0.113.")
    return value


def flag(value: Any, wrong: Complaint) -> bool:
    if not isinstance(value, bool):
        raise wrong("must be true or false.", "Write true or false.")
    return value


def one_of(allowed: Sequence[str]) -> Callable[[Any, Complaint], str]:
    def check(value: Any, wrong: Complaint) -> str:
        if value not in allowed:
            raise wrong(f"cannot be {value!r}.", closest(str(value), allowed) or f"Choose one of: {'; '.join(allowed)}.")
        return str(value)

    return check


def shares_of(allowed: Sequence[str]) -> Callable[[Any, Complaint], dict[str, float]]:
    def check(value: Any, wrong: Complaint) -> dict[str, float]:
        if not isinstance(value, dict):
            raise wrong("must be a mapping of names to shares.", f"Names: {'; '.join(allowed)}.")
        for name, share in value.items():
            if name not in allowed:
                raise wrong(f"knows no {name!r}.", closest(str(name), allowed) or f"Names: {'; '.join(allowed)}.")
            if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
                raise wrong(f"has a share of {share!r} for '{name}'.", "Shares lie between 0 and 1.")
        return {str(name): float(share) for name, share in value.items()}

    return check
