"""A report as it is declared, what is wrong with it, and its run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from hunting.cells import figure_text, values_of
from hunting.engine import Hunt
from hunting.errors import HuntingError
from hunting.inputs import bound
from hunting.keyed import wrong
from hunting.reports.errors import placed
from hunting.reports.front import WINDOW_NAMES, Front, Parameter, checked, front_of
from hunting.reports.prose import PARAMETER, WINDOW, Block, Figure, Part, figures, parts_of
from hunting.reports.window import Window, window_of
from hunting.result import Result
from kql.errors import KqlError, closest
from kql.types import ScalarType

Progress = Callable[[str, int, int], None]
_LARGEST = 1_000_000  # characters of a report's file


@dataclass(frozen=True, slots=True)
class Value:
    """A figure's value: as `hunting.cells.values_of` yields it; None for a null and where there is no row."""

    value: Any
    type: ScalarType

    @property
    def text(self) -> str:
        """As it stands in prose; – for nothing."""
        return figure_text(self.value, self.type) or "–"


@dataclass(frozen=True)
class Answered:
    """A report that was run.

    Attributes:
        results: each block's answer, hidden ones too, by name in the order of the file.
        window: the time that the report is about.
        now: the time of the run.
        parameters: every parameter's value.
    """

    report: Report
    results: Mapping[str, Result]
    window: Window
    now: datetime
    parameters: Mapping[str, object]

    @property
    def stem(self) -> str:
        """The name of this run's files, without suffix: the report's and the window's start."""
        plain = re.sub(r"[^\w.-]+", "-", self.report.name).strip(".-")
        return f"{plain or 'report'}-{self.window.stem}"

    @property
    def shown(self) -> list[tuple[Block, Result]]:
        """The blocks that are not hidden, with their answers."""
        return [(block, self.results[block.name]) for block in self.report.blocks if not block.hidden]

    @cached_property
    def figures(self) -> Mapping[str, Value]:
        """The values of the prose's figures by their names, such as `removed.Copies`."""
        return {figure.name: self._value(figure) for figure in self.report.figures}

    def _value(self, figure: Figure) -> Value:
        if figure.block == WINDOW:
            texts = {"first": self.window.first, "last": self.window.last, "now": self.window.local(self.now)}
            return Value(texts[figure.column], ScalarType.STRING)
        if figure.block == PARAMETER:
            kind = self.report.front.parameters[figure.column].type
            return Value(bound(self.parameters[figure.column], kind, figure.column), kind)
        result = self.results[figure.block]
        at = self.report.column(figure, result.columns)
        first = next((row for batch in values_of(result) for row in batch), None)
        return Value(None if first is None else first[at], result.schema[at].type)


