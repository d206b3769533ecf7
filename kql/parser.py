"""From the text of a query to whatever is made of its rules."""

from __future__ import annotations

import pickle
from contextlib import suppress
from functools import cache
from typing import Any

from kql.errors import KqlError
from kql.parsing.automaton import Automaton, Begun, Make, Rejected
from kql.parsing.limits import check_limits, has_comment
from kql.parsing.stored import GRAMMAR, loaded


def parse(text: str, make: Make) -> Any:
    """What `make` makes of the text; see `kql.parsing.automaton.Automaton.run`.

    Raises:
        KqlLimitError: the text is too long or nested too deeply.
        KqlSyntaxError: the text is not KQL; with place, what was found, what was expected, and the cure where one is known.
        KqlError: as `make`, of a text that is KQL.
    """
    check_limits(text)
    try:
        return automaton().run(text, make)
    except (Rejected, KqlError) as error:
        from kql.parsing.grammar import parse_tree  # lark is imported when something is wrong, or there is no cache

        parse_tree(text)
        if isinstance(error, KqlError):
            raise
        raise AssertionError("refused by the automaton, accepted by lark") from error


def begin(text: str, make: Make) -> Begun | None:
    """A text that may go on; None if nothing can cure it.

    Raises:
        KqlLimitError: the text is too long or nested too deeply.
    """
    check_limits(text)
    with suppress(Rejected):
        return automaton().begin(text, make)
    return None


def grammar_words() -> dict[str, str]:
    """The words of the grammar by the names of their terminals."""
    return automaton().tables.spelled


def constructs(text: str) -> frozenset[str]:
    """What a query makes use of: the names of the grammar's rules (`join`, `union`, `externaldata`, ...), and `comment`.

    Raises:
        KqlError: as `parse`.
    """
    rules: set[str] = set()
    parse(text, lambda name, *_: rules.add(name.partition("_where")[0]))
    rules |= {"join"} if "lookup" in rules else set()
    return frozenset(rules | ({"comment"} if has_comment(text) else set()))


@cache
def automaton() -> Automaton:
    """The parser of the grammar: from the cache, or lark compiles the grammar."""
    found = loaded(GRAMMAR.read_bytes(), pickle.load)
    if found is None:
        from kql.parsing.grammar import compiled
        from kql.parsing.tables import tables

        found = tables(compiled())
    return Automaton(found)
