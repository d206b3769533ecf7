"""The tour notebook runs from top to bottom, in a kernel of its own, and shows what it promises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from hunting.charts.vega import MIME

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "data" / "tour.ipynb"


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The code cells, executed; a cell that fails fails here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.delenv("HUNTING_STORE", raising=False)
        notebook = nbformat.read(TOUR, as_version=4)
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(cells: list[Any], begins: str, within: str = "") -> list[dict[str, Any]]:
    """What the cell with this text shows, as MIME bundles."""
    (cell,) = [each for each in cells if each.source.startswith(begins) and within in each.source]
    return [output["data"] for output in cell.outputs if "data" in output]


def test_a_hunt_shows_a_table(cells: list[Any]) -> None:
    (shown,) = outputs(cells, "%%kql", "top 5 by Copies")
    assert shown["text/html"].count("<tr>") == 6 and "secure-paketdienst.example" in shown["text/html"]


def test_render_shows_a_chart_and_the_rows(cells: list[Any]) -> None:
    chart, rows = outputs(cells, "%%kql", "render")
    assert chart[MIME]["title"] == "Mail with threats, by day" and chart["image/svg+xml"].startswith("<svg")
    assert re.search(r"… \d+ more rows", rows["text/html"])


def test_an_undo_is_hunted(cells: list[Any]) -> None:
    (moved,) = outputs(cells, "removed = ")
    copies, left = map(int, re.findall(r"\d+", moved["text/plain"]))
    (events,) = outputs(cells, "%%kql", "AdminAction")
    found = dict(re.findall(r"(Automation|AdminAction)\s+[A-Z][a-z ]+?\s{2,}(\d+)", events["text/plain"]))
    assert copies > 100 and {name: int(count) for name, count in found.items()} == {
        "Automation": copies + left,
        "AdminAction": copies,
    }


def test_a_report_is_rendered(cells: list[Any]) -> None:
    (report,) = outputs(cells, "text = ")
    assert re.search(r"[\d,]+ copies carried a threat", report["text/markdown"]) and "| Malware" in report["text/markdown"]


def test_it_travels_without_outputs() -> None:
    notebook = nbformat.read(TOUR, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")
