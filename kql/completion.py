"""What may follow at a place in a query, with types and help: for the shell, the notebook, the server and editors.

The parser is fed the text before the cursor; its stack then holds the statements and the pipeline read so far, which are
bound to learn the columns, and it knows which words the grammar takes next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from msgspec import Struct

from kql.algebra import Relation, Value
from kql.catalog import Catalog
from kql.errors import KqlError
from kql.functions import AGGREGATES, SCALARS, WINDOWS
from kql.functions.registry import Registry
from kql.parser import begin, grammar_words
from kql.scope import Context, Scope
from kql.syntax.base import RULES, Expression, Refused, Syntax, node
from kql.syntax.statements import Statement, UserFunction
from kql.tokens import Token
from kql.types import Schema
from kql.words import CHARTS, CHOICES, RENDERED, SETTING, SEVERAL, TABLE_PLACES, USUAL


class CompletionKind(StrEnum):
    """What a completion is."""

    TABLE = "table"
    COLUMN = "column"
    VARIABLE = "variable"
    FUNCTION = "function"
    OPERATOR = "operator"
    KEYWORD = "keyword"


class Completion(Struct, frozen=True):
    """A text that may stand at the cursor.

    Attributes:
        text: what to insert in place of the word from `start` on.
        start: offset where the word under the cursor begins.
        detail: a column's type, a function's signature.
        help: one sentence, or "".
    """

    text: str
    kind: CompletionKind
    start: int
    detail: str = ""
    help: str = ""


_WORD = re.compile(r"[\w$-]*$")
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*$")


def complete(text: str, position: int, catalog: Catalog) -> list[Completion]:
    """What may stand at `position`, the likeliest kinds first, filtered by the word that is begun there."""
    before = text[:position]
    word = _WORD.search(before)
    start = word.start() if word else position
    begun = before[start:].lower()
    if chosen := _choices(before[:start]):
        return [Completion(each, CompletionKind.KEYWORD, start) for each in chosen if _fits(begun, each)]
    read = begin(before[:start], _node)
    if read is None:
        return []
    place = _Place(read.stack, read.accepted, _scope(read.stack, catalog), catalog)
    found = [c for c in place.completions(start) if _fits(begun, c.text)]
    return sorted(found, key=lambda c: not c.text.lower().startswith(begun))


def _choices(before: str) -> tuple[str, ...]:
    """The words that a setting just begun takes (`join kind=`), asked before the parser, which wants a word there."""
    found = SETTING.search(before[-500:])
    return CHOICES.get(found[1], {}).get(found[2], ()) if found else ()


def _fits(begun: str, text: str) -> bool:
    """The word begun is anywhere in the text; a long one may also leave letters out."""
    return begun in text.lower()


class _Place(Struct, frozen=True):
    """The cursor's surroundings: the parser's stack, the words it takes next, the scope."""

    stack: Stack
    accepted: frozenset[str]
    scope: Scope
    catalog: Catalog

    def completions(self, start: int) -> Iterator[Completion]:
        words = self._words()
        if self._after_pipe():
            yield from (Completion(each, CompletionKind.OPERATOR, start) for each in words)
            return
        if self._operator() == "render":
            yield from (Completion(each, CompletionKind.KEYWORD, start) for each in self._rendered())
            return
        if "NAME" in self.accepted:
            yield from self._names(start)
        kind = CompletionKind.OPERATOR if self.scope.row is None else CompletionKind.KEYWORD
        yield from (Completion(each, kind, start) for each in words)

    def _words(self) -> list[str]:
        """Words and signs that the grammar takes next and the engine runs."""
        single = {spelling for name, spelling in grammar_words().items() if name in self.accepted}
        usable = {word for word in single if not issubclass(RULES.get(word.replace("-", "_"), Syntax), Refused)}
        several = [word for name, words in SEVERAL.items() if name in self.accepted for word in words]
        ordered = sorted(usable, key=lambda word: (USUAL.index(word) if word in USUAL else len(USUAL), word))
        return [*several, *ordered]

    def _after_pipe(self) -> bool:
        return bool(self.stack) and self.stack[-1][0] == "VBAR"

    def _rendered(self) -> tuple[str, ...]:
        """Kinds of charts, their properties; columns where a property names them."""
        if _spelling(self.stack[-1]) == "render":
            return CHARTS
        if _spelling(self.stack[-2]) == "render":
            return ("with", *RENDERED)
        if "PROP" in self.accepted:
            return RENDERED
        return tuple(_quoted(column.name) for column in self.scope.row or ()) if "NAME" in self.accepted else ()

    def _names(self, start: int) -> Iterator[Completion]:
        tables = list(self._tables(start))
        if self._wants_table():
            yield from tables
        for column in self.scope.row or ():
            yield Completion(_quoted(column.name), CompletionKind.COLUMN, start, str(column.type))
        for name, meaning in self.scope.names.items():
            if isinstance(meaning, Value):
                yield Completion(name, CompletionKind.VARIABLE, start, str(meaning.type))
            elif isinstance(meaning, UserFunction):
                yield Completion(name, CompletionKind.FUNCTION, start, ", ".join(str(p.name) for p in meaning.parameters))
        registries = (AGGREGATES, SCALARS) if self._operator() == "summarize" else (SCALARS, WINDOWS)
        if self.scope.row is not None or not self._wants_table():
            yield from (each for registry in registries for each in _functions(registry, start))
        if self.scope.row is None and not self._wants_table():
            yield from tables

    def _tables(self, start: int) -> Iterator[Completion]:
        for name, meaning in self.scope.names.items():
            if isinstance(meaning, Relation):
                yield Completion(name, CompletionKind.TABLE, start, _columns(meaning.schema))
        for name in self.catalog.names():
            yield Completion(name, CompletionKind.TABLE, start, _columns(self.catalog.schema(name) or ()))

    def _operator(self) -> str:
        """The operator under way: the word behind the last pipe."""
        places = [at for at, (name, _) in enumerate(self.stack) if name == "VBAR"]
        return _spelling(self.stack[places[-1] + 1]) if places and places[-1] + 1 < len(self.stack) else ""

    def _wants_table(self) -> bool:
        """At the start of a pipeline: of the query, or of a subquery behind join, union, in."""
        words = [_spelling(each) for each in self.stack if _is_terminal(each)]
        last = words[-1] if words else "SEMICOLON"
        return last in ("SEMICOLON", *TABLE_PLACES) or (last == "LPAR" and len(words) > 1 and words[-2] in TABLE_PLACES)


def _functions(registry: Registry, start: int) -> Iterator[Completion]:
    for name, lines in registry.items():
        if not lines[0].replaced_by and name[:1].isalpha():
            signature = lines[0].signature
            yield Completion(name, CompletionKind.FUNCTION, start, signature[len(name) :].strip(), lines[0].help)


def _columns(schema: Schema) -> str:
    return f"{len(schema)} columns"


def _quoted(name: str) -> str:
    return name if _PLAIN_NAME.match(name) else "['" + name.replace("\\", "\\\\").replace("'", "\\'") + "']"


class _Given(dict[str, object]):
    """Every declared parameter has a value: which one, nobody asks before the query runs."""

    def __contains__(self, name: object) -> bool:
        return True


def _scope(stack: Stack, catalog: Catalog) -> Scope:
    """The scope at the cursor: statements read so far, and the columns of the pipeline before the last `|`."""
    scope = Scope(Context(catalog, _Given()))
    for statement in _statements(value for _, value in stack):
        try:
            scope = statement.apply(scope)
        except KqlError:
            continue  # what is wrong there is told when the query runs
    for at in reversed(range(1, len(stack))):
        source = stack[at - 1][1]
        if stack[at][0] == "VBAR" and isinstance(source, Expression):
            try:
                relation = source.bind_tabular(scope.without_row())
            except KqlError:
                break
            return scope.with_row(relation.schema, "query")
    return scope


def _statements(values: Iterable[Any]) -> Iterator[Statement]:
    """Statements that the parser has finished; those of a repeated rule stand in lists."""
    for each in values:
        if isinstance(each, Statement):
            yield each
        elif isinstance(each, list):
            yield from _statements(each)


# ---------------------------------------------------------------- what stands on the parser's stack

Stack = list[tuple[str, Any]]
_WRONG = Expression()  # binds nowhere: what is wrong is told when the query runs


def _node(rule: str, children: list[Any], start: int, end: int) -> Any:
    """The node of a rule, or _WRONG."""
    if any(child is _WRONG for child in children):
        return _WRONG
    try:
        return node(rule, children, start, end)
    except KqlError:
        return _WRONG


def _is_terminal(symbol: tuple[str, Any]) -> bool:
    return symbol[0].isupper()


def _spelling(symbol: tuple[str, Any]) -> str:
    """The text of a token that is kept, the word of a keyword, the name of a sign, nothing of a rule."""
    name, value = symbol
    return str(value) if isinstance(value, Token) else grammar_words().get(name, name) if _is_terminal(symbol) else ""
