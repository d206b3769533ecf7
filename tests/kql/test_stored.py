"""The compiled grammar's file, and threads that share what was read from it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lark_nodes import shape

from kql.parsing import grammar
from kql.parsing.automaton import Automaton
from kql.parsing.stored import GRAMMAR, cache_file, loaded
from kql.syntax import tree


def test_threads_share_the_parser() -> None:
    queries = [f"T | where a{n} in (1, 2) | summarize count() by a{n} | take {n}" for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        assert [shape(each) for each in pool.map(tree, queries)] == [shape(tree(query)) for query in queries]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return cache_file(GRAMMAR.read_bytes())


def test_tables_are_cached_for_the_user_alone(own_cache: Path) -> None:
    text = GRAMMAR.read_bytes()
    assert loaded(text, pickle.load) is None
    grammar._build(text)
    assert (own_cache.parent.stat().st_mode & 0o777, own_cache.stat().st_mode & 0o777) == (0o700, 0o600)
    tables, parser = loaded(text, pickle.load), loaded(text, grammar._load)
    assert tables is not None
    assert parser is not None
    assert Automaton(tables).run("T | count", lambda name, *_: name) == "query"
    assert parser.parse("T | count").data == "query"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX permissions")
def test_a_cache_that_others_may_write_is_not_read(own_cache: Path) -> None:
    text = GRAMMAR.read_bytes()
    grammar._build(text)
    own_cache.parent.chmod(0o777)
    assert loaded(text, pickle.load) is None
    own_cache.parent.chmod(0o700)
    own_cache.chmod(0o666)
    assert loaded(text, pickle.load) is None


def test_a_damaged_cache_is_built_anew(own_cache: Path) -> None:
    text = GRAMMAR.read_bytes()
    grammar._build(text)
    whole = own_cache.read_bytes()
    elsewhere = whole.replace(b"kql.parsing.tables", b"kql.another.tables")  # as an earlier version calls it
    assert elsewhere != whole
    for damaged in (b"", b"\x80", whole[:5000], elsewhere):
        own_cache.write_bytes(damaged)
        assert loaded(text, pickle.load) is None
        assert loaded(text, grammar._load) is None
    own_cache.write_bytes(whole[:-5000])  # the tables are whole, lark's part is not
    assert loaded(text, pickle.load) is not None
    assert loaded(text, grammar._load) is None


def test_another_larks_part_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = GRAMMAR.read_bytes()
    grammar._build(text)
    monkeypatch.setattr("lark.__version__", "another")
    assert loaded(text, grammar._load) is None


def test_a_good_query_needs_no_lark() -> None:
    grammar._build(GRAMMAR.read_bytes())
    code = "import sys; from kql.syntax import tree; tree('T | where a == 1'); sys.exit('lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
