"""The oracle of the parser: nodes made from lark's own tree of a text, and what can be compared of nodes."""

from __future__ import annotations

from typing import Any

import lark
from msgspec import Struct

from kql.errors import KqlLimitError, Span
from kql.parsing.grammar import parse_tree
from kql.syntax.base import MAX_DEPTH, RULES, Syntax
from kql.tokens import Token


def lark_nodes(text: str) -> Any:
    """What `kql.syntax.tree` should give."""
    return _built(parse_tree(text))


def _built(tree: lark.Tree[lark.Token]) -> Any:
    """Nodes bottom-up without recursion: the text may be deep."""
    frames: list[tuple[lark.Tree[lark.Token], int, list[Any]]] = [(tree, 0, [])]
    while True:
        current, at, built = frames[-1]
        if at < len(current.children):
            frames[-1] = (current, at + 1, built)
            child = current.children[at]
            if isinstance(child, lark.Tree):
                frames.append((child, 0, []))
            elif child is None:
                built.append(None)
            else:
                built.append(Token(child.type, str(child), child.start_pos or 0, child.end_pos or 0))
            continue
        frames.pop()
        node = _node(current, built)
        if not frames:
            return node
        frames[-1][2].append(node)


def _node(tree: lark.Tree[lark.Token], built: list[Any]) -> Any:
    meta = tree.meta
    span = Span(0, 0) if meta.empty else Span(meta.start_pos, meta.end_pos)
    node = RULES[tree.data].of(built, span)
    if isinstance(node, Syntax) and node.span is span:
        deepest = max((child.depth for child in built if isinstance(child, Syntax)), default=0)
        node.depth = deepest if any(node is child for child in built) else deepest + 1
        if node.depth > MAX_DEPTH:
            raise KqlLimitError("The query is nested too deeply.", span, f"At most {MAX_DEPTH} levels are allowed.")
    return node


def shape(value: Any) -> Any:
    """All that a node holds: kinds, fields, places, depths."""
    match value:
        case Token():
            return "token", str(value), value.type, value.start_pos, value.end_pos
        case Struct():
            return type(value).__name__, *(shape(getattr(value, name)) for name in value.__struct_fields__)
        case list() | tuple():
            return type(value).__name__, *map(shape, value)
        case dict():
            return tuple((key, shape(each)) for key, each in value.items())
        case _:
            return type(value).__name__, value
