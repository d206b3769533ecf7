"""What KQL means, line by line, and what shows it (semantics.txt): golden cases ("file: title") and tests ("file.py::test").

A line stands for one fact about the language, one about the product, or one operator with its options; what shows it stands
below it. A case may be named by the beginning of its title; a line without what shows it fails here, as does a name that does
not exist.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from golden_cases import cases

TESTS = Path(__file__).resolve().parents[1]


def read(text: str) -> dict[str, list[str]]:
    """What shows each line: the indented lines below it."""
    lines: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith(" "):
            lines[next(reversed(lines))].append(line.strip())
        elif line and not line.startswith("# "):
            assert line not in lines, f"twice: {line}"
            lines[line] = []
    return lines


LINES = read((TESTS / "kql" / "semantics.txt").read_text(encoding="utf-8"))


@cache
def titles() -> tuple[str, ...]:
    return tuple(case.id for case in cases())


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("line", LINES)
def test_what_shows_it_exists(line: str) -> None:
    assert LINES[line]
    for name in LINES[line]:
        file, _, test = name.partition("::")
        if test:
            assert test in functions_of(file), name
        else:
            assert any(title.startswith(name) for title in titles()), name
