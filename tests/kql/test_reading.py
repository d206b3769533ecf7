"""What a path reads in a text where it stands is what it would read in the whole value made of that text."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hunting
from kql.functions import SCALARS

URLS = st.lists(
    st.sampled_from([*"ab:/?#@[].%=&- \n", "http", "https://", "//", "a.example", "[::1]", ":80", "user", "é", "\\"]), max_size=12
).map("".join)
PIECES = ('{"a": ', '{"a":', "{", "}", "null", "1", "1.50", '"x y"', "[1, 2]", '{"b": "c"}', ",", '"a": 2', "", " ", "é", '"')
JSON_TEXTS = st.lists(st.sampled_from(PIECES)).map("".join)
HUNT = hunting.connect(":memory:")


def agree(texts: list[str], call: str, key: str) -> None:
    """A path into the call, and the same into a column that is made whole: grouping by it keeps it from being read through."""
    HUNT.register("T", pa.table({"Id": list(range(len(texts))), "Text": texts}), {"Id": "long", "Text": "string"})
    read = f"Json = Whole['{key}'], String = tostring(Whole['{key}'])"
    apart = HUNT.query(f"T | extend Whole = {call} | project Id, {read} | sort by Id asc").rows()
    whole = HUNT.query(f"T | summarize by Id, Whole = {call} | project Id, {read} | sort by Id asc").rows()
    assert apart == whole


MEMBERS = [(line.name, key) for name in SCALARS for line in SCALARS[name] for key in line.members]


@pytest.mark.parametrize(("name", "key"), MEMBERS)
@settings(max_examples=15, deadline=None)
@given(texts=st.lists(URLS, min_size=1, max_size=40))
def test_a_member_alone_is_that_of_the_bag(name: str, key: str, texts: list[str]) -> None:
    agree(texts, f"{name}(Text)", key)


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(JSON_TEXTS, min_size=1, max_size=40))
def test_a_path_into_text_is_one_into_the_value_parsed_from_it(texts: list[str]) -> None:
    agree(texts, "parse_json(Text)", "a")


def test_only_what_is_wanted_is_made() -> None:
    sql = HUNT.query("EmailUrlInfo | extend U = parse_url(Url) | where U.Host == 'a' | summarize count() by tostring(U.Path)").sql
    assert "json_object" not in sql
    sql = HUNT.query("EmailEvents | extend A = parse_json(AuthenticationDetails) | where A.SPF == 'fail' | project A.DKIM").sql
    assert " json(" not in sql and sql.count("SELECT") == 1
