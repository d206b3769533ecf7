"""Compiled programs kept for the next time: `now` and parameters are bound when one runs, so the text is all that matters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from kql.catalog import Catalog, Storage
from kql.compiler import Probe, Program, compile
from kql.types import Schema

Key = tuple[str, frozenset[str], bool]


class _Asked:
    """A catalog that remembers what it was asked, and whether rows were looked at."""

    def __init__(self, catalog: Catalog, probe: Probe | None) -> None:
        self._catalog, self._probe = catalog, probe
        self._schemas: dict[str, Schema | None] = {}
        self._storage: dict[str, Storage] = {}
        self._varieties: dict[tuple[str, frozenset[str]], float] = {}
        self._names: tuple[str, ...] | None = None
        self.probed = False

    def schema(self, table: str) -> Schema | None:
        return self._schemas.setdefault(table, self._catalog.schema(table))

    def names(self) -> Iterable[str]:
        self._names = tuple(self._catalog.names())
        return self._names

    def storage(self, table: str) -> Storage:
        storage = self._storage.setdefault(table, self._catalog.storage(table))
        return replace(storage, variety=partial(self._variety, table)) if storage.variety else storage

    def _variety(self, table: str, columns: frozenset[str]) -> float:
        return self._varieties.setdefault((table, columns), self._storage[table].variety_of(columns))

    def probe(self, program: Program) -> Sequence[tuple[Any, ...]]:
        assert self._probe is not None
        self.probed = True
        return self._probe(program)

    def told_by(self, catalog: Catalog) -> bool:
        """Whether the catalog would say the same today."""
        return (
            all(catalog.schema(table) == schema for table, schema in self._schemas.items())
            and all(catalog.storage(table) == storage for table, storage in self._storage.items())
            and all(catalog.storage(table).variety_of(columns) == found for (table, columns), found in self._varieties.items())
            and (self._names is None or self._names == tuple(catalog.names()))
        )


class Programs:
    """The programs compiled last.

    Args:
        most: how many are kept; the one used longest ago goes first.
    """

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._held: OrderedDict[Key, tuple[Program, _Asked]] = OrderedDict()

    def compile(
        self, text: str, catalog: Catalog, parameters: Mapping[str, object] | None, windowed: bool, probe: Probe | None
    ) -> Program:
        """As `kql.compile`; a program whose columns depend on the data is compiled anew each time.

        Raises:
            KqlError: with its place in the text.
        """
        key = (text, frozenset(parameters or ()), windowed)
        held = self._held.get(key)
        if held is not None and held[1].told_by(catalog):
            self._held.move_to_end(key)
            return held[0]
        asked = _Asked(catalog, probe)
        program = compile(text, asked, parameters, windowed=windowed, probe=asked.probe if probe else None)
        if not asked.probed:
            self._held[key] = program, asked
            self._held.move_to_end(key)
        if len(self._held) > self._most:
            self._held.popitem(last=False)
        return program
