"""What is offered at the cursor (marked ^)."""

from __future__ import annotations

import pytest

from kql import StaticCatalog, complete
from kql.syntax.rows import VISUALIZATIONS

CATALOG = StaticCatalog({"Mail": {"Timestamp": "datetime", "Subject": "string", "a b": "long"}, "Click": {"Url": "string"}})


def offered(query: str) -> list[str]:
    return [each.text for each in complete(query.replace("^", ""), query.index("^"), CATALOG)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("^", ["Mail", "Click"]),
        ("Ma^", ["Mail"]),
        ("Mail | ^", ["where", "extend", "project", "summarize"]),
        ("Mail | wh^ | count", ["where"]),
        ("Mail | where ^", ["Timestamp", "Subject", "['a b']"]),
        ("Mail | where Sub^", ["Subject", "substring"]),
        ("Mail | where Subject ^", ["==", "!=", "<"]),
        ("Mail | where Subject contai^", ["contains", "contains_cs", "!contains"]),
        ("Mail | project s = strlen(Subject) | where ^", ["s"]),
        ("Mail | summarize cou^", ["count", "countif", "count_distinct"]),
        ("Mail | join kind=inner (^", ["Mail", "Click"]),
        ("Mail | join (Click | where ^", ["Url"]),
        ("declare query_parameters(who: string); Mail | where Subject == wh^", ["who"]),
        ("let x = 5; let T = Mail | project Subject; T | where ^", ["Subject", "x"]),
        ("let f = (n: long) { n + 1 }; Mail | extend ^", ["Timestamp", "Subject", "['a b']", "f"]),
        ("Mail | sort by Timestamp ^", ["asc", "desc"]),
        ("Mail | join kind=^", ["inner", "innerunique"]),
        ("Mail | join kind = lefto^", ["leftouter"]),
        ("Mail | mv-apply n = pack_array(1) on (take 1 | ^", ["where", "extend", "project", "summarize"]),
        ("Mail | mv-apply n = pack_array(1) on (take 1 | take 2 | where ^", ["Timestamp", "Subject", "['a b']"]),
        ("print 99999999999999999999 | where ^", ["tostring"]),
        ("let x = 99999999999999999999; let y = 1; Mail | where Size == ^", ["Timestamp", "Subject", "['a b']", "y"]),
        ("Mail | render ^", ["timechart", "columnchart"]),
        ("Mail | render time^", ["timechart", "timepivot"]),
        ("Mail | render timechart ^", ["with"]),
        ("Mail | render timechart with (^", ["title", "kind"]),
        ("Mail | render columnchart with (title='x', kind=^", ["default", "unstacked", "stacked"]),
        ("Mail | render timechart with (xcolumn=^", ["Timestamp", "Subject"]),
        ("print strl^", ["strlen"]),
        ("Mail | where Subject == 'x' | summarize a=^", ["Timestamp"]),
    ],
)
def test_what_is_offered_first(query: str, first: list[str]) -> None:
    assert offered(query)[: len(first)] == first


def test_nothing_is_offered_where_the_text_before_is_wrong() -> None:
    assert offered("Mail | where where where ^") == []
    assert offered("Mail | where Subject == 'a^") == []


def test_a_completion_says_what_it_is() -> None:
    (column,) = [each for each in complete("Mail | where Subj", 17, CATALOG) if each.kind == "column"]
    assert (column.text, column.detail, column.start) == ("Subject", "string", 13)
    (function,) = [each for each in complete("Mail | extend strl", 18, CATALOG) if each.text == "strlen"]
    assert function.detail == "(text: string) -> long" and function.help == "Number of characters."


def test_every_chart_that_is_offered_is_one() -> None:
    assert set(offered("Mail | render ^")) == set(VISUALIZATIONS) - {"plotly", "graph"}


def test_refused_operators_are_not_offered() -> None:
    assert not [each for each in offered("Mail | ^") if each.startswith("graph-")]
