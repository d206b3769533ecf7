"""A run report as a workbook: a sheet that sums it up, then one for each block with every row. No cell is a formula or a link."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from hunting.cells import text_of, values_of, visible
from hunting.errors import HuntingError
from hunting.reports.report import Answered
from hunting.result import Result
from kql.types import ScalarType

MOST_ROWS = 1_048_575  # of a sheet, without the heading
_LONGEST = 32_767  # characters of a cell
_EXACT = 2**53  # beyond, a spreadsheet's numbers lose digits
_EPOCH = datetime(1900, 3, 1)  # before, spreadsheets disagree on which day it is
_NUMBERS = {ScalarType.INT: "#,##0", ScalarType.LONG: "#,##0", ScalarType.REAL: "#,##0.00", ScalarType.DECIMAL: "#,##0.00"}
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def workbook(answered: Answered) -> bytes:
    """The report's rows as an XLSX file: numbers and times as such, all else as text, cut where a cell ends.

    Raises:
        HuntingError: a block has more rows than a sheet.
    """
    for block, result in answered.shown:
        if len(result) > MOST_ROWS:
            raise HuntingError(
                f"The block '{block.name}' has {len(result):,} rows, a sheet holds {MOST_ROWS:,}.",
                hint="Take the format csv, or summarize.",
            )
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, _OPTIONS)
    book.set_properties({"title": _cell(answered.report.front.title), "created": answered.now.replace(tzinfo=None)})
    writer = _Writer(book)
    names = sheet_names(["Summary", *(block.title or block.name for block, _ in answered.shown)])
    writer.summary(book.add_worksheet(names[0]), answered)
    for name, (_, result) in zip(names[1:], answered.shown, strict=True):
        writer.rows(book.add_worksheet(name), result)
    book.close()
    return sink.getvalue()


def sheet_names(titles: Iterable[str]) -> list[str]:
    """Titles as a workbook bears them: short, without what is forbidden there, each once regardless of case."""
    found: list[str] = []
    taken = {"history"}  # a reserved name
    for title in titles:
        plain = " ".join(re.sub(r"[\[\]:*?/\\]", " ", visible(title)).split()).strip("' ")[:31].strip("' ") or "Sheet"
        name, number = plain, 2
        while name.lower() in taken:
            mark = f" ({number})"
            name, number = plain[: 31 - len(mark)] + mark, number + 1
        taken.add(name.lower())
        found.append(name)
    return found


def _cell(text: str) -> str:
    shown = visible(text, keep="\n")
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


class _Writer:
    def __init__(self, book: Any) -> None:
        self.book = book
        self.formats: dict[str, Format] = {}

    def look(self, **look: Any) -> Format:
        key = repr(look)
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"valign": "top", **look})
        return self.formats[key]

    def summary(self, sheet: Worksheet, answered: Answered) -> None:
        """What the report is, its figures, and what each sheet holds."""
        front = answered.report.front
        lines: list[tuple[str, str]] = [
            (front.title, ""),
            (front.description, ""),
            ("Period", f"{answered.window} ({answered.window.timezone})"),
            ("Run at", f"{answered.now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"),
            *((name, str(value)) for name, value in answered.parameters.items()),
            *((name, value.text) for name, value in answered.figures.items()),
            *((f"Rows of {block.title or block.name}", f"{len(result):,}") for block, result in answered.shown),
        ]
        sheet.set_column(0, 0, 40)
        sheet.set_column(1, 1, 60)
        for row, (name, value) in enumerate(lines):
            sheet.write_string(row, 0, _cell(name), self.look(bold=True, font_size=14) if row == 0 else self.look())
            if value:
                sheet.write_string(row, 1, _cell(value), self.look(text_wrap=True))

    def rows(self, sheet: Worksheet, result: Result) -> None:
        """A heading and every row."""
        for at, column in enumerate(result.schema):
            sheet.write_string(0, at, _cell(column.name), self.look(bold=True, bottom=1))
        sheet.freeze_panes(1, 0)
        if result.schema:
            sheet.autofilter(0, 0, len(result), len(result.schema) - 1)
        widths = [len(column.name) + 2 for column in result.schema]
        row = 0
        for batch in values_of(result):
            for values in batch:
                row += 1
                for at, (value, column) in enumerate(zip(values, result.schema, strict=True)):
                    widths[at] = max(widths[at], self.value(sheet, row, at, value, column.type))
        for at, width in enumerate(widths):
            sheet.set_column(at, at, min(max(width, 8), 60))

    def value(self, sheet: Worksheet, row: int, at: int, value: Any, kind: ScalarType) -> int:
        """Writes a value as what it is where a spreadsheet can hold it (times to milliseconds), else as text. Gives its width."""
        if value is None:
            return 0
        match kind:
            case ScalarType.BOOL:
                sheet.write_boolean(row, at, value, self.look())
                return 5
            case ScalarType.INT | ScalarType.LONG | ScalarType.REAL if math.isfinite(value) and abs(value) <= _EXACT:
                sheet.write_number(row, at, value, self.look(num_format=_NUMBERS[kind]))
                return len(f"{value:,.2f}")
            case ScalarType.DATETIME if value.replace(tzinfo=None) >= _EPOCH:
                form = "yyyy-mm-dd" if value.time() == value.time().min else "yyyy-mm-dd hh:mm:ss"
                sheet.write_datetime(row, at, value.replace(tzinfo=None), self.look(num_format=form, align="left"))
                return len(form)
            case _:
                text = _cell(text_of(value, kind))
                if text:
                    align = {"align": "right"} if kind.numeric else {}
                    sheet.write_string(row, at, text, self.look(num_format="@", **align))
                return len(text)
