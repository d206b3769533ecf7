"""What all commands share: their options, where the store is, how answers, progress and errors are printed."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from hunting.air import Air
    from hunting.engine import Hunt
    from hunting.result import Result


class Form(StrEnum):
    """Output formats; each is a writer of `hunting.formats`."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    MARKDOWN = "markdown"
    HTML = "html"
    SVG = "svg"
    PNG = "png"
    VEGA = "vega"


Store = Annotated[Path, typer.Option("--store", metavar="FOLDER", envvar="HUNTING_STORE", help="The store.")]
Format = Annotated[
    Form | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help=f"{', '.join(Form)}. Default: table on a terminal, else ndjson; with -o, by the file's suffix.",
    ),
]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file, whole or not at all.")]
Limit = Annotated[int, typer.Option(min=0, metavar="N", help="Rows shown in a table, 0 for all; other formats hold every row.")]
Now = Annotated[str, typer.Option("--now", metavar="TIME", help="What now() gives (ISO 8601, UTC). Default: the machine's time.")]
By = Annotated[
    str, typer.Option("--by", metavar="NAME", envvar="HUNTING_USER", help="Who decides; goes into the audit. Default: the login.")
]
Key = Annotated[str, typer.Argument(metavar="ID", help="The id, or its first six or more digits.", show_default=False)]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; goes into the audit.")]
Since = Annotated[str, typer.Option(metavar="TIME", help="From this time on (ISO 8601, UTC).")]
Until = Annotated[str, typer.Option(metavar="TIME", help="Up to this time.")]

Done = TypeVar("Done")

STORE = Path("data/store")
LIMIT = 50


def open_hunt(store: Path, now: str = "") -> Hunt:
    """The store's hunt, at the time that the user names."""
    import hunting
    from hunting.clock import fixed_clock, system_clock

    return hunting.connect(store, clock=fixed_clock(moment(now, "--now")) if now else system_clock)


@contextmanager
def open_air(store: Path, now: str = "") -> Iterator[Air]:
    """AIR over the store, at the time that the user names."""
    with open_hunt(store, now) as hunt, closing(hunt.air) as air:
        yield air


def bound(text: str, option: str) -> datetime | None:
    """A bound of time that may be left out."""
    return moment(text, option) if text else None


def interruptible(hunt: Hunt, work: Callable[[], Done]) -> Done:
    """Does the work in a thread, so that Ctrl-C stops its query at once.

    On the main thread DuckDB looks for signals only between its tasks, and one task of a bad join takes hours.
    """
    from concurrent.futures import ThreadPoolExecutor, wait

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(work)
        try:
            return found.result()
        except KeyboardInterrupt:
            while not found.done():  # a query that has not begun yet forgets an interrupt
                hunt.interrupt()
                wait([found], timeout=0.1)
            raise


def moment(text: str, option: str) -> datetime:
    """A time in ISO 8601; UTC where it names no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no time. Write 2026-11-21 or 2026-11-21T10:30.", param_hint=option) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def span(text: str, option: str) -> timedelta:
    """A span of time: 30d, 12h or 90m."""
    found = re.fullmatch(r"([0-9]{1,6})([dhm])", text.strip())
    if found is None:
        raise typer.BadParameter(f"'{text}' is no span of time. Write 30d, 12h or 90m.", param_hint=option)
    return timedelta(**{{"d": "days", "h": "hours", "m": "minutes"}[found[2]]: int(found[1])})


def person(by: str) -> str:
    """The name that stands in the audit."""
    import getpass

    return by or getpass.getuser()


# ---------------------------------------------------------------- answers


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
            raise typer.BadParameter(f"'{output.name}' does not tell the format. Name it with -f.", param_hint="-o")
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
        raise typer.BadParameter(f"{chosen} is not for a terminal. Name a file with -o.", param_hint="-f")
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
        raise typer.Exit(0) from None


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


# ---------------------------------------------------------------- errors


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


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """`name=value` arguments."""
    for text in texts:
        if "=" not in text or not text.partition("=")[0].strip():
            raise typer.BadParameter(f"'{text}' is not name=value.", param_hint=option)
    return {name.strip(): value for name, _, value in (text.partition("=") for text in texts)}


def json_value(name: str, value: str) -> object:
    """A dynamic parameter's value as it was typed."""
    import json

    try:
        return json.loads(value)
    except ValueError:
        raise typer.BadParameter(f"'{name}' is a dynamic: its value must be JSON.", param_hint="--param") from None
