"""Every payload through every output: on a terminal, in a spreadsheet, in a browser, in a folder it is text and nothing else."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from base64 import b64decode
from collections.abc import Callable, Set
from html.parser import HTMLParser
from types import SimpleNamespace
from xml.etree import ElementTree

import openpyxl
import pytest
from hostile import CHARTS, answered, cells, chart, heads, hunt
from markdown_it import MarkdownIt
from payloads import ALL, FORMULAS, HTML, LOGS, PATHS

from hunting.cells import visible
from hunting.charts import draw
from hunting.cli.output import note
from hunting.formats import WRITERS
from hunting.reports import formats as report_formats
from hunting.reports.sheets import sheet_names
from hunting.result import Result
from hunting.shell.session import FORMS, Session

RESULTS = {"cells": cells, "heads": heads}
each_result = pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)


def written(result: Result, form: str) -> str:
    sink = io.BytesIO()
    WRITERS[form](result, sink)
    return sink.getvalue().decode()


def rendered(form: str) -> str:
    return report_formats.render(answered(), form).decode()


def quiet(text: str) -> bool:
    """Whether a terminal obeys nothing in it, and no log shows a line that was not written as one."""
    return all(c.isprintable() or c == "\n" for c in text)


def test_as_many_as_were_promised() -> None:
    assert [len(set(kind)) for kind in (FORMULAS, PATHS, LOGS, HTML)] == [60, 60, 40, 100]


# ---------------------------------------------------------------- terminals and logs


@each_result
@pytest.mark.parametrize("form", ["table", "markdown", "json", "ndjson"])
def test_a_terminal_obeys_no_format(result: Callable[[], Result], form: str) -> None:
    found = result()
    shown = written(found, form)
    assert quiet(shown)
    assert len(shown.splitlines()) == len(found) + {"table": 2, "markdown": 2, "json": 2, "ndjson": 0}[form], "one row, one line"


@pytest.mark.parametrize("form", FORMS)
def test_the_shell_shows_no_control_character(form: str) -> None:
    said: list[str] = []
    with hunt() as over:
        session = Session(over, said.append, said.append, width=lambda: 80, limit=0)
        session.form = form
        session.show(cells())
        session.show(heads())
    assert quiet("".join(said)) and len(said) == 2


def test_charts_and_representations_on_a_terminal() -> None:
    shown: list[str] = [repr(cells()), repr(heads()), *(draw(chart(kind), 80) for kind in CHARTS)]
    cells()._repr_pretty_(SimpleNamespace(max_width=80, text=shown.append), cycle=False)
    assert len(shown) == 3 + len(CHARTS) and all(quiet(text) for text in shown)


def test_notes_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ALL:
        note(text.replace("\n", " "))
    said = capsys.readouterr().err
    assert quiet(said) and said.count("\n") == len(ALL)


# ---------------------------------------------------------------- spreadsheets


def runs(cell: str) -> bool:
    """Whether a spreadsheet takes it for a formula, once it has dropped what nobody sees."""
    seen = "".join(c for c in cell if c.isprintable() and not c.isspace())
    return seen[:1] in tuple("=+-@＝＋－＠") and seen[:1] != ""


def tables_of_text(sheet: str, separator: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(sheet, newline=""), delimiter=separator))


def test_the_formulas_are_formulas() -> None:
    naked = "".join('"' + text.replace('"', '""') + '"\n' for text in FORMULAS)
    live = {s: sum(any(map(runs, row)) for row in tables_of_text(naked, s)) for s in ",;\t"}
    assert live[","] >= 45, "unless something is done about them"


@each_result
@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_no_cell_of_a_csv_file_is_a_formula(result: Callable[[], Result], separator: str) -> None:
    rows = tables_of_text(written(result(), "csv"), separator)
    assert [cell for row in rows for cell in row if runs(cell)] == []


def test_no_cell_of_a_reports_csv_files_is_a_formula() -> None:
    made = report_formats.files(answered(), "csv")
    assert all(quiet(name) and re.fullmatch(r"[\w.-]+\.csv", name) for name in made)
    for content in made.values():
        assert not [cell for row in tables_of_text(content.decode(), ",") for cell in row if runs(cell)]


def test_no_cell_of_a_workbook_is_a_formula_or_a_link() -> None:
    content = report_formats.render(answered(), "xlsx")
    book = openpyxl.load_workbook(io.BytesIO(content))
    found = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in found} == {"s", "n"} and not any(cell.hyperlink for cell in found)
    texts = {cell.value for cell in found if cell.data_type == "s"}
    assert all(quiet(text) for text in texts)
    # The reader takes the ends of lines in XML for one kind.
    assert {visible(text, keep="\n") for text in ALL if text.strip()} <= texts, "they are there"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        sheets = [archive.read(name).decode() for name in names if name.startswith("xl/worksheets/") and name.endswith(".xml")]
    assert not [name for name in names if "external" in name or "vba" in name.lower() or "sheets/_rels" in name]
    assert not [sheet for sheet in sheets if "<f>" in sheet or "<f " in sheet or "<hyperlink" in sheet]


def test_names_of_sheets() -> None:
    names = sheet_names(ALL)
    assert len({name.lower() for name in names}) == len(ALL)
    assert all(0 < len(name) <= 31 and quiet(name) and not re.search(r"[\[\]:*?/\\]|^'|'$", name) for name in names)


# ---------------------------------------------------------------- browsers


class Page(HTMLParser):
    """The elements and attributes that a browser would make, and the texts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: dict[str, set[str]] = {}
        self.cells: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.cells.append("")
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


