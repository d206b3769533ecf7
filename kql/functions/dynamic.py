"""Arrays and property bags (pages: array_length, bag_keys, pack_array, set_has_element ...)."""

from __future__ import annotations

from kql.functions.registry import SCALARS, scalar

scalar("array_length(array: dynamic) -> long", "CASE WHEN json_type($array) = 'ARRAY' THEN CAST(json_array_length($array) AS BIGINT) END", "array_length(dynamic([1, 2])) -> 2", "Number of elements; null for anything but an array.", nulls="some")
scalar("bag_keys(bag: dynamic) -> dynamic", "CASE WHEN json_type($bag) = 'OBJECT' THEN to_json(json_keys($bag)) END", "bag_keys(dynamic({'a': 1})) -> dynamic(['a'])", "The names of the properties.", nulls="some")
scalar("set_has_element(set: dynamic, value: string) -> bool", "CASE WHEN json_type($set) = 'ARRAY' THEN list_contains(CAST($set AS JSON[]), to_json($value)) END", "set_has_element(dynamic(['a']), 'a') -> true", "Whether the array holds the value.", nulls="some")
scalar("set_has_element(set: dynamic, value: any) -> bool", "CASE WHEN json_type($set) = 'ARRAY' THEN list_contains(CAST($set AS JSON[]), to_json($value)) END", "set_has_element(dynamic([1]), 1) -> true", "Whether the array holds the value.", nulls="some")
scalar("array_concat(arrays+: dynamic) -> dynamic",
       lambda constants: "to_json(list_concat(" + ", ".join(f"CASE WHEN json_type($_{at}) = 'ARRAY' THEN CAST($_{at} AS JSON[]) ELSE [] END" for at in range(len(constants))) + ("" if len(constants) > 1 else ", []") + "))",
       "array_concat(dynamic([1]), dynamic([2])) -> dynamic([1, 2])", "The arrays one after the other; what is no array is left out.", nulls="total")


def _pack_array(constants: list[object]) -> str:
    return "json_array(" + ", ".join(f"$_{at}" for at in range(len(constants))) + ")"


def _pack(constants: list[object]) -> str:
    return "json_object(" + ", ".join(f"$_{at}" for at in range(len(constants))) + ")"


# The binder turns every value into a dynamic first.
PACK_ARRAY = scalar("pack_array(values*: dynamic) -> dynamic", _pack_array, "pack_array(1, 'a') -> dynamic([1, 'a'])", "An array of the values.", nulls="total")
PACK = scalar("bag_pack(keys_and_values*: any) -> dynamic", _pack, "bag_pack('a', 1) -> dynamic({'a': 1})", "A bag of keys and values in turn.", nulls="total")
SCALARS.alias("pack", "bag_pack")
SCALARS.alias("pack_dictionary", "bag_pack")
