"""Arrays and property bags (pages: array_length, bag_keys, pack_array, array_sort_asc, extract_json, treepath ...)."""

from __future__ import annotations

import re

from kql.functions.fragments import DATETIME_TEXT, TIMESPAN_TEXT
from kql.functions.registry import SCALARS, Function, Kind, Naming, Template, scalar

_SOME = {"nulls": "some"}

scalar("array_length(array: dynamic) -> long", "CASE WHEN json_type($array) = 'ARRAY' THEN CAST(json_array_length($array) AS BIGINT) END", "array_length(dynamic([1, 2])) -> 2", "Number of elements; null for anything but an array.", **_SOME)
SCALARS.alias("arraylength", "array_length")
scalar("array_concat(arrays+: dynamic) -> dynamic",
       lambda constants: "to_json(list_concat(" + ", ".join(f"CASE WHEN json_type($_{at}) = 'ARRAY' THEN CAST($_{at} AS JSON[]) ELSE [] END" for at in range(len(constants))) + ("" if len(constants) > 1 else ", []") + "))",
       "array_concat(dynamic([1]), dynamic([2])) -> dynamic([1, 2])", "The arrays one after the other; what is no array is left out.", nulls="total")
scalar("array_slice(array: dynamic, start: long, end: long) -> dynamic",
       "CASE WHEN json_type($array) = 'ARRAY' THEN to_json(list_slice(CAST($array AS JSON[]), greatest(CASE WHEN $start < 0 THEN json_array_length($array) + $start ELSE $start END, 0) + 1, "
       "CASE WHEN $end < 0 THEN json_array_length($array) + $end ELSE $end END + 1)) END",
       "array_slice(dynamic([1, 2, 3, 4]), 1, -2) -> dynamic([2, 3])", "The elements from one place to another, both included; negative places count from the end.", **_SOME)
scalar("array_reverse(array: dynamic) -> dynamic", "CASE WHEN json_type($array) = 'ARRAY' THEN to_json(list_reverse(CAST($array AS JSON[]))) END", "array_reverse(dynamic([1, 2])) -> dynamic([2, 1])", "Backwards.", **_SOME)
scalar("array_split(array: dynamic, places: dynamic|integer) -> dynamic", "split_array($array, to_json($places))", "array_split(dynamic([1, 2, 3]), 1) -> dynamic([[1], [2, 3]])", "Cut at a place, or at several.", vectorised="split_array", **_SOME)
scalar("array_rotate_left(array: dynamic, count: long) -> dynamic", "rotate_array($array, $count)", "array_rotate_left(dynamic([1, 2, 3]), 1) -> dynamic([2, 3, 1])", "Moved to the left, around the end.", vectorised="rotate_array", **_SOME)
scalar("array_rotate_right(array: dynamic, count: long) -> dynamic", "rotate_array($array, -$count)", "array_rotate_right(dynamic([1, 2, 3]), 1) -> dynamic([3, 1, 2])", "Moved to the right, around the end.", vectorised="rotate_array", **_SOME)
for _side, _sign, _moved in (("left", "", "[2, 3, null]"), ("right", "-", "[null, 1, 2]")):
    scalar(f"array_shift_{_side}(array: dynamic, count: long) -> dynamic", f"shift_array($array, {_sign}$count, CAST(NULL AS JSON))", f"array_shift_{_side}(dynamic([1, 2, 3]), 1) -> dynamic({_moved})", f"Moved to the {_side}; the gap is null.", vectorised="shift_array", **_SOME)
    scalar(f"array_shift_{_side}(array: dynamic, count: long, default: element) -> dynamic", f"shift_array($array, {_sign}$count, $default)", f"array_shift_{_side}(dynamic([1, 2, 3]), 1, 0) -> dynamic({_moved.replace('null', '0')})", f"Moved to the {_side}; the gap holds a default.", vectorised="shift_array", **_SOME)
for _more, _filled, _sample in (("", "0, -1, 1", "'b') -> 1"), (", start: long", "$start, -1, 1", "'b', 2) -> -1"), (", start: long, length: long", "$start, $length, 1", "'b', 0, 1) -> -1"), (", start: long, length: long, occurrence: long", "$start, $length, $occurrence", "'b', 0, -1, 2) -> -1")):
    scalar(f"array_index_of(array: dynamic, value: element{_more}) -> long", f"index_in_array($array, $value, {_filled})", f"array_index_of(dynamic(['a', 'b']), {_sample}", "The place of an element from 0, -1 if it is not there.", vectorised="index_in_array", **_SOME)
