"""What is parsed and not run: refused with its place; the parts of a refused construct too."""

from __future__ import annotations

from kql.syntax.base import refuse

_CONSTRUCTS: dict[str, str] = {
    "execute_and_cache": "execute-and-cache",
    "reduce": "reduce",
}

_PARTS: dict[str, tuple[str, ...]] = {
    "inline_external_table": ("external_partition", "path_parts", "path_text"),
}

for _rule, _construct in _CONSTRUCTS.items():
    refuse(_rule, _construct)
for _construct, _rules in _PARTS.items():
    for _rule in _rules:
        refuse(_rule, _construct)
