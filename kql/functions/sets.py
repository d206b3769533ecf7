"""Sets: arrays whose order and repetitions do not count (pages: set_union, set_has_element, jaccard_index ...)."""

from __future__ import annotations

from kql.functions.registry import scalar

_SOME = {"nulls": "some"}

_HOLDS = "CASE WHEN json_type($set) = 'ARRAY' THEN list_contains(CAST($set AS JSON[]), to_json($value)) END"
scalar("set_has_element(set: dynamic, value: string) -> bool", _HOLDS, "set_has_element(dynamic(['a']), 'a') -> true", "Whether the array holds the value.", **_SOME)
scalar("set_has_element(set: dynamic, value: dynamic) -> bool", "CASE WHEN json_type($set) = 'ARRAY' THEN coalesce(list_contains(CAST($set AS JSON[]), $value), FALSE) END", "set_has_element(dynamic([1, 2]), dynamic(1)) -> true", "Whether the array holds the value.", **_SOME)
scalar("set_has_element(set: dynamic, value: any) -> bool", "CASE WHEN json_type($set) = 'ARRAY' THEN coalesce(list_contains(CAST($set AS JSON[]), to_json($value)), FALSE) END", "set_has_element(dynamic([1]), 1) -> true", "Whether the array holds the value.", **_SOME)
scalar("set_union(sets+: dynamic) -> dynamic", "union_of_sets(json_array($sets))", "set_union(dynamic([1, 2]), dynamic([2, 3])) -> dynamic([1, 2, 3])", "The different elements of all.", vectorised="union_of_sets", **_SOME)
scalar("set_intersect(sets+: dynamic) -> dynamic", "intersection_of_sets(json_array($sets))", "set_intersect(dynamic([1, 2]), dynamic([2, 3])) -> dynamic([2])", "The different elements that all hold.", vectorised="intersection_of_sets", **_SOME)
scalar("set_difference(sets+: dynamic) -> dynamic", "difference_of_sets(json_array($sets))", "set_difference(dynamic([1, 2]), dynamic([2, 3])) -> dynamic([1])", "The different elements of the first that no other holds.", vectorised="difference_of_sets", **_SOME)
scalar("set_equals(set1: dynamic, set2: dynamic) -> bool", "equal_sets($set1, $set2)", "set_equals(dynamic([1, 2, 2]), dynamic([2, 1])) -> true", "Whether both have the same elements.", vectorised="equal_sets", **_SOME)
scalar("jaccard_index(set1: dynamic, set2: dynamic) -> real", "jaccard($set1, $set2)", "jaccard_index(dynamic([1, 2]), dynamic([2, 3])) -> 0.3333333333333333", "Size of the intersection over size of the union.", vectorised="jaccard", **_SOME)
