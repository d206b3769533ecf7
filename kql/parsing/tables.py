"""The parser as data: lark's tables of the grammar without lark, small and quick to load.

Lark compiles the grammar; what it leaves to the moment of parsing, which terminal outranks which and which children a rule
keeps, is decided here once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from lark import Lark
    from lark.grammar import Rule, Symbol
    from lark.lexer import TerminalDef

END = "$END"  # the terminal behind the last one


class Production(NamedTuple):
    """A rule of the grammar, seen by who reduces it.

    Attributes:
        origin: what it derives.
        symbols: how many symbols it takes from the stack.
        values: how many of them have a value, which is so of all but the terminals that no rule keeps.
        name: the rule's name or alias if it makes a node; None if it hands its children on.
        children: where they come from: a value's place among the `values`; ~place of a list that is spliced in; None for an
            optional part that is absent. None for the rule that hands on its only value as it is (`?expr: and_expr`).
    """

    origin: str
    symbols: int
    values: int
    name: str | None
    children: tuple[int | None, ...] | None


class Tables(NamedTuple):
    """An LALR(1) automaton and its terminals.

    Attributes:
        start: the state before the first token.
        end: the state when all is read.
        actions: for each state, terminal -> the state to go to, or ~number of the production to reduce.
        gotos: for each state, what was reduced there -> the state to go to.
        terminals: name -> regular expression, in the order in which they are tried.
        words: name of a terminal -> those of its texts that are a terminal of their own, where that is accepted.
        ignored: names of the terminals for blanks and comments.
        kept: names of the terminals that are a child of some rule.
        spelled: terminal -> the word it stands for, for those that are words.
    """

    start: int
    end: int
    actions: dict[int, dict[str, int]]
    gotos: dict[int, dict[str, int]]
    productions: list[Production]
    terminals: dict[str, str]
    words: dict[str, dict[str, str]]
    ignored: frozenset[str]
    kept: frozenset[str]
    spelled: dict[str, str]


def tables(parser: Lark) -> Tables:
    """The tables of a parser for `query`."""
    frontend: Any = parser.parser
    table = frontend.parser._parse_table
    kept = frozenset(symbol.name for rule in parser.rules for symbol in rule.expansion if symbol.is_term and _kept(symbol))
    numbers = {rule: at for at, rule in enumerate(parser.rules)}
    terminals = {terminal.name for terminal in parser.terminals} | {END}
    actions: dict[int, dict[str, int]] = {}
    gotos: dict[int, dict[str, int]] = {}
    for state, found in table.states.items():
        coded = {name: ~numbers[to] if to in numbers else to for name, (_, to) in found.items()}
        actions[state] = {name: code for name, code in coded.items() if name in terminals}
        gotos[state] = {name: code for name, code in coded.items() if name not in terminals}
    ordered = _ordered(parser.terminals)
    return Tables(
        table.start_states["query"],
        table.end_states["query"],
        actions,
        gotos,
        [_production(rule, kept) for rule in parser.rules],
        {terminal.name: terminal.pattern.to_regexp() for terminal in ordered},
        {name: words for name, words in ((each.name, _words(each, ordered)) for each in ordered) if words},
        frozenset(parser.lexer_conf.ignore),
        kept,
        spelled(parser.terminals),
    )


# ---------------------------------------------------------------- terminals


def _ordered(terminals: Iterable[TerminalDef]) -> list[TerminalDef]:
    """In the order in which `lark.lexer.BasicLexer` tries them."""
    return sorted(terminals, key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name))


def _words(terminal: TerminalDef, others: Iterable[TerminalDef]) -> dict[str, str]:
    """The fixed texts that a pattern matches whole, as `lark.lexer._create_unless` finds them."""
    if terminal.pattern.type != "re":
        return {}
    pattern = re.compile(terminal.pattern.to_regexp())
    fixed = [each for each in others if each.pattern.type == "str" and each.priority == terminal.priority]
    assert not any(each.pattern.flags for each in fixed)  # a text is looked up as it stands
    matched = {each: pattern.match(each.pattern.value) for each in fixed}
    return {each.pattern.value: each.name for each, found in matched.items() if found and found[0] == each.pattern.value}


def spelled(terminals: Iterable[TerminalDef]) -> dict[str, str]:
    """Terminal -> the word it stands for, for those that are words."""
    words = {}
    for terminal in terminals:
        found = re.match(r"[a-z]+([-_]\??[a-z]+)*(?![a-z_(|])", terminal.pattern.value)
        if found and not terminal.name.endswith(("PARAM", "HINT")):
            words[terminal.name] = found[0].replace("?", "")
    return words


# ---------------------------------------------------------------- rules


def _kept(symbol: Symbol) -> bool:
    return not getattr(symbol, "filter_out", False)


def _production(rule: Rule, kept: frozenset[str]) -> Production:
    """What `lark.parse_tree_builder` makes of the rule's children."""
    options = rule.options
    assert not options.keep_all_tokens
    absent = _absent(options.empty_indices, len(rule.expansion))
    children: list[int | None] = []
    values = 0
    for symbol, missing in zip(rule.expansion, absent, strict=False):
        children += [None] * missing
        if not symbol.is_term or symbol.name in kept:
            if _kept(symbol):
                inlined = not symbol.is_term and symbol.name.startswith("_")
                children.append(~values if inlined else values)
            values += 1
    children += [None] * absent[-1]
    origin = str(rule.origin.name)
    if options.expand1 and not rule.alias and children == [0] and values == 1:
        return Production(origin, len(rule.expansion), 1, None, None)
    assert not options.expand1 or rule.alias, rule
    name = None if origin.startswith("_") else str(rule.alias or origin)
    return Production(origin, len(rule.expansion), values, name, tuple(children))


def _absent(empty: Iterable[bool], symbols: int) -> list[int]:
    """How many optional parts are absent before each symbol, and behind the last."""
    if not empty:
        return [0] * (symbols + 1)
    return [len(part) for part in "".join("x" if each else " " for each in empty).split(" ")]