scalar("array_iff(conditions: dynamic, then: element, else: element) -> dynamic", "choose_elements($conditions, $then, $else)", "array_iff(dynamic([true, false]), dynamic([1, 2]), 0) -> dynamic([1, 0])", "One of two elements for each condition.", vectorised="choose_elements", **_SOME)
SCALARS.alias("array_iif", "array_iff")
scalar("array_sum(array: dynamic) -> real", "series_total($array)", "array_sum(dynamic([1, 2])) -> 3.0", "Sum of the elements; null if one is no number.", vectorised="series_total", **_SOME)
scalar("zip(arrays+: dynamic) -> dynamic", "zip_arrays(json_array($arrays))", "zip(dynamic([1, 2]), dynamic(['a', 'b'])) -> dynamic([[1, 'a'], [2, 'b']])", "Tuples of the elements in step; shorter arrays are padded with null.", vectorised="zip_arrays", **_SOME)
scalar("repeat(value: element, count: long) -> dynamic", "repeated($value, $count)", "repeat(1, 3) -> dynamic([1, 1, 1])", "An array of the value so many times.", vectorised="repeated", naming=Naming.FUNCTION_FIRST, **_SOME)


def _sorted(descending: str) -> Template:
    """One array gives the array, several an array of arrays; a last bool says where nulls go."""

    def template(constants: list[object]) -> str:
        flag = isinstance(constants[-1], bool) and len(constants) > 1
        arrays = [f"$_{at}" for at in range(len(constants) - flag)]
        last = f"$_{len(constants) - 1}" if flag else "TRUE"
        return f"sort_arrays(json_array({', '.join(arrays)}), {descending}, {last})"

    return template


for _word, _flag, _order in (("asc", "FALSE", "[1, 2, 3]"), ("desc", "TRUE", "[3, 2, 1]")):
    _help = f"Sorted {_word}ending, and further arrays in the same order; nulls last unless the last argument is false."
    scalar(f"array_sort_{_word}(array: dynamic) -> dynamic", f"json_extract(sort_arrays(json_array($array), {_flag}, TRUE), '$[0]')", f"array_sort_{_word}(dynamic([2, 3, 1])) -> dynamic({_order})", _help, columns="*_sorted: dynamic", vectorised="sort_arrays", **_SOME)
    scalar(f"array_sort_{_word}(array: dynamic, nulls_last: bool) -> dynamic", f"json_extract(sort_arrays(json_array($array), {_flag}, $nulls_last), '$[0]')", f"array_sort_{_word}(dynamic([2, 3, 1]), true) -> dynamic({_order})", _help, columns="*_sorted: dynamic", vectorised="sort_arrays", **_SOME)
    scalar(f"array_sort_{_word}(array: dynamic, others+: dynamic|bool) -> dynamic", _sorted(_flag), f"array_sort_{_word}(dynamic([2, 3, 1]), dynamic([2, 3, 1]))[1] -> dynamic({_order})", _help, columns="*_sorted: dynamic", vectorised="sort_arrays", **_SOME)

# ---------------------------------------------------------------- ranges
_SPANS = "to_json(list_transform(CAST(whole_range($start, $stop, {step}) AS BIGINT[]), lambda __k1: " + TIMESPAN_TEXT.replace("$value", "__k1") + "))"
_MOMENTS = "to_json(list_transform(CAST(whole_range(epoch_us($start), epoch_us($stop), ({step}) // 10) AS BIGINT[]), lambda __k1: " + DATETIME_TEXT.replace("$value", "make_timestamp(__k1)") + "))"
for _kind, _by, _call, _template, _one, _samples in (
    ("integer", "integer", "whole_range", "whole_range($start, $stop, {step})", "1", ("1, 3) -> dynamic([1, 2, 3])", "1, 7, 3) -> dynamic([1, 4, 7])")),
    ("real|integer", "real|integer", "real_range", "real_range($start, $stop, {step})", "1", ("1.0, 2) -> dynamic([1.0, 2.0])", "1.0, 2.0, 0.5) -> dynamic([1.0, 1.5, 2.0])")),
    ("timespan", "timespan", "whole_range", _SPANS, "36000000000", ("1h, 2h) -> dynamic(['01:00:00', '02:00:00'])", "1h, 3h, 2h) -> dynamic(['01:00:00', '03:00:00'])")),
    ("datetime", "timespan", "whole_range", _MOMENTS, "36000000000", ("datetime(2026-01-01), datetime(2026-01-01)) -> dynamic(['2026-01-01T00:00:00.0000000Z'])", "datetime(2026-01-01), datetime(2026-01-02), 2d) -> dynamic(['2026-01-01T00:00:00.0000000Z'])")),
):
    _help = "An array from the start to the stop, which is included, by the step (1, or 1 hour); 1,048,576 elements at most."
    scalar(f"range(start: {_kind}, stop: {_kind}) -> dynamic", _template.replace("{step}", _one), f"range({_samples[0]}", _help, vectorised=_call, **_SOME)
    scalar(f"range(start: {_kind}, stop: {_kind}, step: {_by}) -> dynamic", _template.replace("{step}", "$step"), f"range({_samples[1]}", _help, vectorised=_call, **_SOME)

# ---------------------------------------------------------------- bags


def _pack_array(constants: list[object]) -> str:
    return "json_array(" + ", ".join(f"$_{at}" for at in range(len(constants))) + ")"


