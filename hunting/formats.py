"""Results as text and files: for a terminal, for spreadsheets, for programs. Rows are written in batches, never all at once.

Texts in a result come from mails: whoever sends one chooses them. Tables and Markdown show control, bidirectional and
invisible characters instead of obeying them; CSV disarms what a spreadsheet would run as a formula; JSON escapes them; Parquet
holds them as they are.

    csv, json, ndjson, parquet    every row, exact (a CSV cell like =1+1 gets one apostrophe in front; see `disarmed`)
    markdown, table               for reading
    html, svg, png, vega          a page with the chart that `render` asks for; the chart alone, as a picture or a Vega-Lite spec
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from hunting.errors import HuntingError
from hunting.result import Result
from hunting.rows import stored
from kql.catalog import schema_of
from kql.types import ScalarType

_BATCH = 10_000
_LONGEST = 500  # characters of a text for readers: pages and PDF take very long over a cell of thousands
_QUOTED = (ScalarType.STRING, ScalarType.DYNAMIC, ScalarType.GUID)

# ---------------------------------------------------------------- values as text


def text_of(value: Any, kind: ScalarType) -> str:
    """A value as people read it: 2026-11-21 10:00:00, 1.02:03:04, true; a null is empty.

    Args:
        value: as `values_of` yields it.
    """
    if value is None:
        return ""
    match kind:
        case ScalarType.BOOL:
            return "true" if value else "false"
        case ScalarType.DATETIME:
            return _datetime(value, " ")
        case ScalarType.TIMESPAN:
            return timespan_text(value)
        case ScalarType.REAL:
            return _real(value).removesuffix(".0")
        case ScalarType.DECIMAL:
            return _decimal(value)
        case _:
            return str(value)


def figure_text(value: Any, kind: ScalarType) -> str:
    """A value in a report: as `text_of`, but thousands are separated, fractions cut to two digits (below 0.01: three that
    count), and moments cut to seconds; midnight is a day; a long text is cut to 500 characters, with a mark."""
    match kind:
        case ScalarType.INT | ScalarType.LONG if value is not None:
            return f"{value:,}"
        case ScalarType.REAL | ScalarType.DECIMAL if value is not None and math.isfinite(value):
            if value and abs(value) < 0.01:
                return f"{float(value):.3g}"
            return f"{value:,.2f}".rstrip("0").rstrip(".")
        case ScalarType.DATETIME if value is not None:
            return f"{value:%Y-%m-%d}" if value.time() == time.min else f"{value:%Y-%m-%d %H:%M:%S}"
        case _:
            text = text_of(value, kind)
            return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def figures_of(result: Result) -> Iterator[list[str]]:
    """The rows as `figure_text`; a column of moments that are not all midnights shows the time of each."""
    whole = [
        column.type is not ScalarType.DATETIME or all(value is None or value.time() == time.min for value in values.to_pylist())
        for column, values in zip(result.schema, result.table.columns, strict=True)
    ]
    for batch in values_of(result):
        for row in batch:
            yield [
                figure_text(value, column.type) if days or value is None else f"{value:%Y-%m-%d %H:%M:%S}"
                for value, column, days in zip(row, result.schema, whole, strict=True)
            ]


def timespan_text(ticks: int) -> str:
    """Ticks of 100 ns in KQL's notation, [-][d.]hh:mm:ss[.fffffff]."""
    seconds, fraction = divmod(abs(ticks), 10_000_000)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{'-' * (ticks < 0)}{f'{days}.' if days else ''}{clock}{f'.{fraction:07}' if fraction else ''}"


def _datetime(value: datetime, between: str) -> str:
    whole, _, fraction = value.replace(tzinfo=None).isoformat(between).partition(".")
    return f"{whole}.{fraction.rstrip('0')}" if fraction else whole


