"""Drives the tables: one regular expression for the next token, one look-up for each step, no tree in between.

A state and the next terminal decide all that follows up to the shift of that terminal. What was decided once is remembered:
the expression for a state's terminals, and where a reduction leads, past all rules that hand on their only child
(`?expr: and_expr` and its like, some eight for a name).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from kql.parsing.tables import END, Tables
from kql.tokens import Token

Make = Callable[[str, list[Any], int, int], Any]


class Rejected(Exception):
    """The text does not follow the grammar."""


class Shift(NamedTuple):
    """The token is read.

    Attributes:
        state: where it leads; the tables' `end` if it is the last.
        kept: its terminal, None if no rule keeps it.
    """

    state: int
    kept: str | None


class Reduce(NamedTuple):
    """A production is complete; its attributes are those of `kql.parsing.tables.Production`.

    Attributes:
        children: None if they are all values as they are.
        leads: the state below on the stack -> the state above it, and the next step there.
    """

    symbols: int
    values: int
    name: str | None
    children: tuple[int | None, ...] | None
    leads: Leads


Step = Shift | Reduce


class Leads(dict[int, tuple[int, Step | None]]):
    """Where it goes on once `origin` is reduced and `terminal` comes next; filled by need."""

    def __init__(self, automaton: Automaton, origin: str, terminal: str) -> None:
        super().__init__()
        self._automaton, self._origin, self._terminal = automaton, origin, terminal

    def __missing__(self, below: int) -> tuple[int, Step | None]:
        self[below] = found = self._automaton.after(below, self._origin, self._terminal)
        return found


class Words(dict[str, Step | None]):
    """The steps of the words that a pattern matches and the grammar knows; any other is the pattern's own terminal."""

    other: Step | None = None

    def __missing__(self, word: str) -> Step | None:
        return self.other


class Reader(NamedTuple):
    """How a state reads the next token: the expression, and the steps by the number of the group that matched."""

    match: Callable[[str, int], re.Match[str] | None]
    steps: dict[int | None, Step | Words | None]


class Begun(NamedTuple):
    """A text that may go on.

    Attributes:
        stack: what is read, as far as it is put together: names of terminals and rules, with their values (a list of a rule
            that is not finished; None of a terminal that no rule keeps).
        accepted: the terminals that may come next.
    """

    stack: list[tuple[str, Any]]
    accepted: frozenset[str]


