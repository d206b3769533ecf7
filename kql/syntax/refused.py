"""What is parsed and not run: refused with its place; the parts of a refused construct too."""

from __future__ import annotations

from kql.syntax.base import refuse

_CONSTRUCTS: dict[str, str] = {
    "assert_schema": "assert-schema",
    "execute_and_cache": "execute-and-cache",
    "getschema": "getschema",
    "invoke": "invoke",
    "project_by_names": "project-by-names",
    "reduce": "reduce",
    "sample": "sample",
    "sample_distinct": "sample-distinct",
    "top_hitters": "top-hitters",
    "top_nested": "top-nested",
    "typeof": "typeof() outside of 'to typeof()'",
}

_PARTS: dict[str, tuple[str, ...]] = {
    "inline_external_table": ("external_partition", "path_parts", "path_text"),
    "declare pattern": ("pattern_arm", "pattern_arms"),
    "top-nested": ("nested",),
}

for _rule, _construct in _CONSTRUCTS.items():
    refuse(_rule, _construct)
for _construct, _rules in _PARTS.items():
    for _rule in _rules:
        refuse(_rule, _construct)
