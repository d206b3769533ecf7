"""The golden cases: files of `golden/`, and the text form of tables that they are written in.

    === table Mail
    Id: long, Sender: string
    1, "a@example.com"

    === a title that says what is shown
    Mail | where Id == 1
    --- sql
    SELECT ...
    --- result
    Id: long, Sender: string
    1, "a@example.com"

A table serves all cases of its file. A case ends in `--- result` (rows in any order), `--- result in order`, or `--- error`
(the rendered text). Results are derived by hand, from the documentation or an independent computation; `--record-sql` rewrites
`--- sql` sections that are there, and nothing else. Cells are written by the type of their column: texts and dynamics as JSON
(null is the null dynamic), moments as 2026-01-31 or 2026-01-31T10:00:00.123, spans as [-][d.]hh:mm:ss[.fffffff], null elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa

from hunting import Hunt, Result

FOLDER = Path(__file__).with_name("golden")
Cell = Any
Header = list[tuple[str, str]]


@dataclass(frozen=True)
class Grid:
    """Columns with types, and rows in the form that the engine stores: microseconds, ticks, JSON text."""

    header: Header
    rows: list[tuple[Cell, ...]]

    def __str__(self) -> str:
        names = ", ".join(f"{name if name.isidentifier() else json.dumps(name)}: {kind}" for name, kind in self.header)
        return "\n".join([names, *self.lines()])

    def lines(self) -> list[str]:
        return [", ".join(_SHOW[kind](cell) for cell, (_, kind) in zip(row, self.header, strict=True)) for row in self.rows]

    def in_any_order(self) -> Grid:
        return replace(self, rows=[row for _, row in sorted(zip(self.lines(), self.rows, strict=True), key=lambda pair: pair[0])])


@dataclass(frozen=True)
class Case:
    file: str
    title: str
    query: str
    sections: dict[str, str]
    tables: dict[str, Grid] = field(repr=False)

    @property
    def id(self) -> str:
        return f"{self.file}: {self.title}"


# ---------------------------------------------------------------- files


def cases(folder: Path = FOLDER) -> list[Case]:
    return [case for path in sorted(folder.glob("*.kql")) for case in file_cases(path)]


def file_cases(path: Path) -> Iterator[Case]:
    tables: dict[str, Grid] = {}
    for title, body in _blocks(path):
        if title.startswith("table "):
            tables[title.removeprefix("table ")] = parse_grid(body)
            continue
        query, *rest = re.split(r"^--- ", body, flags=re.MULTILINE)
        sections = {name: text.strip("\n") for name, _, text in (each.partition("\n") for each in rest)}
        unknown = set(sections) - {"sql", "result", "result in order", "error"}
        if unknown or len(set(sections) - {"sql"}) != 1:
            raise ValueError(f"{path.name}: {title}: sections {sorted(sections)}")
        yield Case(path.stem, title, query.strip("\n"), sections, tables)


def _blocks(path: Path) -> list[tuple[str, str]]:
    _, *blocks = re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    split = [block.partition("\n") for block in blocks]
    titles = [title for title, _, _ in split]
    if len(set(titles)) < len(titles):
        raise ValueError(f"{path.name}: a title stands twice")
    return [(title, body) for title, _, body in split]


def record_sql(path: Path, title: str, sql: str) -> None:
    """Writes the SQL of a case into its `--- sql` section."""
    text = path.read_text(encoding="utf-8")
    start = text.index(f"=== {title}\n")
    section = re.compile(r"^--- sql\n.*?(?=^--- )", re.MULTILINE | re.DOTALL)
    path.write_text(text[:start] + section.sub(lambda _: f"--- sql\n{sql}\n", text[start:], count=1), encoding="utf-8")


# ---------------------------------------------------------------- grids


def _cells(line: str) -> list[str]:
    """The parts between commas that stand outside of quotes and brackets."""
    parts, depth, start = [], 0, 0
    for found in re.finditer(r'"(?:\\.|[^"\\])*"|[\[{]|[\]}]|,', line):
        sign = found[0]
        depth += (sign in "[{") - (sign in "]}")
        if sign == "," and depth == 0:
            parts.append(line[start : found.start()].strip())
            start = found.end()
    return [*parts, line[start:].strip()]


def parse_grid(text: str) -> Grid:
    first, *lines = [line for line in text.splitlines() if line.strip()]
    header: Header = []
    for part in _cells(first):
        name, _, kind = part.rpartition(": ")
        header.append((json.loads(name) if name.startswith('"') else name, kind))
    rows = [tuple(_READ[kind](cell) for cell, (_, kind) in zip(_cells(line), header, strict=True)) for line in lines]
    return Grid(header, rows)


def result_grid(result: Result) -> Grid:
    """A query's rows as they were stored, canonical JSON for dynamics."""
    stored = zip(result.stored.columns, result.types, strict=True)
    columns = [[_from_arrow(cell, kind) for cell in _plain(column)] for column, kind in stored]
    return Grid(list(zip(result.columns, result.types, strict=True)), list(zip(*columns, strict=True)))


