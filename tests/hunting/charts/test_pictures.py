"""Every chart as SVG and PNG, and as a page that loads nothing."""

from __future__ import annotations

import re
from base64 import b64decode
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from charts_cases import EVERY_KIND, run
from payloads import HTML

from hunting.charts import picture
from hunting.formats import records
from hunting.webpage import page, table

pytest.importorskip("vl_convert")

PAYLOADS = [text for text in HTML if text.isprintable()][::20]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_kind_is_drawn(kind: str) -> None:
    svg = ElementTree.fromstring(picture(run(EVERY_KIND[kind])))
    shapes = [each for each in svg.iter() if each.tag.endswith(("}path", "}text")) and (each.get("d") or each.text)]
    assert svg.tag.endswith("}svg") and len(shapes) > 2


def test_png() -> None:
    assert picture(run(EVERY_KIND["card"]), "png").startswith(b"\x89PNG\r\n")


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_are_text_in_the_page_and_in_its_picture(payload: str) -> None:
    quoted = '"' + payload.replace("\\", "\\\\").replace('"', '\\"') + '"'
    parsed = Elements(
        page(run(f"print K = {quoted}, N = 1 | project-rename [{quoted}] = K | render columnchart with (title={quoted})"))
    )
    tags = {tag for tag, _ in parsed.found}
    assert tags <= {"html", "head", "meta", "title", "style", "body", "img", "table", "thead", "tbody", "tr", "th", "td"}
    assert not [name for _, attributes in parsed.found for name in attributes if name.startswith("on")]
    assert parsed.text.count(payload) >= 3, "title, heading and cell show it"
    (source,) = [str(attributes["src"]) for tag, attributes in parsed.found if tag == "img"]
    svg = b64decode(source.removeprefix("data:image/svg+xml;base64,")).decode()
    root = ElementTree.fromstring(svg)
    assert not [each for each in root.iter() if each.tag.endswith(("}script", "}image", "}foreignObject", "}a"))]
    assert not re.search(r"https?://(?!www\.w3\.org)", svg)


def test_a_page_without_a_chart() -> None:
    parsed = Elements(page(run("print N = 5")))
    assert "img" not in {tag for tag, _ in parsed.found} and "5" in parsed.text


def test_a_table_says_how_many_rows_it_leaves_out() -> None:
    html = table(records({"N": "long"}, [(n,) for n in range(12)]), limit=10)
    assert html.count("<tr>") == 11 and "… 2 more rows" in html


@pytest.mark.parametrize("kind", ["columnchart", "barchart", "piechart"])
def test_long_names_are_cut_by_characters(kind: str) -> None:
    rows = "range N from 1 to 30 step 1 | project K = strcat('x', N, strrep('i', 90)), N"
    shown = [each.text or "" for each in ElementTree.fromstring(picture(run(f"{rows} | render {kind}"))).iter() if each.text]
    assert {len(text) for text in shown if text.startswith("x")} == {48}, "measured letter by letter they take seconds"