TAGS = {"html", "head", "meta", "title", "style", "body", "header", "footer", "h1", "p", "strong", "figure", "figcaption", "img"}
TAGS |= {"div", "table", "thead", "tbody", "tr", "th", "td", "wbr"}
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "style", "title", "alt", "src"}
PAGES = {
    "a table": lambda: written(cells(), "html"),
    "columns": lambda: written(heads(), "html"),
    "a chart": lambda: written(chart("piechart"), "html"),
    "a report": lambda: rendered("html"),
    "a notebook's table": lambda: cells()._repr_html_(),
    "a notebook's chart": lambda: chart("piechart")._repr_html_(),
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_has_no_element_of_a_senders_making(page: Callable[[], str]) -> None:
    text = page()
    parsed = Page(text)
    assert quiet(text) and parsed.tags <= TAGS and set(parsed.attributes) <= ATTRIBUTES
    assert parsed.attributes.get("style", set()) <= {"text-align: left", "text-align: right"}
    assert all(source.startswith("data:image/svg+xml;base64,") for source in parsed.attributes.get("src", ()))
    assert parsed.attributes.get("title", set()) <= {"string", "dynamic", "long"}
    for source in parsed.attributes.get("src", ()):
        harmless_picture(b64decode(source.partition(",")[2]).decode())


def test_cells_of_a_page_say_what_was_sent() -> None:
    parsed = Page(written(cells(), "html"))
    assert [visible(text) for text in ALL] == [cell.rstrip("\n") for cell in parsed.cells[4::4]]


@pytest.mark.parametrize("kind", CHARTS)
def test_a_picture_has_neither_scripts_nor_addresses(kind: str) -> None:
    harmless_picture(written(chart(kind), "svg"))


def harmless_picture(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    assert quiet(svg)
    assert {each.tag.partition("}")[2] for each in root.iter()} <= {
        "svg",
        "g",
        "path",
        "text",
        "rect",
        "defs",
        "clipPath",
        "line",
        "tspan",
    }
    for each in root.iter():
        for name, value in each.attrib.items():
            assert not re.search("href|^on|src|^style", name), name
            assert name == "aria-label" or not re.search(r"url\((?!#)|script|http", value), (name, value)


@pytest.mark.parametrize("kind", CHARTS)
def test_a_spec_loads_and_computes_nothing_of_a_senders(kind: str) -> None:
    text = written(chart(kind), "vega")
    spec = json.loads(text)
    assert quiet(text) and list(chart(kind)._repr_mimebundle_().values()) == [spec]
    assert _keys({**spec, "data": None, "datasets": None}).isdisjoint({"href", "url", "signal", "expr", "calculate", "usermeta"})


def _keys(node: object) -> set[str]:
    if isinstance(node, dict):
        return set(node).union(*map(_keys, node.values()))
    return set().union(*map(_keys, node)) if isinstance(node, list) else set()


# ---------------------------------------------------------------- Markdown, JSON


MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@each_result
def test_markdown_stays_text_where_html_is_allowed(result: Callable[[], Result]) -> None:
    found = result()
    texts = only_text(written(found, "markdown"))
    expected = found.columns if result is heads else ALL
    assert {visible(text).strip() for text in expected} <= set(texts)


def test_a_reports_markdown_stays_text() -> None:
    texts = only_text(rendered("markdown"), {"strong_open", "strong_close", "em_open", "em_close"})
    assert {visible(text)[:500].strip() for text in ALL if len(text) < 500} <= set(texts)


def only_text(source: str, also: Set[str] = frozenset()) -> list[str]:
    """The texts of a document in which there is nothing but text in paragraphs and tables."""
    assert quiet(source)
    tokens = MARKDOWN.parse(source)
    blocks = {re.sub("_(open|close)$", "", token.type) for token in tokens}
    assert blocks <= {"inline", "heading", "paragraph", "hr", "table", "thead", "tbody", "tr", "th", "td"}
    inside = [token.children or [] for token in tokens if token.type == "inline"]
    assert {child.type for children in inside for child in children} <= {"text"} | also
    return ["".join(child.content for child in children) for children in inside]


def test_json_holds_the_texts_and_nothing_beside_them() -> None:
    text = rendered("json")
    found = json.loads(text)
    assert quiet(text) and list(found["parameters"].values()) == ALL
    rows = next(block for block in found["blocks"] if block["name"] == "rows")["rows"]
    assert [row[0] for row in rows] == ALL and [json.loads(row[2]) for row in rows] == [[text, {text: text}] for text in ALL]
    assert [row["Subject"] for row in json.loads(written(cells(), "json"))] == ALL
    assert list(json.loads(written(heads(), "ndjson"))) == heads().columns
