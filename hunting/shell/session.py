"""What the shell does with a text, whatever it was typed on."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

from hunting import formats, reference
from hunting.cells import visible
from hunting.charts import asks_for_chart, draw
from hunting.cli.opening import interruptible
from hunting.engine import Hunt
from hunting.errors import HuntingError
from hunting.result import Result
from kql import queries
from kql.errors import KqlError, closest

_GREETING = "A query runs at a ; or an empty line. Ctrl-C stops it, Ctrl-D leaves."
FORMS = ("table", "csv", "json", "ndjson", "markdown")


@dataclass(frozen=True, slots=True)
class Command:
    """A dot command; `run` returns whether the shell goes on."""

    name: str
    argument: str
    help: str
    run: Callable[[Session, str], None]


class Session:
    """Runs queries and dot commands, and remembers the last answer.

    Args:
        hunt: what the queries run over.
        write: takes answers.
        tell: takes errors, times, and what was done.
        width: of the terminal, None where there is none.
        colour: whether `write` takes escape sequences.
        limit: rows shown in a table, 0 for all.
    """

    def __init__(
        self,
        hunt: Hunt,
        write: Callable[[str], None],
        tell: Callable[[str], None],
        width: Callable[[], int | None] = lambda: None,
        colour: bool = False,
        limit: int = 50,
    ) -> None:
        self.hunt = hunt
        self.write = write
        self.tell = tell
        self.width = width
        self.colour = colour
        self.limit = limit
        self.form = "table"
        self.timing = False
        self.chart = True
        self.open = True
        self.failures = 0
        self._text = ""
        self._result: Result | None = None

    def handle(self, text: str) -> None:
        """Runs a query or a dot command; mistakes are told, Ctrl-C stops it, neither ends the shell."""
        text = text.strip()
        try:
            if text.startswith("."):
                self._command(text)
            elif text.strip(";").strip():
                self._query(text)
        except KeyboardInterrupt:
            self.tell("\ncancelled" if self.width() else "cancelled")  # a terminal has written ^C into the line
        except (KqlError, OSError) as error:
            self.failures += 1
            shown = error.render(self.width()) if isinstance(error, KqlError) else str(error)
            self.tell(visible(f"error: {shown}", keep="\n"))

    # ------------------------------------------------------------ queries

    def _query(self, text: str) -> None:
        for each in queries(text):
            self._answer(each)

    def _answer(self, text: str) -> None:
        self._text = text
        started = time.perf_counter()
        self._result = interruptible(self.hunt, lambda: self.hunt.query(text))
        took = time.perf_counter() - started
        self.show(self._result)
        if self.timing:
            count = len(self._result)
            self.tell(f"{count:,} row{'s' * (count != 1)} in {took:.3f} s")

    def show(self, result: Result) -> None:
        """Writes an answer in the chosen format; under a table, the chart that `render` asks for."""
        if self.form != "table":
            sink = io.BytesIO()
            formats.WRITERS[self.form](result, sink)
            self.write(visible(sink.getvalue().decode(), keep="\n"))
            return
        self.write(formats.table_text(result, self.limit or None, self.width(), bold=self.colour))
        if self.chart and asks_for_chart(result):
            try:
                self.write("\n" + draw(result, self.width() or 100, colour=self.colour))
            except HuntingError as error:
                self.tell(f"no chart: {visible(str(error))}")

    # ------------------------------------------------------------ dot commands

    def _command(self, text: str) -> None:
        name, _, argument = text.partition(" ")
        if name not in COMMANDS:
            raise HuntingError(f"There is no command '{name}'.", hint=closest(name, COMMANDS) or "See .help.")
        COMMANDS[name].run(self, argument.strip().rstrip(";").strip())

    def tables(self, _argument: str) -> None:
        self.write(formats.table_text(reference.tables(self.hunt), None, self.width(), bold=self.colour))

    def schema(self, argument: str) -> None:
        if not argument:
            self.tables(argument)
            return
        self.write(formats.table_text(reference.columns(self.hunt, argument), None, self.width(), bold=self.colour))

    def functions(self, argument: str) -> None:
        if argument:
            self.write(reference.function_help(argument))
        else:
            self.write(formats.table_text(reference.functions(), None, self.width(), bold=self.colour))

    def explain(self, argument: str) -> None:
        text = argument or self._text
        if not text:
            raise HuntingError("There is no query yet.", hint="Write one behind .explain.")
        self.write(visible(self.hunt.explain(text), keep="\n") + "\n")

    def format(self, argument: str) -> None:
        if argument and argument not in FORMS:
            raise HuntingError(f"There is no format '{argument}' for the shell.", hint=f"Formats: {', '.join(FORMS)}.")
        self.form = argument or self.form
        self.tell(f"format: {self.form}")

    def save(self, argument: str) -> None:
        if self._result is None:
            raise HuntingError("There is no answer to save yet.", hint="Run a query first.")
        if not argument:
            raise HuntingError("Name the file.", hint=f".save all.csv; known suffixes: {', '.join(formats.SUFFIXES)}")
        formats.save(self._result, Path(argument).expanduser())
        self.tell(f"{len(self._result):,} rows in {argument}")

    def switch_timing(self, argument: str) -> None:
        self.timing = _switched(self.timing, argument)
        self.tell(f"timing: {'on' if self.timing else 'off'}")

    def switch_chart(self, argument: str) -> None:
        self.chart = _switched(self.chart, argument)
        self.tell(f"chart: {'on' if self.chart else 'off'}")

    def help(self, _argument: str) -> None:
        usages = {f"{each.name} {each.argument}".strip(): each.help for each in COMMANDS.values()}
        size = max(map(len, usages))
        width, indent = max(self.width() or 100, 40), " " * (size + 2)
        told = [(f"{usage:{size}}  {text}", indent) for usage, text in usages.items()]
        lines = [wrap(line, width, subsequent_indent=margin) or [""] for line, margin in [(_GREETING, ""), ("", ""), *told]]
        self.write("\n".join(line for each in lines for line in each) + "\n")

    def exit(self, _argument: str) -> None:
        self.open = False


def _switched(now: bool, argument: str) -> bool:
    if argument not in ("", "on", "off"):
        raise HuntingError(f"'{argument}' is neither on nor off.")
    return argument == "on" if argument else not now


COMMANDS = {
    each.name: each
    for each in (
        Command(".tables", "", "List the tables.", Session.tables),
        Command(".schema", "TABLE", "A table's columns, their types and what they hold.", Session.schema),
        Command(".functions", "[NAME]", "A function's signature, meaning, example; or all.", Session.functions),
        Command(".explain", "[KQL]", "The SQL of a query, of the last one by default.", Session.explain),
        Command(".format", "[FORMAT]", f"How answers are shown: {', '.join(FORMS)}.", Session.format),
        Command(".save", "FILE", "Write the last answer, whole; the suffix tells the format.", Session.save),
        Command(".timing", "[on|off]", "Tell how long a query took.", Session.switch_timing),
        Command(".chart", "[on|off]", "Draw what render asks for under a table.", Session.switch_chart),
        Command(".help", "", "This list.", Session.help),
        Command(".exit", "", "Leave.", Session.exit),
        Command(".quit", "", "Leave.", Session.exit),
    )
}
