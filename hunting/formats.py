"""Results as text and files: for a terminal, for spreadsheets, for programs. Rows are written in batches, never all at once.

Tables and Markdown show control, bidirectional and invisible characters instead of obeying them; CSV disarms what a spreadsheet
would run as a formula; JSON escapes them; Parquet holds them as they are (`hunting.cells`).

    csv, json, ndjson, parquet    every row, exact (a CSV cell like =1+1 gets one apostrophe in front; see `disarmed`)
    markdown, table               for reading
    html, svg, png, vega          a page with the chart that `render` asks for; the chart alone, as a picture or a Vega-Lite spec
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import pyarrow as pa

from hunting.cells import csv_text, disarmed, json_safe, json_text, markdown_text, texts_of, values_of, visible
from hunting.errors import HuntingError
from hunting.result import Result
from hunting.rows import stored
from kql.catalog import schema_of
from kql.types import ScalarType

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
        lines = (_csv_line([csv_text(value, kind) for value, kind in zip(row, kinds, strict=True)]) for row in batch)
        sink.write("".join(lines).encode())


_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$')


def _csv_line(cells: Sequence[str]) -> str:
    # The csv module of Python 3.11 leaves a carriage return bare where lines end with a newline alone.
    quoted = ['"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell for cell in cells]
    return (",".join(quoted) if quoted != [""] else '""') + "\n"


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


def write_markdown(result: Result, sink: BinaryIO, texts: Callable[[Result], Iterator[list[str]]] = texts_of) -> None:
    """A Markdown table; `texts` says how values are written."""
    rule = " | ".join("---:" if column.type.numeric else "---" for column in result.schema)
    sink.write(f"| {' | '.join(map(markdown_text, result.columns))} |\n| {rule} |\n".encode())
    for row in texts(result):
        sink.write(f"| {' | '.join(map(markdown_text, row))} |\n".encode())


def write_parquet(result: Result, sink: BinaryIO) -> None:
    """Parquet; each field's metadata names its KQL type."""
    import pyarrow.parquet as pq

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
