"""How answers, notes, progress and errors are printed, and what the exit codes are."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hunting.cli.options import LIMIT, Form

if TYPE_CHECKING:
    from hunting.result import Result


def show(
    result: Result, form: Form | None = None, output: Path | None = None, limit: int = LIMIT, chart: bool | None = None
) -> None:
    """Prints an answer, or saves it.

    Args:
        chart: whether the chart that `render` asks for is drawn under a table; None: on a terminal.
    """
    from hunting import formats

    if output is not None:
        if form is None and output.suffix.lower() not in formats.SUFFIXES:
            raise click.BadParameter(f"'{output.name}' does not tell the format. Name it with -f.", param_hint="-o")
        formats.save(result, output, form)
        note(f"{len(result):,} rows in {output}")
        return
    terminal = sys.stdout.isatty()
    chosen = form or (Form.TABLE if terminal else Form.NDJSON)
    if chosen is Form.TABLE:
        width = shutil.get_terminal_size().columns if terminal else None
        write(formats.table_text(result, limit or None, width, bold=coloured()))
        if terminal if chart is None else chart:
            _draw(result, width)
    elif chosen in (Form.PARQUET, Form.PNG) and terminal:
        raise click.BadParameter(f"{chosen} is not for a terminal. Name a file with -o.", param_hint="-f")
    elif chosen is Form.CSV and terminal:
        write(_csv_for_terminal(result))
    else:
        with _reader_may_leave():
            formats.WRITERS[chosen](result, sys.stdout.buffer)
            sys.stdout.buffer.flush()


def _draw(result: Result, width: int | None) -> None:
    """The chart, if one is asked for; where none can be drawn, the rows stand and the reason is told."""
    from hunting.charts import asks_for_chart, draw
    from hunting.errors import HuntingError

    if asks_for_chart(result):
        try:
            write("\n" + draw(result, width or 100, colour=coloured()))
        except HuntingError as error:
            note(f"no chart: {error}")


def for_people(form: Form | None, output: Path | None) -> bool:
    """Whether `show` will draw a table."""
    return output is None and (form is Form.TABLE or (form is None and sys.stdout.isatty()))


def brief(result: Result, columns: Sequence[str]) -> Result:
    """Some columns of an answer, for people: ids are cut to the six digits that are enough to type."""
    from hunting.formats import records

    at = [result.columns.index(name) for name in columns]
    rows = [[row[n][:6] if result.columns[n].endswith("ID") else row[n] for n in at] for row in result.rows()]
    return records({result.columns[n]: result.types[n] for n in at}, rows)


def _csv_for_terminal(result: Result) -> str:
    import io

    from hunting import formats
    from hunting.cells import visible

    sink = io.BytesIO()
    formats.write_csv(result, sink)
    return visible(sink.getvalue().decode(), keep="\n")


def write(text: str | bytes) -> None:
    """Text to stdout, in UTF-8 whatever the locale says; or bytes."""
    with _reader_may_leave():
        sys.stdout.buffer.write(text.encode() if isinstance(text, str) else text)
        sys.stdout.buffer.flush()


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """A reader of our pipe that has seen enough is no failure: the command ends, silently."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(0) from None


def coloured() -> bool:
    """Whether stdout takes escape sequences and the user has nothing against them."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def note(text: str) -> None:
    """A line for people, on stderr; names and texts in it may be hostile."""
    print("".join(c if c.isprintable() or c == "\n" else "�" for c in text), file=sys.stderr, flush=True)


class Progress:
    """One line on stderr that is written over and over; nothing where nobody watches. Use as a context manager."""

    _EVERY = 0.1  # seconds

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()
        self._last = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._watched and time.monotonic() - self._last >= self._EVERY:
            self._last = time.monotonic()
            share = done / total if total else 0.0
            bar = f"[{'#' * int(30 * share):30}] {share:4.0%}  " if total else ""
            print(f"\r\x1b[K{bar}{what} {done:,}{f' of {total:,}' if total else ''}", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._watched:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def exit_code(error: Exception) -> int | None:
    """3 for a wrong query, 1 for what else a user can cause, 130 for Ctrl-C; None for a fault of the program."""
    if isinstance(error, RuntimeError) and str(error) == "Query interrupted":  # Ctrl-C, where DuckDB noticed it first
        return 130
    if isinstance(error, OSError):
        return 1
    if "kql.errors" not in sys.modules:
        return None
    from hunting.errors import HuntingError
    from kql.errors import KqlError

    if isinstance(error, HuntingError):
        return 1
    return 3 if isinstance(error, KqlError) else None


def complain(error: Exception) -> None:
    """The error in words, with the place in the query and the cure, on stderr."""
    if isinstance(error, OSError):
        note(f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return
    from kql.errors import KqlError

    if isinstance(error, KqlError):
        note(f"error: {error.render(shutil.get_terminal_size().columns if sys.stderr.isatty() else None)}")
