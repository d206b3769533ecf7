"""File names from anywhere: one file in one folder on every system."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import payloads
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunting.schedule import Output
from hunting.schedule.jobs import named, safe_name

HOSTILE = [*payloads.ALL, "\ud800"]


def check(text: str) -> None:
    name = safe_name(text)
    assert name == PurePosixPath(name).name == PureWindowsPath(name).name
    assert name not in ("", ".", "..") and not name.startswith(".") and not name.endswith((".", " "))
    assert name.isprintable() and len(name.encode()) < 200
    assert not PureWindowsPath(name).is_reserved()
    assert safe_name(name) == name


def test_a_hostile_name_is_harmless(tmp_path: Path) -> None:
    for text in HOSTILE:
        check(text)
        (tmp_path / safe_name(text)).write_bytes(b"x")
    assert {path.name for path in tmp_path.iterdir()} == set(map(safe_name, HOSTILE))


@settings(deadline=None)
@given(st.text())
def test_any_name_is_harmless(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", ["weekly-phish-2026-11-16.html", "wöchentlich.xlsx", "a b.tar.gz", "日報.md"])
def test_a_good_name_stays(text: str) -> None:
    assert safe_name(text) == text


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a.html", "A.HTML", "a/.html", "2-a.html", "b"]), max_size=8))
def test_no_two_files_of_a_run_share_a_name(names: list[str]) -> None:
    found = [output.name.casefold() for output in named(Output(name, b"", "text/html") for name in names)]
    assert len(set(found)) == len(names)