@dataclass(frozen=True)
class Report:
    """A report's file, read and checked as far as that can be done without a store.

    Attributes:
        name: the file's name without suffix.
        path: as it was given.
        text: the whole file.
        front: title, description, period, schedule, timezone, formats, parameters, recipients, deliver.
        parts: prose and blocks, in order.
    """

    name: str
    path: Path
    text: str
    front: Front
    parts: tuple[Part, ...]

    @property
    def blocks(self) -> list[Block]:
        return [part for part in self.parts if isinstance(part, Block)]

    @cached_property
    def figures(self) -> list[Figure]:
        return list(figures(self.parts))

    def window(self, now: datetime) -> Window:
        """The time that a run at `now` (aware) is about."""
        return window_of(self.front.period, self.front.timezone, now)

    def run(
        self,
        hunt: Hunt,
        now: datetime | None = None,
        parameters: Mapping[str, object] | None = None,
        window: tuple[datetime, datetime] | None = None,
        progress: Progress | None = None,
    ) -> Answered:
        """Runs every block.

        Args:
            now: aware; what `now()` gives, and what the window ends before. None: the hunt's clock.
            parameters: values for some of the report's parameters; text is read as the declared type.
            window: another time than the report's period, from .. before (aware).
            progress: told (block, done, total).

        Raises:
            KqlError: a query is wrong or fails; a parameter is unknown, missing or of another type; with file and line.
        """
        moment = (now or hunt.clock()).astimezone(UTC)
        if window is not None and window[0] >= window[1]:
            raise HuntingError("The window ends before it begins.", hint="Give its start, then its end.")
        time = Window(*window, self.front.timezone) if window is not None else self.window(moment)
        values = self._values(parameters or {})
        results = {}
        for done, block in enumerate(self.blocks):
            if progress is not None:
                progress(block.name, done, len(self.blocks))
            try:
                results[block.name] = hunt.query(self._query(block), self._bound(values, time), now=moment)
            except KqlError as error:
                raise self._placed(error, block) from None
        answered = Answered(self, results, time, moment, values)
        assert answered.figures is not None  # a figure that is not there is told now, not when it is drawn
        return answered

    def problems(self, hunt: Hunt, parameters: Mapping[str, object] | None = None) -> list[KqlError]:
        """What a run would refuse: every block is compiled, none is run; every figure must have its column."""
        found: list[KqlError] = []
        columns: dict[str, list[str]] = {}
        moment = hunt.clock()
        values = {**self._defaults(), **(parameters or {})}
        for block in self.blocks:
            try:
                program = hunt.compile(self._query(block), self._bound(values, self.window(moment)))
                columns[block.name] = [column.name for column in program.schema]
            except KqlError as error:
                found.append(self._placed(error, block))
        for figure in self.figures:
            try:
                if figure.block == PARAMETER or figure.block in columns:
                    self.column(figure, columns.get(figure.block, []))
            except KqlError as error:
                found.append(error)
        return found

    def column(self, figure: Figure, columns: list[str]) -> int:
        """Where a block's answer has the column that a figure names.

        Raises:
            HuntingError: it has none.
        """
        if figure.block == PARAMETER:
            columns = list(self.front.parameters)
        if figure.column not in columns:
            what = "parameter" if figure.block == PARAMETER else f"column of '{figure.block}'"
            hint = closest(figure.column, columns) or f"There is: {', '.join(columns) or 'none'}."
            raise wrong(self.path.name, figure.line, f"'{figure.column}' is no {what}.", hint)
        return columns.index(figure.column)

    # ------------------------------------------------------------ queries

    @cached_property
    def _declaration(self) -> str:
        """Before each query, on its first line: the window and the parameters, as query parameters."""
        names = {**dict.fromkeys(WINDOW_NAMES, ScalarType.DATETIME), **{p.name: p.type for p in self.front.parameters.values()}}
        return f"declare query_parameters({', '.join(f'{name}: {kind}' for name, kind in names.items())}); "

    def _query(self, block: Block) -> str:
        return self._declaration + block.kql

    def _placed(self, error: KqlError, block: Block) -> KqlError:
        return placed(error, self.path.name, self.text, block.line, block.offset, len(self._declaration))

    def _bound(self, values: Mapping[str, object], window: Window) -> dict[str, object]:
        return {**values, **dict(zip(WINDOW_NAMES, (window.start, window.end), strict=True))}

    # ------------------------------------------------------------ parameters

    def _defaults(self) -> dict[str, object]:
        return {name: each.default for name, each in self.front.parameters.items()}

    def _values(self, given: Mapping[str, object]) -> dict[str, object]:
        known = self.front.parameters
        for name in given:
            if name not in known:
                hint = closest(name, known) or f"It has: {', '.join(known) or 'none'}."
                raise HuntingError(f"The report '{self.name}' has no parameter '{name}'.", hint=hint)
        missing = next((name for name, each in known.items() if each.required and name not in given), None)
        if missing is not None:
            raise HuntingError(f"The parameter '{missing}' needs a value.", hint=f"Give one: {missing}=...")
        return {**self._defaults(), **{name: self._checked(known[name], value) for name, value in given.items()}}

    def _checked(self, parameter: Parameter, value: object) -> object:
        return checked(parameter.name, parameter.type, value)


def load(path: str | Path) -> Report:
    """Reads and checks a report's file.

    Raises:
        HuntingError: it cannot be read, or is no report: with file, line and cure.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise HuntingError(f"The report {path} cannot be read: {error.strerror}.", hint="Check the path.") from None
    except UnicodeDecodeError:
        raise HuntingError(f"The report {path} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    return read(path, text)


def read(path: str | Path, text: str) -> Report:
    """The report that a text is; `path` names it. Raises as `load`."""
    path = Path(path)
    if len(text) > _LARGEST or "\0" in text:
        raise HuntingError(f"{path} is no report.", hint="A report is a Markdown file of less than a megabyte.")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    front, head = front_of(path.name, text)
    parts = parts_of(path.name, text, head)
    report = Report(path.stem, path, text, front, parts)
    for figure in report.figures:
        if figure.block == PARAMETER:
            report.column(figure, [])
    return report