def register(hunt: Hunt, name: str, grid: Grid) -> None:
    """Makes a grid a table of the hunt."""
    columns = {}
    for at, (column, kind) in enumerate(grid.header):
        cells = [row[at] for row in grid.rows]
        texts = [None if cell is None else str(cell) for cell in cells]
        columns[column] = pa.array(texts, pa.string()) if kind == "guid" else pa.array(cells, _ARROW[kind])
    hunt.register(name, pa.table(columns), schema=dict(grid.header))


_ARROW = {
    "bool": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "real": pa.float64(),
    "decimal": pa.decimal128(38, 18),
    "string": pa.string(),
    "datetime": pa.timestamp("us"),
    "timespan": pa.int64(),
    "dynamic": pa.string(),
}


def _plain(column: pa.ChunkedArray) -> list[Any]:
    return (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()


def _from_arrow(cell: Any, kind: str) -> Cell:
    if cell is None:
        return None
    if kind == "dynamic":
        return _json(json.loads(cell))
    if kind == "guid":
        return cell if isinstance(cell, UUID) else UUID(bytes=cell) if isinstance(cell, bytes) else UUID(cell)
    return cell


# ---------------------------------------------------------------- cells: text to stored value, and back


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_SPAN = re.compile(r"(-?)(?:(\d+)\.)?(\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?")
_EPOCH = datetime(1970, 1, 1)


def _ticks(text: str) -> int:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"not a span: {text}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.group(2, 3, 4, 5))
    ticks = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 10_000_000 + int((found[6] or "").ljust(7, "0"))
    return -ticks if found[1] else ticks


def _span(ticks: int) -> str:
    seconds, fraction = divmod(abs(ticks), 10_000_000)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return ("-" if ticks < 0 else "") + (f"{days}." if days else "") + clock + (f".{fraction:07}".rstrip("0") if fraction else "")


def _micros(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def _moment(micros: int) -> str:
    moment = _EPOCH + timedelta(microseconds=micros)
    return moment.isoformat().rstrip("0") if moment.microsecond else moment.isoformat().removesuffix("T00:00:00")


def _or_null(read: Callable[[str], Cell]) -> Callable[[str], Cell]:
    return lambda text: None if text == "null" else read(text)


def _shown(show: Callable[[Any], str]) -> Callable[[Cell], str]:
    return lambda cell: "null" if cell is None else show(cell)


_READ: dict[str, Callable[[str], Cell]] = {
    "bool": _or_null({"true": True, "false": False}.__getitem__),
    "int": _or_null(int),
    "long": _or_null(int),
    "real": _or_null(float),
    "decimal": _or_null(Decimal),
    "string": json.loads,
    "datetime": _or_null(_micros),
    "timespan": _or_null(_ticks),
    "guid": _or_null(UUID),
    "dynamic": _or_null(lambda text: _json(json.loads(text))),
}
_SHOW: dict[str, Callable[[Cell], str]] = {
    "bool": _shown(lambda cell: str(cell).lower()),
    "int": _shown(str),
    "long": _shown(str),
    "real": _shown(lambda cell: f"{float(cell):.12g}"),  # the last digits depend on the order of a sum
    "decimal": _shown(lambda cell: f"{Decimal(cell).normalize():f}"),
    "string": lambda cell: "NULL in a string" if cell is None else json.dumps(cell, ensure_ascii=False),
    "datetime": _shown(_moment),
    "timespan": _shown(_span),
    "guid": _shown(str),
    "dynamic": _shown(str),
}
