"""Every construct of the grammar parses; what is wrong is refused. Cases: `grammar/valid.kql`, `grammar/invalid.kql`."""

from __future__ import annotations

from pathlib import Path

import pytest
from lark import Token, Tree

from kql.errors import KqlSyntaxError
from kql.parsing.grammar import compiled, parse_tree

HERE = Path(__file__).with_name("grammar")


def cases(file: str) -> dict[str, str]:
    """Title -> query: a case starts with `### title` and ends where the next one starts."""
    with (HERE / file).open(encoding="utf-8", newline="") as stream:
        blocks = stream.read().split("### ")[1:]
    return {title: query.rstrip("\n") for title, _, query in (block.partition("\n") for block in blocks)}


VALID, INVALID = cases("valid.kql"), cases("invalid.kql")


@pytest.mark.parametrize("title", VALID)
def test_it_parses(title: str) -> None:
    assert parse_tree(VALID[title]).data == "query"


@pytest.mark.parametrize("title", INVALID)
def test_it_is_refused_with_its_place(title: str) -> None:
    with pytest.raises(KqlSyntaxError) as caught:
        parse_tree(INVALID[title])
    assert caught.value.span is not None
    assert "^" in caught.value.render()


def rules_in(tree: Tree[Token]) -> set[str]:
    return {str(node.data) for node in tree.iter_subtrees()}


def test_every_rule_of_the_grammar_is_shown_by_a_case() -> None:
    declared = {
        str(rule.alias or rule.origin.name)
        for rule in compiled().rules
        if rule.alias or not (rule.origin.name.startswith("_") or rule.options.expand1)
    }
    shown = set().union(*(rules_in(parse_tree(query)) for query in VALID.values()))
    assert sorted(declared - shown) == []


REPEATING = {
    *("body", "pattern_arms", "parameters", "table_type", "schema", "values", "subpipeline", "params", "props", "items", "names"),
    *("patterns", "sort_patterns", "sort_keys", "exprs", "args", "string", "array", "bag", "union", "sources", "mv_expand"),
    *("mv_apply", "parse", "parse_where", "fork", "top_nested", "series_items", "scan", "path_parts", "graph_nodes"),
    *("graph_patterns", "graph_pattern", "graph_to_table"),
}


def test_every_child_of_a_rule_has_its_place() -> None:
    """Rules without repetition have as many children in every case: an absent optional part is None."""
    arity: dict[str, set[int]] = {}
    for query in VALID.values():
        for node in parse_tree(query).iter_subtrees():
            arity.setdefault(str(node.data), set()).add(len(node.children))
    assert {rule: counts for rule, counts in arity.items() if len(counts) > 1 and rule not in REPEATING} == {}
