"""Tab behind `%kql` and in `%%kql` cells: what IPython offers at the cursor (^)."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

pytest.importorskip("IPython")

import pyarrow
from IPython.core.completer import Completion, provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import hunting


@pytest.fixture(scope="module")
def notebook() -> Iterator[InteractiveShell]:
    main = sys.modules["__main__"]
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.user_ns["hunt"] = hunting.connect(":memory:")
    shell.run_line_magic("load_ext", "hunting.notebook")
    shell.run_line_magic("kql", "--store hunt")
    yield shell
    InteractiveShell.clear_instance()
    sys.modules["__main__"] = main


def offered(notebook: InteractiveShell, cell: str) -> list[Completion]:
    with provisionalcompleter():
        return list(notebook.Completer.completions(cell.replace("^", ""), cell.index("^")))


def texts(notebook: InteractiveShell, cell: str) -> list[str]:
    return [each.text for each in offered(notebook, cell)]


@pytest.mark.parametrize(
    ("cell", "first"),
    [
        ("%kql EmailPost^", ["EmailPostDeliveryEvents"]),
        ("%kql EmailEvents | ^", ["where", "extend", "project"]),
        ("found = %kql EmailEvents | wher^", ["where"]),
        ("%kql -o mails EmailEvents | where Subj^", ["Subject"]),
        ("1 + 1\n%kql EmailEvents | wher^", ["where"]),
        ("%%kql\nEmailEvents\n| where Subj^\n| count", ["Subject"]),
        ("%%kql -o mails\nEmailEvents | join kind=leftan^ (EmailUrlInfo) on NetworkMessageId", ["leftanti"]),
        ("%%kql --param who=hunt\ndeclare query_parameters(who: string);\nEmailEvents | where SenderFromAddress == wh^", ["who"]),
        ("%%kql\nlet few = EmailEvents | project Subject;\nfew | where ^", ["Subject"]),
        ("%%kql\nEmailEvents | summarize count() by SenderFromDomain | render pie^", ["piechart"]),
        ("%kql --e^", ["--explain"]),
        ("%%kql --p^", ["--param"]),
    ],
)
def test_kql_is_offered_where_kql_is_written(notebook: InteractiveShell, cell: str, first: list[str]) -> None:
    assert texts(notebook, cell)[: len(first)] == first


def test_python_is_not_mixed_in(notebook: InteractiveShell) -> None:
    notebook.user_ns["strange"] = 1
    assert "strange" not in texts(notebook, "%kql print stra^")
    assert texts(notebook, "%%kql\nprint nothing_like_it^") == ["nothing_like_it"], "the word itself: no more than this"


@pytest.mark.parametrize(
    "cell", ["stra^", "'%kql ' + stra^", "# %kql\nstra^", "%kql --param who=stra^", "%%kql --param who=stra^\nprint 1"]
)
def test_elsewhere_python_stands(notebook: InteractiveShell, cell: str) -> None:
    notebook.user_ns["strange"] = 1
    assert "strange" in texts(notebook, cell)


def test_types_are_shown(notebook: InteractiveShell) -> None:
    def kind(cell: str, text: str) -> str:
        return next(each.type for each in offered(notebook, cell) if each.text == text)

    assert kind("%kql EmailEvents | where ^", "Timestamp") == "datetime"
    assert kind("%kql EmailEvents | where strl^", "strlen") == "function: long"
    assert kind("%kql EmailEv^", "EmailEvents") == "table"
    assert kind("%kql EmailEvents | ^", "where") == "operator"


def test_the_word_begun_is_what_is_replaced(notebook: InteractiveShell) -> None:
    (where,) = [each for each in offered(notebook, "%%kql\nEmailEvents | mv-e^") if each.text == "mv-expand"]
    assert (where.start, where.end) == (20, 24)


def test_a_table_registered_later_is_known(notebook: InteractiveShell) -> None:
    notebook.user_ns["hunt"].register("Watched", pyarrow.table({"Domain": ["a.example"]}))
    assert "Watched" in texts(notebook, "%kql Watch^") and "Domain" in texts(notebook, "%kql Watched | where ^")


def test_before_a_store_is_chosen_the_declared_tables_are_known(notebook: InteractiveShell) -> None:
    notebook.run_line_magic("reload_ext", "hunting.notebook")
    try:
        assert texts(notebook, "%kql EmailPost^") == ["EmailPostDeliveryEvents"]
        assert texts(notebook, "%kql EmailEvents | where Subj^")[0] == "Subject"
        assert len(notebook.Completer.custom_matchers) == 1, "loading it again replaces it"
    finally:
        notebook.run_line_magic("kql", "--store hunt")