def _real(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "-Infinity" if value < 0 else "Infinity"


def _decimal(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def values_of(result: Result) -> Iterator[list[tuple[Any, ...]]]:
    """The rows, batch by batch: Python values, but timespans as ticks, guids and dynamics as text."""
    columns = [
        result.stored.column(at).cast(pa.int64()) if column.type is ScalarType.TIMESPAN else result.table.column(at)
        for at, column in enumerate(result.schema)
    ]
    for start in range(0, len(result), _BATCH):
        parts = [column.slice(start, _BATCH).to_pylist() for column in columns]
        yield list(zip(*parts, strict=True))


def texts_of(result: Result) -> Iterator[list[str]]:
    """The rows as `text_of`."""
    kinds = [column.type for column in result.schema]
    for batch in values_of(result):
        for row in batch:
            yield [text_of(value, kind) for value, kind in zip(row, kinds, strict=True)]


# ---------------------------------------------------------------- hostile text


def visible(text: str, keep: str = "") -> str:
    """Text with every character that is not printable (control, bidirectional, invisible) shown instead: ␛, ⟨U+202E⟩."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _shown(c) for c in text)


def _shown(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


# A spreadsheet runs a cell that begins so, in full width too. On import some skip blanks and what nobody sees.
_UNSEEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u034f\u061c\u1680\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    r"\ufe00-\ufe0f\ufeff\ufff0-\ufffb\U000e0000-\U000e0fff"
)
_FORMULA = re.compile(rf"'*[\t\r\n{_UNSEEN}]*[=+\-@\t\r\n＝＋－＠]")
# One that splits at semicolons or tabs sees cells inside this one, and our quotes in them. No formula begins like a smiley.
_INNER = re.compile(rf"(?<=[;\t\r\n])(?=['\"{_UNSEEN}]*[=+\-@＝＋－＠](?!\)))")


def disarmed(cell: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe in front of what begins with =, +, -, @, tab or line end.

    So too inside it, behind a semicolon, tab or line end (but not `;-)`), where the spreadsheets of some countries begin a cell.
    Nothing is lost: where apostrophes and then such a character begin a cell, one apostrophe is ours.
    """
    inner = _INNER.sub("'", cell)
    return f"'{inner}" if _FORMULA.match(cell) else inner


_ACTIVE = re.compile(r"[\\`*_\[\]<>|&~!$#]|(?<=\b[wW]{3})\.|:(?=//)")


def markdown_text(text: str) -> str:
    """Text that stays text in Markdown: no markup, no HTML, no picture fetched, no link to click."""
    return _ACTIVE.sub(lambda found: "\\" + found[0], visible(text))


_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def json_safe(line: str) -> str:
    """JSON with every character escaped that is not printable: the same value, harmless on a terminal."""
    return line if line.isprintable() else _UNPRINTABLE.sub(lambda found: _escaped(found[0]), line)


def _escaped(char: str) -> str:
    return char if char.isprintable() else json.dumps(char)[1:-1] if char != "\x7f" else "\\u007f"


# ---------------------------------------------------------------- tables


def table_text(result: Result, limit: int | None = None, width: int | None = None, bold: bool = False) -> str:
    """A table for reading.

    Args:
        limit: rows shown, None for all; how many are left out is said.
        width: of the terminal, None for no bound; long cells are cut, and columns that do not fit are left out, which is said.
        bold: headings in bold, for a terminal.
    """
    from rich.cells import cell_len, set_cell_size

    shown = Result(result.stored.slice(0, limit), result.schema, result.sql)
    rows = [[visible(cell) for cell in row] for row in texts_of(shown)]
    names = [visible(name) for name in result.columns]
    natural = [max(map(cell_len, column)) for column in zip(names, *rows, strict=True)]
    least = [
        min(size, _NARROWEST) if _may_be_cut(column.type) else size for size, column in zip(natural, result.schema, strict=True)
    ]
    widths = _fitting(natural, least, width)
    right = [column.type.numeric for column in result.schema]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(_cell(cell, size, at) for cell, size, at in zip(cells, widths, right, strict=False)).rstrip()

    def _cell(cell: str, size: int, to_right: bool) -> str:
        length = cell_len(cell)
        if length > size:
            return set_cell_size(cell, size - 1) + "…"
        return " " * (size - length) * to_right + cell + " " * (size - length) * (not to_right)

    heading = line(names)
    lines = [f"\x1b[1m{heading}\x1b[0m" if bold else heading, "  ".join("─" * size for size in widths), *map(line, rows)]
    lines += [] if len(result) else ["(no rows)"]
    lines += [f"… {_more(len(result) - len(rows), 'row')}"] if len(rows) < len(result) else []
    lines += [f"… {_more(len(names) - len(widths), 'column')} (choose with project)"] if len(widths) < len(names) else []
    return "\n".join(lines) + "\n"


def _more(count: int, what: str) -> str:
    return f"{count:,} more {what}{'s' * (count != 1)}"


_NARROWEST, _WIDEST = 14, 100


def _may_be_cut(kind: ScalarType) -> bool:
    """Half a number or half a time would be read as another one."""
    return kind in (ScalarType.STRING, ScalarType.DYNAMIC, ScalarType.GUID)


def _fitting(natural: Sequence[int], least: Sequence[int], width: int | None) -> list[int]:
    """Widths of the columns that fit side by side: the widest are cut first, then the last are left out."""
    if width is None:
        return list(natural)
    for count in range(len(natural), 0, -1):
        for cap in range(_WIDEST, _NARROWEST - 1, -1):
            widths = [max(min(size, cap), floor) for size, floor in zip(natural[:count], least, strict=False)]
            if sum(widths) + 2 * (count - 1) <= width:
                return widths
    return [max(1, min(size, width)) for size in natural[:1]]


# ---------------------------------------------------------------- writers


def write_table(result: Result, sink: BinaryIO) -> None:
    """The whole table, uncut."""
    sink.write(table_text(result).encode())


def write_csv(result: Result, sink: BinaryIO) -> None:
    """CSV: UTF-8, a heading, datetimes in ISO 8601 with Z, nulls empty."""
    kinds = [column.type for column in result.schema]
    sink.write(_csv_line([disarmed(name) for name in result.columns]).encode())
    for batch in values_of(result):
        lines = (_csv_line([_csv_cell(value, kind) for value, kind in zip(row, kinds, strict=True)]) for row in batch)
        sink.write("".join(lines).encode())


_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$')


def _csv_line(cells: Sequence[str]) -> str:
    # The csv module of Python 3.11 leaves a carriage return bare where lines end with a newline alone.
    quoted = ['"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell for cell in cells]
    return (",".join(quoted) if quoted != [""] else '""') + "\n"


def _csv_cell(value: Any, kind: ScalarType) -> str:
    if kind is ScalarType.DATETIME and value is not None:
        return _iso(value)
    text = text_of(value, kind)
    return disarmed(text) if kind in _QUOTED else text


def _iso(value: datetime) -> str:
    return _datetime(value, "T") + "Z"


def write_json(result: Result, sink: BinaryIO) -> None:
    """One JSON array of objects."""
    sink.write(b"[")
    for number, line in enumerate(_objects(result)):
        sink.write((",\n" if number else "\n").encode() + line.encode())
    sink.write(b"\n]\n")


def write_ndjson(result: Result, sink: BinaryIO) -> None:
    """One JSON object a line."""
    for line in _objects(result):
        sink.write(line.encode() + b"\n")


def _objects(result: Result) -> Iterator[str]:
    names = [json.dumps(name, ensure_ascii=False) for name in result.columns]
    kinds = [column.type for column in result.schema]
    for batch in values_of(result):
        for row in batch:
            members = (f"{name}: {json_text(value, kind)}" for name, value, kind in zip(names, row, kinds, strict=True))
            yield json_safe(f"{{{', '.join(members)}}}")


def json_text(value: Any, kind: ScalarType) -> str:
    """A value in JSON: decimals and what is not finite as text, so that nothing is rounded; dynamics as they are."""
    match kind:
        case _ if value is None:
            return "null"
        case ScalarType.BOOL:
            return "true" if value else "false"
        case ScalarType.INT | ScalarType.LONG:
            return str(value)
        case ScalarType.REAL if math.isfinite(value):
            return repr(value)
        case ScalarType.DYNAMIC:
            return str(value)
        case ScalarType.DATETIME:
            return f'"{_iso(value)}"'
        case _:
            return json.dumps(_real(value) if kind is ScalarType.REAL else text_of(value, kind), ensure_ascii=False)


def write_markdown(result: Result, sink: BinaryIO, texts: Callable[[Result], Iterator[list[str]]] = texts_of) -> None:
    """A Markdown table; `texts` says how values are written."""
    rule = " | ".join("---:" if column.type.numeric else "---" for column in result.schema)
    sink.write(f"| {' | '.join(map(markdown_text, result.columns))} |\n| {rule} |\n".encode())
    for row in texts(result):
        sink.write(f"| {' | '.join(map(markdown_text, row))} |\n".encode())


def write_parquet(result: Result, sink: BinaryIO) -> None:
    """Parquet; each field's metadata names its KQL type."""
    fields = [field.with_metadata({"kql_type": str(c.type)}) for field, c in zip(result.table.schema, result.schema, strict=True)]
    schema = pa.schema(fields)
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in result.table.cast(schema).to_batches(max_chunksize=100_000):
            writer.write_batch(batch)


def write_html(result: Result, sink: BinaryIO) -> None:
    """A page that needs no network: the chart, if `render` asks for one, and every row."""
    from hunting.webpage import page

    sink.write(page(result).encode())


def write_svg(result: Result, sink: BinaryIO) -> None:
    """The chart as SVG."""
    from hunting.charts import picture

    sink.write(picture(result, "svg"))


def write_png(result: Result, sink: BinaryIO) -> None:
    """The chart as PNG."""
    from hunting.charts import picture

    sink.write(picture(result, "png"))


def write_vega(result: Result, sink: BinaryIO) -> None:
    """The chart as a Vega-Lite spec with its data inside."""
    from hunting.charts import vega_lite

    sink.write(json_safe(json.dumps(vega_lite(result), ensure_ascii=False)).encode() + b"\n")


Writer = Callable[[Result, BinaryIO], None]

WRITERS: Mapping[str, Writer] = {
    "table": write_table,
    "csv": write_csv,
    "json": write_json,
    "ndjson": write_ndjson,
    "parquet": write_parquet,
    "markdown": write_markdown,
    "html": write_html,
    "svg": write_svg,
    "png": write_png,
    "vega": write_vega,
}

SUFFIXES: Mapping[str, str] = {
    ".txt": "table",
    ".csv": "csv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".md": "markdown",
    ".html": "html",
    ".svg": "svg",
    ".png": "png",
}


def save(result: Result, path: Path, form: str | None = None) -> None:
    """Writes a file, whole or not at all: what was at `path` stays until the new file is complete.

    Args:
        form: a key of WRITERS; None: the one that the path's suffix means.

    Raises:
        HuntingError: no such format, or the file cannot be written.
    """
    name = form or SUFFIXES.get(path.suffix.lower(), "")
    if name not in WRITERS:
        raise HuntingError(f"No format is known for '{name or path.name}'.", hint=f"Formats: {', '.join(WRITERS)}.")
    write_whole(path, lambda sink: WRITERS[name](result, sink))


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """A file that is there whole or not at all.

    Args:
        write: writes its content.

    Raises:
        HuntingError: the file cannot be written.
    """
    target = path.resolve()  # a link stays a link
    if target.exists() and not target.is_file():
        raise HuntingError(f"{path} is not a file.", hint="Name a file, or leave the output on the terminal.")
    beside = target.with_name(f".{target.name}.{uuid4().hex[:8]}.partial")
    try:
        with beside.open("xb") as sink:
            write(sink)
            sink.flush()
            os.fsync(sink.fileno())
        beside.replace(target)
    except OSError as error:
        raise HuntingError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def records(columns: Mapping[str, str], rows: Sequence[Sequence[object]]) -> Result:
    """Rows of our own (settings, actions, tables) as a result, so that they print and export as every answer does.

    Args:
        columns: name -> KQL type.
    """
    schema = schema_of(columns)
    arrays = {c.name: [row[at] for row in rows] for at, c in enumerate(schema)}
    return Result(stored(pa.table({name: pa.array(values) for name, values in arrays.items()}), schema, "records"), schema, "")