def _pack(constants: list[object]) -> str:
    return "json_object(" + ", ".join(f"$_{at}" for at in range(len(constants))) + ")"


scalar("pack_array(values*: element) -> dynamic", _pack_array, "pack_array(1, 'a') -> dynamic([1, 'a'])", "An array of the values.", nulls="total")
# The binder turns every value into a dynamic first.
PACK = scalar("bag_pack(keys_and_values*: any) -> dynamic", _pack, "bag_pack('a', 1) -> dynamic({'a': 1})", "A bag of keys and values in turn.", nulls="total")
WITHOUT_EMPTY = Function(Kind.SCALAR, "without_empty(bag: dynamic) -> dynamic", "without_empty($bag)", "", "The bag without nulls and empty texts.", nulls="total", vectorised="without_empty")
SCALARS.alias("pack", "bag_pack")
SCALARS.alias("pack_dictionary", "bag_pack")
scalar("bag_keys(bag: dynamic) -> dynamic", "CASE WHEN json_type($bag) = 'OBJECT' THEN to_json(json_keys($bag)) END", "bag_keys(dynamic({'a': 1})) -> dynamic(['a'])", "The names of the properties.", **_SOME)
scalar("bag_has_key(bag: dynamic, key: string) -> bool", "has_key($bag, $key)", "bag_has_key(dynamic({'a': 1}), 'a') -> true", "Whether there is a property of this name, or at this JSON path.", vectorised="has_key", **_SOME)
scalar("bag_merge(bags+: dynamic) -> dynamic", "merge_bags(json_array($bags))", "bag_merge(dynamic({'a': 1}), dynamic({'a': 2, 'b': 3})) -> dynamic({'a': 1, 'b': 3})", "All properties; of a name that occurs twice the first.", vectorised="merge_bags", **_SOME)
scalar("bag_remove_keys(bag: dynamic, keys: dynamic) -> dynamic", "without_keys($bag, $keys)", "bag_remove_keys(dynamic({'a': 1, 'b': 2}), dynamic(['a'])) -> dynamic({'b': 2})", "The bag without these properties (names or JSON paths).", vectorised="without_keys", **_SOME)
scalar("bag_set_key(bag: dynamic, key: string, value: element) -> dynamic", "with_key($bag, $key, $value)", "bag_set_key(dynamic({'a': 1}), 'b', 2) -> dynamic({'a': 1, 'b': 2})", "The bag with one property set (a name or JSON path).", vectorised="with_key", **_SOME)
scalar("bag_zip(keys: dynamic, values: dynamic) -> dynamic", "zip_bag($keys, $values)", "bag_zip(dynamic(['a', 'b']), dynamic([1, 2])) -> dynamic({'a': 1, 'b': 2})", "A bag of keys and values in step.", vectorised="zip_bag", **_SOME)
scalar("treepath(bag: dynamic) -> dynamic", "paths_of($bag)", "treepath(dynamic({'a': {'b': 1}})) -> dynamic([\"['a']\", \"['a']['b']\"])", "The paths of all properties.", vectorised="paths_of", naming=Naming.FUNCTION_FIRST, prefix="tree", **_SOME)
scalar("dynamic_to_json(value: element) -> string", "CAST(canonical_json($value) AS VARCHAR)", "dynamic_to_json(dynamic({'b': 1, 'a': 2})) -> '{\"a\":2,\"b\":1}'", "JSON text with the properties in order of their names.", vectorised="canonical_json", **_SOME)

# ---------------------------------------------------------------- JSON text
_TEXT = "json_extract_string(CASE WHEN json_valid($json) THEN CAST($json AS JSON) END, {path})"


def _extract_json(constants: list[object]) -> str:
    """A JSONPath of KQL as DuckDB's: steps in brackets may stand in single quotes there."""
    path = constants[0]
    return _TEXT.format(path="'" + _duckdb_path(path).replace("'", "''") + "'" if isinstance(path, str) else "$path")


def _duckdb_path(path: str) -> str:
    """`$['a b'].c[0]` -> `$."a b".c[0]`."""
    return re.sub(r"\[\s*(['\"])(.*?)\1\s*\]", lambda found: '."' + found[2].replace('"', '\\"') + '"', path if path.startswith("$") else "$." + path)


_KNOWN_PATH = re.compile(r"""\$?(?:\.?[^.\[\]*?]+|\[\d+\]|\[\s*'[^']*'\s*\]|\[\s*"[^"]*"\s*\])*""")


def _known_path(constants: list[object]) -> str:
    return "" if _KNOWN_PATH.fullmatch(str(constants[0])) else f"'{constants[0]}' is no path of keys and places, such as $.a[0]['b c']"


for _name in ("extract_json", "extractjson"):
    scalar(f"{_name}(path: const string, json: string) -> string", _extract_json, f"{_name}('$.a', '{{\"a\": 1}}') -> '1'", "The value at a JSON path of a text; '' if there is none.", check=_known_path, **_SOME)
