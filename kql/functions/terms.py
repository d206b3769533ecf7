"""`has` and its family: whole terms, cheap and right (page: string operators, "What is a term?").

A term is a maximal run of letters and digits of any script; everything else separates terms, the underscore too. A substring
search goes first (half the cost of the regular expression alone); the expression then checks the borders. An edge of the
needle that is no letter or digit needs no border.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from kql.functions.fragments import texts_of
from kql.functions.registry import UNKNOWN

_BORDER = r"[^\pL\pN]"
_SPECIAL = set(r"\.+*?()|[]{}^$-")


def regex_escaped(text: str) -> str:
    """A text that RE2 matches literally."""
    return "".join("\\" + c if c in _SPECIAL else c for c in text)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _borders(needle: str, word: str) -> tuple[str, str]:
    """What must stand before and after a constant needle."""
    before = f"(?:^|{_BORDER})" if word != "hassuffix" and needle[:1].isalnum() else ""
    after = f"(?:$|{_BORDER})" if word != "hasprefix" and needle[-1:].isalnum() else ""
    return before, after


def _pattern(needle: str, word: str, cased: bool) -> str:
    """RE2 pattern of a constant needle with the borders that it needs."""
    before, after = _borders(needle, word)
    words = regex_escaped(needle)
    return before + (words if cased else _folded(words)) + after


def _folded(words: str) -> str:
    """In any case; a border is the same in both, and takes RE2 longer to read with case than without."""
    return f"(?i:{words})"


_CHUNK = 250  # needles in one pattern: RE2 bounds the memory of a compiled one


def _any_of(needles: list[str]) -> str:
    """One pass over the text for all needles; those with the same borders share them."""
    if "" in needles:
        return "TRUE"
    groups: dict[tuple[str, str], list[str]] = {}
    for needle in dict.fromkeys(needles):
        groups.setdefault(_borders(needle, "has"), []).append(regex_escaped(needle))
    patterns = [
        f"{before}{_folded('|'.join(words[at : at + _CHUNK]))}{after}"
        for (before, after), words in groups.items()
        for at in range(0, len(words), _CHUNK)
    ]
    return "(" + " OR ".join(f"regexp_matches($text, {_literal(pattern)})" for pattern in patterns) + ")" if patterns else "FALSE"


# The needle is not constant: its pattern is made for each row.
_EDGE = "CASE WHEN regexp_matches({edge}, '[\\pL\\pN]') THEN '{border}' ELSE '' END"
_QUOTED = r"regexp_replace({}, '([\\.+*?()|\[\]{{}}^$-])', '\\\1', 'g')"


def _computed(term: str, word: str, cased: bool) -> str:
    before = "''" if word == "hassuffix" else _EDGE.format(edge=f"left({term}, 1)", border=f"(?:^|{_BORDER})")
    after = "''" if word == "hasprefix" else _EDGE.format(edge=f"right({term}, 1)", border=f"(?:$|{_BORDER})")
    needle = _QUOTED.format(term) if cased else f"'(?i:', {_QUOTED.format(term)}, ')'"
    search = f"contains($text, {term})" if cased else f"contains(lower($text), lower({term}))"
    borders = f"regexp_matches($text, concat({before}, {needle}, {after}))"
    return f"CASE WHEN {search} THEN {borders} ELSE FALSE END"  # an AND would make and run the pattern for every row


def has_template(word: str, cased: bool = False) -> str | Callable[..., str]:
    """The template of `has`, `hasprefix`, `hassuffix` (constant needles folded), `has_any` and `has_all` (arrays)."""
    if word in ("has_any", "has_all"):
        each = _computed("__k1", "has", cased)
        fold = "list_bool_or" if word == "has_any" else "list_bool_and"
        listed = f"{fold}(list_transform({texts_of('$terms')}, lambda __k1: {each}))"
        computed = f"coalesce({listed}, {'FALSE' if word == 'has_any' else 'TRUE'})"

        def words_template(constants: list[object]) -> str:
            constant = isinstance(constants[1], str) and word == "has_any"
            needles = json.loads(str(constants[1])) if constant else None
            return _any_of([each if isinstance(each, str) else json.dumps(each) for each in needles if each is not None]) if isinstance(needles, list) else computed

        return words_template

    def template(constants: list[object]) -> str:
        needle = constants[1]
        if needle is UNKNOWN or not isinstance(needle, str):
            return _computed("$term", word, cased)
        if not needle:
            return "TRUE"
        borders = f"regexp_matches($text, {_literal(_pattern(needle, word, cased))})"
        if not cased and not needle.isascii():  # ILIKE and RE2 fold some letters of other scripts differently
            return borders
        if cased:
            return f"(contains($text, {_literal(needle)}) AND {borders})"
        like = needle.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"($text ILIKE {_literal('%' + like + '%')} ESCAPE '\\' AND {borders})"

    return template


def first_term_template() -> str:
    """The place in an array of the first term that the text has; a term that is no text is searched by its JSON text."""
    found = f"list_transform(TRY_CAST($words AS VARCHAR[]), lambda __k1: {_computed('__k1', 'has', cased=False)})"
    return f"coalesce(list_position({found}, TRUE) - 1, -1)"
