"""The command line's charts: under a table, and as files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hunting.cli import main
from hunting.lake import Lake

ASKED = "datatable(K:string, N:long)['one', 2, 'two', 1] | render columnchart with (title='How many')"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    Lake.create(tmp_path / "store")
    return tmp_path / "store"


def hunting(store: Path, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["query", *arguments, "--store", str(store)])
    return int(ended.value.code or 0)


def test_the_chart_stands_under_the_table(store: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert hunting(store, ASKED, "-f", "table", "--chart") == 0
    table, chart = capfdbinary.readouterr().out.decode().split("\n\n")
    assert table.splitlines()[0].split() == ["K", "N"]
    assert chart.splitlines()[0] == "How many" and chart.splitlines()[1].startswith("one ███")


@pytest.mark.parametrize("option", ["--no-chart", None])
def test_without_a_terminal_a_chart_must_be_asked_for(
    store: Path, option: str | None, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert hunting(store, ASKED, "-f", "table", *([option] if option else [])) == 0
    assert "█" not in capfdbinary.readouterr().out.decode()


def test_what_cannot_be_drawn_is_told_beside_the_rows(store: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert hunting(store, "print K = 'x' | render columnchart", "-f", "table", "--chart") == 0
    captured = capfdbinary.readouterr()
    assert captured.out.decode().split() == ["K", "─", "x"] and captured.err.startswith(b"no chart: There is no number to draw.")


def test_the_spec_as_text(store: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert hunting(store, ASKED, "-f", "vega") == 0
    spec = json.loads(capfdbinary.readouterr().out)
    assert spec["title"] == "How many" and [value["y"] for value in spec["data"]["values"]] == [2, 1]


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<svg"), ("a.html", b"<!DOCTYPE html>")])
def test_files(store: Path, tmp_path: Path, name: str, start: bytes) -> None:
    pytest.importorskip("vl_convert")
    assert hunting(store, ASKED, "-o", str(tmp_path / name)) == 0
    assert (tmp_path / name).read_bytes().startswith(start)


def test_no_picture_without_a_render_and_no_half_file(store: Path, tmp_path: Path) -> None:
    assert hunting(store, "print N = 1", "-o", str(tmp_path / "a.svg")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
