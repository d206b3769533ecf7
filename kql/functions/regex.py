"""Regular expressions, RE2's (pages: extract, extract_all, replace_regex, trim, indexof_regex, regex_quote)."""

from __future__ import annotations

import json

from kql.functions.fragments import capture_groups, pattern
from kql.functions.registry import SCALARS, UNKNOWN, scalar

_MOST_GROUPS = 16


def _group_number(constants: list[object]) -> str:
    group, regex = constants[1], constants[0]
    if not isinstance(group, int) or group < 0:
        return "the group is a number from 0"
    if isinstance(regex, str) and group > len(capture_groups(regex)):
        return f"the regular expression has no group {group}"
    return ""


def _extract(constants: list[object]) -> str:
    """DuckDB extracts one match's groups up to 9 only; the groups of all matches have no such limit."""
    group, regex = constants[1], pattern(constants, 0, "regex")
    if isinstance(group, int) and group > 9:
        return f"list_extract(regexp_extract_all($source, {regex}, {group}), 1)"
    return f"regexp_extract($source, {regex}, {group})"


scalar("extract(regex: string, group: const long, source: string) -> string", _extract, "extract('a([0-9]+)', 1, 'a12') -> '12'", "A group of the first match; '' if there is none.",
       nulls="some", check=_group_number)


def _selected(constants: list[object]) -> list[int]:
    """Numbers of the groups that extract_all gives; ones out of range are dropped, none left means all."""
    names = capture_groups(str(constants[0]))
    everything = list(range(1, len(names) + 1))
    if len(constants) < 3:
        return everything
    wanted = json.loads(str(constants[1]))
    numbers = [names.index(each) + 1 if isinstance(each, str) and each in names else each for each in wanted]
    return [each for each in numbers if each in everything] or everything


def _group_count(constants: list[object]) -> str:
    count = len(capture_groups(str(constants[0])))
    if len(constants) > 2 and not isinstance(json.loads(str(constants[1])), list):
        return "the capture groups are an array of numbers or names"
    return "" if 1 <= count <= _MOST_GROUPS else f"the regular expression must have 1 to {_MOST_GROUPS} capture groups, it has {count}"


def _extract_all(constants: list[object]) -> str:
    """One group gives an array of texts, more give an array of their texts for each match; a group that took no part is ''."""
    assert constants[0] is not UNKNOWN
    regex = pattern(constants, 0, "regex")
    lists = [f"regexp_extract_all($source, {regex}, {group})" for group in _selected(constants)]
    if len(lists) == 1:
        found = f"to_json(list_transform({lists[0]}, lambda __k1: coalesce(__k1, '')))"
    else:
        fields = ", ".join(f"coalesce(list_extract({each}, __k1), '')" for each in lists)
        found = f"to_json(list_transform(range(1, len({lists[0]}) + 1), lambda __k1: [{fields}]))"
    return f"CASE WHEN regexp_matches($source, {regex}) THEN {found} END"


scalar("extract_all(regex: const string, source: string) -> dynamic", _extract_all, "extract_all('([0-9])', 'a1b2') -> dynamic(['1', '2'])", "The groups of all matches; null if nothing matches.", nulls="some", check=_group_count)
scalar("extract_all(regex: const string, groups: const dynamic, source: string) -> dynamic", _extract_all, "extract_all('(.)(.)', dynamic([2]), 'a1b2') -> dynamic(['1', '2'])",
       "Chosen groups of all matches, by number or name.", nulls="some", check=_group_count)
SCALARS.alias("extractall", "extract_all")

scalar("replace_regex(text: string, regex: string, rewrite: string) -> string", lambda constants: f"regexp_replace($text, {pattern(constants, 1, 'regex')}, $rewrite, 'g')",
       "replace_regex('a1b2', '[0-9]', '.') -> 'a.b.'", "All matches replaced; \\1 is a group.")
scalar("replace(regex: string, rewrite: string, text: string) -> string", lambda constants: f"regexp_replace($text, {pattern(constants, 0, 'regex')}, $rewrite, 'g')",
       "replace('[0-9]', '.', 'a1b2') -> 'a.b.'", "All matches replaced; \\1 is a group.", replaced_by="replace_regex")


_AT_START, _AT_END = "'^(?:', $regex, ')+'", "'(?:', $regex, ')+$'"
scalar("trim(regex: string, text: string) -> string", f"regexp_replace($text, concat({_AT_START}, '|', {_AT_END}), '', 'g')", "trim('-', '--a-b--') -> 'a-b'", "Matches removed from both ends.")
scalar("trim_start(regex: string, text: string) -> string", f"regexp_replace($text, concat({_AT_START}), '')", "trim_start('-', '--a-') -> 'a-'", "Matches removed from the start.")
scalar("trim_end(regex: string, text: string) -> string", f"regexp_replace($text, concat({_AT_END}), '')", "trim_end('-', '-a--') -> '-a'", "Matches removed from the end.")
scalar("regex_quote(text: string) -> string", r"regexp_replace($text, '([\\.+*?()|\[\]{}^$])', '\\\1', 'g')", "regex_quote('a.b') -> 'a\\\\.b'", "A pattern that matches just this text.")


def _indexof_regex(constants: list[object]) -> str:
    """The texts before and inside the first n matches, which do not overlap, add up to the place of the n-th."""
    count = len(constants)
    occurrence = constants[4] if count > 4 else 1
    rest = "substr($text, $start + 1, CASE WHEN $length = -1 THEN length($text) ELSE $length END)" if count > 3 else "substr($text, $start + 1)" if count > 2 else "$text"
    regex = pattern(constants, 1, "regex")
    matches = f"regexp_extract_all({rest}, {regex})"
    lengths = "list_sum(list_transform(list_slice({}, 1, {}), lambda __k1: length(__k1)))"
    place = lengths.format(f"string_split_regex({rest}, {regex})", occurrence) + " + coalesce(" + lengths.format(matches, f"{occurrence} - 1") + ", 0)"
    refused = " OR ".join(["FALSE", *(["$start < 0"] if count > 2 else []), *(["$length < -1"] if count > 3 else []), *(["$occurrence < 0"] if count > 4 else [])])
    return f"CASE WHEN {refused} THEN NULL WHEN len({matches}) < {occurrence} THEN -1 ELSE CAST({place} AS BIGINT){' + $start' if count > 2 else ''} END"


scalar("indexof_regex(text: text, regex: string, start?: long, length?: long, occurrence?: const long) -> long", _indexof_regex, "indexof_regex('abcabc', 'b.') -> 1",
       "Place of a match from 0, -1 if there is none; null for a negative start.", nulls="some")
