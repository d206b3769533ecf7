"""Key and value pairs of a text, for the operator parse-kv (page: parse-kv operator)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from hunting.vectorised.rows import by_row


@dataclass(frozen=True, slots=True)
class Rules:
    """How pairs are written. Without delimiters every character that is no letter or digit separates words, and the word
    behind one of `keys` is its value."""

    keys: frozenset[str]
    pair_delimiter: str
    kv_delimiter: str
    quotes: dict[str, str]  # opening -> closing
    escapes: frozenset[str]
    greedy: bool

    @staticmethod
    @lru_cache(maxsize=32)
    def of(text: str) -> Rules:
        given = json.loads(text)
        quotes = {quote[0]: quote[-1] for quote in given.get("quote", ())}
        pair, kv = (given.get(name, [""])[0] for name in ("pair_delimiter", "kv_delimiter"))
        return Rules(
            frozenset(given["keys"]), pair, kv, quotes, frozenset(given.get("escape", ())), given.get("greedy") == ["True"]
        )


@by_row("VARCHAR", "VARCHAR", result="JSON")
def parse_kv(text: str, rules: str) -> dict[str, str]:
    """The pairs of a text that have a declared key; the first appearance of a key counts."""
    known = Rules.of(rules)
    found = _delimited(text, known) if known.pair_delimiter else _worded(text, known)
    return {key: value for key, value in found.items() if key in known.keys}


def _delimited(text: str, rules: Rules) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        key, at, separated = _key(text, at, rules)
        if separated:
            value, at = _value(text, at, rules)
            found.setdefault(key, value)
    return found


def _key(text: str, at: int, rules: Rules) -> tuple[str, int, bool]:
    """A key, the place behind its delimiter, and whether a value follows."""
    at = _blanks(text, at, rules)
    name, at = _quoted(text, at, rules) if text[at : at + 1] in rules.quotes else (None, at)
    kv, pair = _find(text, rules.kv_delimiter, at), _find(text, rules.pair_delimiter, at)
    end = min(kv, pair)
    key = text[at:end].strip() if name is None else name
    if kv <= pair and kv < len(text):
        return key, kv + len(rules.kv_delimiter), True
    return key, end + len(rules.pair_delimiter), False


def _value(text: str, at: int, rules: Rules) -> tuple[str, int]:
    """A value and the place behind its pair."""
    at = _blanks(text, at, rules)
    if text[at : at + 1] in rules.quotes:
        value, at = _quoted(text, at, rules)
        return value, _find(text, rules.pair_delimiter, at) + len(rules.pair_delimiter)
    end = _greedy_end(text, at, rules) if rules.greedy else _find(text, rules.pair_delimiter, at)
    return text[at:end].strip(), end + len(rules.pair_delimiter)


def _greedy_end(text: str, at: int, rules: Rules) -> int:
    """Where the last pair delimiter before the next key stands."""
    kv = _find(text, rules.kv_delimiter, at)
    if kv == len(text):
        return len(text)
    end = text.rfind(rules.pair_delimiter, at, kv)
    return kv if end < 0 else end


def _quoted(text: str, at: int, rules: Rules) -> tuple[str, int]:
    """The text between quotes without its escapes, and the place behind the closing one."""
    closing = rules.quotes[text[at]]
    parts: list[str] = []
    at += 1
    while at < len(text) and text[at] != closing:
        if text[at] in rules.escapes and at + 1 < len(text):
            at += 1
        parts.append(text[at])
        at += 1
    return "".join(parts), at + 1


def _worded(text: str, rules: Rules) -> dict[str, str]:
    found: dict[str, str] = {}
    key: str | None = None
    at = 0
    while at < len(text):
        if text[at] in rules.quotes:
            word, at = _quoted(text, at, rules)
        elif text[at].isalnum():
            begin = at
            while at < len(text) and text[at].isalnum():
                at += 1
            word = text[begin:at]
        else:
            at += 1
            continue
        if key is not None:
            found.setdefault(key, word)
            key = None
        elif word in rules.keys:
            key = word
    return found


def _blanks(text: str, at: int, rules: Rules) -> int:
    """Behind blanks that are not themselves a delimiter."""
    while at < len(text) and text[at].isspace() and not text.startswith((rules.pair_delimiter, rules.kv_delimiter), at):
        at += 1
    return at


def _find(text: str, delimiter: str, at: int) -> int:
    found = text.find(delimiter, at)
    return len(text) if found < 0 else found
