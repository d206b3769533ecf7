"""Everything that the grammar parses has a class: it is run, or it is refused with its place."""

from __future__ import annotations

from kql.parser import _parser
from kql.syntax import RULES


def grammar_rules() -> set[str]:
    """The rules that become nodes of lark's trees."""
    named = {(rule.alias or str(rule.origin.name)): bool(rule.alias) or not rule.options.expand1 for rule in _parser().rules}
    return {name for name, kept in named.items() if kept and not name.startswith(("_", "$"))}


def test_every_rule_has_a_class() -> None:
    assert grammar_rules() - set(RULES) == set()
