"""Every format says the same, nothing in the data is obeyed, and the outputs are those recorded in golden/.

`python tests/hunting/reports/test_report_formats.py` records them anew; read the difference before you commit it.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import hunting
from hunting.cells import visible
from hunting.clock import fixed_clock
from hunting.reports import Answered, formats, load
from hunting.reports.sheets import sheet_names

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)


@cache
def answered() -> Answered:
    with hunting.connect(":memory:", clock=fixed_clock(NOW)) as hunt:
        return load(GOLDEN / "mixed.md").run(hunt)


def body(page: str) -> str:
    return page[page.index("<body>") : page.index("</body>")]


def recorded(answered: Answered) -> dict[str, str]:
    """The outputs that are text, without the page's style sheet."""
    found = {f"mixed.{form}.txt": formats.render(answered, form).decode() for form in ("html", "markdown", "json")}
    found["mixed.html.txt"] = body(found["mixed.html.txt"])
    for name, content in formats.files(answered, "csv").items():
        found[f"{name}.txt"] = content.decode()
    return found


class Page(HTMLParser):
    """What a browser would see: elements, attributes, and the cells of tables as text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.cells: list[str] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += attrs
        if tag in ("td", "th"):
            self.cells.append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.cells[-1] += data


def sheet(name: str) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(formats.render(answered(), "xlsx")))
    return [tuple(cell.value for cell in row) for row in book[name].iter_rows()]


def test_the_outputs_are_those_recorded() -> None:
    made = recorded(answered())
    assert sorted(made) == sorted(file.name for file in GOLDEN.glob("*.txt"))
    for name, text in made.items():
        assert text == (GOLDEN / name).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("form", formats.RENDERERS)
def test_the_same_run_gives_the_same_bytes(form: str) -> None:
    assert formats.render(answered(), form) == formats.render(answered(), form)


def test_every_format_holds_the_same_rows() -> None:
    """Texts, numbers and nulls of the block `values`; readers' formats show the first four rows, and say so."""
    result = answered().results["values"]
    subjects = [row[0] for row in result.rows()]
    numbers = [row[2] for row in result.rows()]
    in_json = next(block for block in json.loads(formats.render(answered(), "json"))["blocks"] if block["name"] == "values")
    assert [row[0] for row in in_json["rows"]] == subjects
    assert [row[2] for row in in_json["rows"]] == numbers
    assert [column["type"] for column in in_json["columns"]] == result.types

    text = formats.files(answered(), "csv")["mixed-2026-03-01-values.csv"].decode()
    in_csv = list(csv.reader(io.StringIO(text, newline="")))
    assert in_csv[0] == result.columns
    assert [row[0].removeprefix("'").replace("\t'", "\t") for row in in_csv[1:]] == subjects  # apostrophes disarm formulas
    assert [row[2] for row in in_csv[1:]] == ["" if number is None else str(number) for number in numbers]

    in_sheet = sheet("Values")
    assert list(in_sheet[0]) == result.columns
    assert [row[0] or "" for row in in_sheet[1:]] == [visible(subject) for subject in subjects]
    assert [row[2] for row in in_sheet[1:]] == [*numbers[:4], "9007199254740993"]  # what a float cannot hold is text

    page = Page(formats.render(answered(), "html").decode())
    assert page.cells[8::8] == [visible(subject) for subject in subjects[:4]]
    assert page.cells[10::8] == ["" if number is None else f"{number:,}" for number in numbers[:4]]
    for form in ("html", "markdown"):
        assert "… 1 more row" in formats.render(answered(), form).decode()


def test_a_sheet_holds_values_as_what_they_are() -> None:
    first = sheet("Values")[1]
    assert first[1:4] == (datetime(2026, 3, 1, 10, 0, 0, 123000), 1234567, 0.5)
    assert first[4:] == ("12.34", "1.02:03:04", True, '{"a":"<b>"}')
    assert sheet("Values")[5][3] == "NaN"
    summary = dict(row[:2] for row in sheet("Summary"))
    assert summary["totals.Rows"] == "3" and summary["Rows of Values"] == "5"
    assert summary["Period"] == "2026-03-01 (Europe/Berlin)"


def test_a_workbook_has_neither_formulas_nor_links() -> None:
    archive = zipfile.ZipFile(io.BytesIO(formats.render(answered(), "xlsx")))
    parts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith((".xml", ".rels"))}
    for name, text in parts.items():
        assert not re.search(r"<f[ >]|<hyperlink|TargetMode=\"External\"|<ddeLink|vbaProject", text), name


