"""Property bags (pages: bag_merge, bag_set_key, bag_remove_keys, treepath, buildschema ...)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hunting.vectorised.rows import by_row

_STEP = re.compile(r"\.(\w+)|\[(-?\d+)\]|\[\s*'((?:[^'\\]|\\.)*)'\s*\]|\[\s*\"((?:[^\"\\]|\\.)*)\"\s*\]")
MAX_DEPTH = 64


@by_row("JSON", result="JSON")
def merge_bags(bags: list[Any]) -> dict[str, Any] | None:
    """All properties; of a name that occurs twice the first. What is no bag is left out; no bag at all gives null."""
    found = [bag for bag in bags if isinstance(bag, dict)]
    merged: dict[str, Any] = {}
    for bag in found:
        merged = {**merged, **{key: value for key, value in bag.items() if key not in merged}}
    return merged if found else None


@by_row("JSON", "JSON", result="JSON")
def without_keys(bag: Any, keys: Any) -> dict[str, Any] | None:
    """The bag without properties of these names; a name that begins with `$` is a JSON path."""
    if not isinstance(bag, dict) or not isinstance(keys, list):
        return None
    kept: dict[str, Any] = deepcopy(bag)
    for key in keys:
        steps = _steps(key)
        holder = _holder(kept, steps)
        if steps and isinstance(holder, dict) and steps[-1] in holder:
            del holder[steps[-1]]
    return kept


@by_row("JSON", "VARCHAR", "JSON", result="JSON", total=True)
def with_key(bag: Any, key: str, value: Any) -> dict[str, Any] | None:
    """The bag with one property set; a key that begins with `$` is a JSON path, whose bags are made if need be."""
    if not isinstance(bag, dict):
        return None
    steps = [step for step in _steps(key) if isinstance(step, str)]
    if not steps or len(steps) < len(_steps(key)):
        return None
    changed: dict[str, Any] = deepcopy(bag)
    holder = changed
    for step in steps[:-1]:
        if not isinstance(holder.get(step), dict):
            holder[step] = {}
        holder = holder[step]
    holder[steps[-1]] = value
    return changed


@by_row("JSON", "VARCHAR", result="BOOLEAN")
def has_key(bag: Any, key: str) -> bool | None:
    """Whether there is a property of this name or JSON path."""
    if not isinstance(bag, dict):
        return None
    steps = _steps(key)
    holder = _holder(bag, steps)
    if not steps:
        return False
    last = steps[-1]
    if isinstance(last, int):
        return isinstance(holder, list) and -len(holder) <= last < len(holder)
    return isinstance(holder, dict) and last in holder


@by_row("JSON", "JSON", result="JSON")
def zip_bag(keys: Any, values: Any) -> dict[str, Any] | None:
    """A bag of keys and values in step; a key without value is null, a value without key is left out."""
    if not isinstance(keys, list):
        return None
    known = values if isinstance(values, list) else []
    padded = known + [None] * (len(keys) - len(known))
    return {key: value for key, value in zip(keys, padded, strict=False) if isinstance(key, str)}


@by_row("JSON", result="JSON")
def without_empty(bag: Any) -> dict[str, Any] | None:
    """The bag without properties that are null or empty text."""
    return {key: value for key, value in bag.items() if value not in (None, "")} if isinstance(bag, dict) else None


@by_row("JSON", result="JSON")
def paths_of(value: Any) -> list[str] | None:
    """The path of every property, at any depth; all elements of an array stand at [0]."""
    return list(dict.fromkeys(_paths(value, "", MAX_DEPTH))) if isinstance(value, dict) else None


def _paths(value: Any, path: str, depth: int) -> Iterator[str]:
    inner = list(value.items()) if isinstance(value, dict) else [(0, each) for each in value] if isinstance(value, list) else []
    for step, each in inner if depth else ():
        place = f"{path}['{step}']" if isinstance(step, str) else f"{path}[0]"
        yield place
        yield from _paths(each, place, depth - 1)


@by_row("JSON", result="VARCHAR")
def canonical_json(value: Any) -> str:
    """JSON text with the properties in order of their names, at any depth."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _steps(path: Any) -> list[str | int]:
    """The steps of a key or JSON path; a path that cannot be read has none."""
    if not isinstance(path, str):
        return []
    if not path.startswith("$"):
        return [path]
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            return []
        steps.append(
            int(found[2]) if found[2] is not None else next(part for part in (found[1], found[3], found[4]) if part is not None)
        )
        at = found.end()
    return steps


def _holder(value: Any, steps: list[str | int]) -> Any:
    """What the last step is taken from."""
    for step in steps[:-1]:
        value = _inside(value, step)
    return value


def _inside(value: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return value.get(step) if isinstance(value, dict) else None
    return value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None


# ---------------------------------------------------------------- aggregates over a list of bags


@by_row("JSON", "BIGINT", result="JSON")
def merged_in_turn(bags: list[Any], maximum: int) -> dict[str, Any]:
    """So many properties of all bags; of a name that occurs again the first stays."""
    merged: dict[str, Any] = {}
    for bag in bags:
        for key, value in bag.items() if isinstance(bag, dict) else ():
            if len(merged) < maximum:
                merged.setdefault(key, value)
    return merged


@by_row("JSON", result="JSON")
def schema_of_values(values: list[Any]) -> Any:
    """The types that occur, property by property; arrays are described under `indexer` in backticks."""
    return _schema([value for value in values if value is not None], MAX_DEPTH)


def _schema(values: list[Any], depth: int) -> Any:
    kinds = list(
        dict.fromkeys(_TYPES[type(value)] for value in values if not isinstance(value, dict | list) and value is not None)
    )
    bags = [value for value in values if isinstance(value, dict)]
    arrays = [value for value in values if isinstance(value, list)]
    found: list[Any] = list(kinds)
    if bags and depth:
        keys = dict.fromkeys(key for bag in bags for key in bag)
        found.append({key: _schema([bag[key] for bag in bags if key in bag], depth - 1) for key in keys})
    if arrays and depth:
        found.append({"`indexer`": _schema([each for array in arrays for each in array], depth - 1)})
    return found[0] if len(found) == 1 else found


_TYPES = {bool: "bool", int: "long", float: "double", str: "string"}
