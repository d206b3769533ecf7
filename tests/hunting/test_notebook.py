"""`%kql` in an IPython of our own, and how a result shows itself in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("IPython")

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import hunting
from hunting.charts.vega import MIME
from hunting.formats import records
from hunting.result import Result


@pytest.fixture(scope="module")
def started() -> Iterator[InteractiveShell]:
    main = sys.modules["__main__"]
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    yield shell
    InteractiveShell.clear_instance()
    sys.modules["__main__"] = main  # IPython puts its own there, and a process that is spawned later would look for it


@pytest.fixture
def notebook(started: InteractiveShell) -> InteractiveShell:
    started.reset(new_session=False)
    started.user_ns["hunt"] = hunting.connect(":memory:")
    started.run_line_magic("load_ext", "hunting.notebook")
    started.run_line_magic("kql", "--store hunt")
    return started


def line(notebook: InteractiveShell, text: str) -> Any:
    return notebook.run_line_magic("kql", text)


def test_a_line_and_a_cell(notebook: InteractiveShell) -> None:
    assert line(notebook, 'print A = "x y", N = 1').rows() == [("x y", 1)]
    found = notebook.run_cell_magic("kql", "", "print A = 1\n// why\n| extend N = 2")
    assert found.rows() == [(1, 2)] and notebook.user_ns["_kql_raw_result_"] is found


def test_several_queries_in_a_cell(notebook: InteractiveShell) -> None:
    with capture_output() as captured:
        last = notebook.run_cell_magic("kql", "", "let n = 1;\nprint A = n;\nprint B = n + 1")
    assert last.rows() == [(2,)] and ["<td" in output.data["text/html"] for output in captured.outputs] == [True]
    with capture_output() as captured:
        assert notebook.run_cell_magic("kql", "-o kept", "print 1; print 2") is None
    assert notebook.user_ns["kept"].rows() == [(2,)] and not captured.outputs


def test_an_answer_under_a_name(notebook: InteractiveShell) -> None:
    assert line(notebook, "-o kept print N = 1") is None
    assert notebook.user_ns["kept"].rows() == [(1,)]
    with pytest.raises(UsageError, match="no name"):
        line(notebook, "-o a.b print 1")


def test_parameters_are_bound_and_never_spliced(notebook: InteractiveShell) -> None:
    notebook.user_ns["hostile"] = '"; print 42 //'
    query = "declare query_parameters(who:string); print Who = who"
    assert line(notebook, f"--param who=hostile {query}").rows() == [('"; print 42 //',)]
    assert notebook.run_cell_magic("kql", "--param who=hostile.upper()", query).rows() == [('"; PRINT 42 //',)]
    with pytest.raises(UsageError, match="not name=expression"):
        line(notebook, f"--param who {query}")


def test_braces_and_dollars_are_the_querys_own(notebook: InteractiveShell) -> None:
    notebook.user_ns["x"] = "spliced"
    assert notebook.run_cell_magic("kql", "", "print A = '{x} $x'").rows() == [("{x} $x",)]
    assert line(notebook, "print A = '{x} $x'").rows() == [("{x} $x",)]


def test_explain(notebook: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert line(notebook, "--explain print Here = 1") is None
    assert '"Here"' in capsys.readouterr().out


def test_a_mistake_has_its_place(notebook: InteractiveShell) -> None:
    with pytest.raises(UsageError) as caught:
        line(notebook, "print strlne('x')")
    assert "^^^^^^" in str(caught.value) and "Did you mean 'strlen'?" in str(caught.value)
    with pytest.raises(UsageError, match="store"):
        line(notebook, "--store /nowhere/at/all print 1")


def shown(notebook: InteractiveShell, result: Result) -> dict[str, Any]:
    data, _ = notebook.display_formatter.format(result)
    return data


def test_a_result_is_a_table_and_with_render_a_chart_above_it(notebook: InteractiveShell) -> None:
    plain = shown(notebook, line(notebook, "print N = 5"))
    assert "<td" in plain["text/html"] and MIME not in plain
    with capture_output() as captured:
        assert shown(notebook, line(notebook, "print K = 'a', N = 5 | render columnchart")) == {}
    chart, table = (output.data for output in captured.outputs)
    assert chart[MIME]["data"]["values"][0]["y"] == 5 and "<table>" in table["text/html"]
    assert chart["image/svg+xml"].startswith("<svg"), "for frontends that draw no Vega-Lite"
    assert MIME not in shown(notebook, line(notebook, "print K = 'a' | render columnchart")), "nothing to draw, but rows"


def test_without_the_extension_the_chart_is_in_the_html() -> None:
    result = hunting.connect(":memory:").query("print K = 'a', N = 5 | render columnchart")
    assert (
        result._repr_html_().startswith('<img alt="Chart" src="data:image/svg+xml;base64,') and "<table>" in result._repr_html_()
    )
    assert result._repr_mimebundle_()[MIME]["data"]["values"][0]["y"] == 5


def test_in_ipython_on_a_terminal_a_table_is_shown(notebook: InteractiveShell) -> None:
    found = line(notebook, "print N = 5, Text = '\x1b[2J'")
    assert shown(notebook, found)["text/plain"].splitlines()[0].split() == ["N", "Text"] and "\x1b" not in repr(found)
    assert repr(found) == "<Result of 1 row: N: long, Text: string>"


def test_html_is_escaped_and_bounded() -> None:
    html = records({"<b>": "string"}, [("<script>alert(1)</script>\u202e",)] * 60)._repr_html_()
    assert '<td style="text-align: left">&lt;' in html, "Jupyter would put it on the right"
    assert "<script" not in html and "<b>" not in html and "\u202e" not in html
    assert html.count("&lt;script&gt;") == 50 and "… 10 more rows" in html