def test_a_page_loads_nothing_runs_nothing_and_links_where_its_author_says() -> None:
    page = Page(formats.render(answered(), "html").decode())
    assert page.elements.isdisjoint({"script", "iframe", "object", "embed", "link", "form", "base", "svg"})
    assert [value for name, value in page.attributes if name in ("href", "src")] == ["https://example.com/?a=1&b=2"]
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    policy = next(value for name, value in page.attributes if name == "content" and "default-src" in str(value))
    assert policy is not None and policy.startswith("default-src 'none'") and "script-src" not in policy


@pytest.mark.parametrize("form", ["html", "markdown", "json"])
def test_no_character_is_obeyed(form: str) -> None:
    text = formats.render(answered(), form).decode()
    assert not [char for char in text if not char.isprintable() and char != "\n"]


def test_markdown_stays_text_where_the_data_wants_more() -> None:
    from markdown_it import MarkdownIt

    text = formats.render(answered(), "markdown").decode()
    page = Page(MarkdownIt("gfm-like", {"linkify": False}).render(text))
    assert [value for name, value in page.attributes if name in ("href", "src")] == ["https://example.com/?a=1&b=2"]
    assert page.elements.isdisjoint({"img", "b", "iframe"})


def test_a_chart_is_a_picture_inside_the_page() -> None:
    page = charted("| render columnchart", "")
    assert page.count('<img alt="Chart" src="data:image/svg+xml;base64,') == 1 and "<table>" in page
    assert "<table>" not in charted("| render columnchart", "chart=only")
    assert "<img" not in charted("| render columnchart", "chart=off")


def test_a_chart_that_cannot_be_drawn_says_why_beside_its_rows() -> None:
    page = charted("| project Kind | render columnchart", "chart=only")
    assert "No chart: There is no number to draw." in page and "<table>" in page


def charted(operators: str, options: str) -> str:
    text = f"---\ntitle: t\n---\n```kql name=a {options}\ndatatable(Kind:string, N:long) ['x', 1, 'y', 2] {operators}\n```\n"
    return body(formats.render(ran(text), "html").decode())


def ran(text: str) -> Answered:
    from hunting.reports.report import read

    with hunting.connect(":memory:", clock=fixed_clock(NOW)) as hunt:
        return read("t.md", text).run(hunt)


def test_a_long_text_is_cut_for_readers_and_whole_in_data() -> None:
    """A PDF of a cell of 40,000 letters took minutes."""
    answered = ran(f"---\ntitle: t\n---\n{{{{ a.S }}}}\n```kql name=a\nprint S = '{'x' * 40000}'\n```\n")
    for form in ("html", "markdown"):
        text = formats.render(answered, form).decode()
        assert text.count("x" * 500 + "…") == 2 and "x" * 501 not in text
    assert formats.render(answered, "pdf").startswith(b"%PDF")
    assert json.loads(formats.render(answered, "json"))["blocks"][0]["rows"] == [["x" * 40000]]
    book = openpyxl.load_workbook(io.BytesIO(formats.render(answered, "xlsx")))
    assert book["a"]["A2"].value == "x" * 32766 + "…"


def test_names_of_sheets_are_short_legal_and_different() -> None:
    titles = ["History", "a/b:c*d?[e]\\f", "x" * 40, "X" * 40, "'quoted'", "", "Summary", "summary"]
    assert sheet_names(titles) == [
        *("History (2)", "a b c d e f", "x" * 31, "X" * 27 + " (2)", "quoted", "Sheet", "Summary", "summary (2)")
    ]


def test_an_archive_holds_the_files_of_the_folder() -> None:
    archive = zipfile.ZipFile(io.BytesIO(formats.render(answered(), "csv")))
    assert {name: archive.read(name) for name in archive.namelist()} == formats.files(answered(), "csv")


def test_an_unknown_format_is_refused_with_the_nearest() -> None:
    with pytest.raises(hunting.HuntingError, match="Reports have no format 'htm'"):
        formats.render(answered(), "htm")


def test_pdf_is_a_page_without_actions() -> None:
    content = formats.render(answered(), "pdf")
    assert content.startswith(b"%PDF-") and not re.search(rb"/JavaScript|/JS\b|/Launch|/OpenAction|/EmbeddedFile", content)


if __name__ == "__main__":
    for name, text in recorded(answered()).items():
        (GOLDEN / name).write_text(text, encoding="utf-8")