class Automaton:
    """A parser. It learns while it runs, the same from any text; threads may share it."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._readers: dict[int, Reader] = {}
        self._patterns: dict[frozenset[str], re.Pattern[str]] = {}
        self._leads: dict[tuple[str, str], Leads] = {}

    def run(self, text: str, make: Make) -> Any:
        """The value of the whole text.

        Args:
            make: of a rule's name, its children (values made before, tokens, None for an absent part), and the places of its
                first character and behind its last one; of an empty rule the first is not before the second.

        Raises:
            Rejected: the text does not follow the grammar.
        """
        values: list[Any] = []
        self._read(text, make, [self.tables.start], values, whole=True)
        return values[0]

    def begin(self, text: str, make: Make) -> Begun:
        """What there is of a text that may go on.

        Raises:
            Rejected: no text that begins so follows the grammar.
        """
        states: list[int] = [self.tables.start]
        values: list[Any] = []
        self._read(text, make, states, values, whole=False)
        rest = iter(values)
        names = [self._symbols[state] for state in states[1:]]
        valued = [name in self.tables.kept or name not in self.tables.terminals for name in names]
        stack = [(name, next(rest) if has_value else None) for name, has_value in zip(names, valued, strict=True)]
        return Begun(stack, frozenset(name for name in self.tables.actions[states[-1]] if self._accepts(states, name)))

    def _read(self, text: str, make: Make, states: list[int], values: list[Any], whole: bool) -> None:
        """Reads up to the end; the stacks hold the states, and the values of those symbols that have one."""
        readers, final = self._readers, self.tables.end
        state, starts, end = states[0], [0], 0  # `starts`: where the symbol of each state begins
        while True:
            match, steps = readers.get(state) or self._reader(state)
            found = match(text, end)
            if found is None:
                raise Rejected
            group = found.lastindex
            start, stop = found.span(group)  # type: ignore[arg-type]  # one of the groups has matched
            if start == stop and not whole:  # at the end, for no other terminal is empty
                return
            step = steps[group]
            if isinstance(step, Words):
                step = step[text[start:stop]]
            while isinstance(step, Reduce):
                symbols, taken, name, children, leads = step
                first = starts[-symbols] if symbols else start
                del states[-symbols or len(states) :], starts[-symbols or len(starts) :]
                if taken >= 0:
                    below = len(values) - taken
                    made = values[below:] if children is None else arranged(values[below:], children)
                    values[below:] = (made if name is None else make(name, made, first, end),)
                state, step = leads[states[-1]]
                states.append(state)
                starts.append(first)
            if step is None:
                raise Rejected
            state, kept = step
            if state == final:
                return
            if kept is not None:
                values.append(Token(kept, text[start:stop], start, stop))
            states.append(state)
            starts.append(start)
            end = stop

    # ------------------------------------------------------------ steps

    def after(self, below: int, origin: str, terminal: str) -> tuple[int, Step | None]:
        """The state above `below` once `origin` is reduced, past the rules that hand it on; and the step before the terminal."""
        gotos, productions = self.tables.gotos, self.tables.productions
        state = gotos[below][origin]
        while (code := self.tables.actions[state].get(terminal)) is not None and code < 0:
            production = productions[~code]
            if production.symbols != 1 or production.children is not None:
                break
            state = gotos[below][production.origin]
        return state, self._step(state, terminal)

    def _step(self, state: int, terminal: str) -> Step | None:
        """What a state does before a terminal; None if it does not accept it."""
        if terminal == END and state == self.tables.end:
            return Shift(state, None)
        code = self.tables.actions[state].get(terminal)
        if code is None:
            return None
        if code >= 0:
            return Shift(code, terminal if terminal in self.tables.kept else None)
        origin, symbols, values, name, children = self.tables.productions[~code]
        if (leads := self._leads.get((origin, terminal))) is None:
            leads = self._leads[origin, terminal] = Leads(self, origin, terminal)
        if children is None:
            return Reduce(symbols, -1, None, None, leads)
        return Reduce(symbols, values, name, None if children == tuple(range(values)) else children, leads)

    @cached_property
    def _symbols(self) -> dict[int, str]:
        """State -> the symbol that led to it, each time the same."""
        found = chain(self.tables.actions.values(), self.tables.gotos.values())
        return {code: name for codes in found for name, code in codes.items() if code >= 0}

    def _accepts(self, states: list[int], terminal: str) -> bool:
        """Whether the terminal may come next."""
        states = states.copy()
        while (code := self.tables.actions[states[-1]].get(terminal)) is not None and code < 0:
            production = self.tables.productions[~code]
            del states[len(states) - production.symbols :]
            states.append(self.tables.gotos[states[-1]][production.origin])
            if terminal == END and states[-1] == self.tables.end:
                return True
        return code is not None

    # ------------------------------------------------------------ tokens

    def _reader(self, state: int) -> Reader:
        accepted = frozenset(self.tables.actions[state]) | {"NAME"}  # a keyword is one only where there is room for it
        pattern = self._patterns.get(accepted)
        if pattern is None:
            pattern = self._patterns[accepted] = self._pattern(accepted)
        steps: dict[int | None, Step | Words | None] = {}
        for name, group in pattern.groupindex.items():
            words = {word: terminal for word, terminal in self.tables.words.get(name, {}).items() if terminal in accepted}
            steps[group] = step = self._step(state, END if name == _END else name)
            if words:
                steps[group] = known = Words((word, self._step(state, terminal)) for word, terminal in words.items())
                known.other = step
        reader = self._readers[state] = Reader(pattern.match, steps)
        return reader

    def _pattern(self, accepted: frozenset[str]) -> re.Pattern[str]:
        """Blanks and comments, then one of the terminals in their order; words that one matches are looked up later."""
        tables = self.tables
        looked_up = {terminal for name, words in tables.words.items() if name in accepted for terminal in words.values()}
        tried = [name for name in tables.terminals if name in accepted and name not in looked_up]
        ignored = "|".join(tables.terminals[name] for name in tables.ignored)
        groups = "|".join(f"(?P<{name}>{tables.terminals[name]})" for name in tried)
        return re.compile(rf"(?:{ignored})*+(?:{groups}|(?P<{_END}>\Z))")


_END = "END_OF_TEXT"


def arranged(values: list[Any], children: tuple[int | None, ...]) -> list[Any]:
    """The children of a rule, see `kql.parsing.tables.Production`; a list that comes first grows, it is used nowhere else."""
    found: list[Any] = []
    if children and children[0] is not None and children[0] < 0:
        found, children = values[~children[0]], children[1:]
    for child in children:
        if child is None:
            found.append(None)
        elif child >= 0:
            found.append(values[child])
        else:
            found += values[~child]
    return found
