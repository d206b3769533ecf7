"""The support page says what runs; it is made by probing, and the one in the repository is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

import kql
from kql import support
from kql.functions import AGGREGATES, SCALARS, WINDOWS
from kql.functions.absent import absent

PAGE = Path(kql.__file__).with_name("SUPPORT.md")


def test_the_page_in_the_repository_is_the_one_that_probing_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == support.page(), "run: python -m kql.support > kql/SUPPORT.md"


@pytest.mark.parametrize("samples", [support.STATEMENTS, support.SOURCES, support.OPERATORS_BY_SAMPLE])
def test_a_sample_runs_or_is_refused_by_name(samples: dict[str, str]) -> None:
    wrong = {name: support.status(query) for name, query in samples.items() if support.status(query).startswith("no:")}
    assert not wrong


def test_a_refused_function_says_why() -> None:
    name, reason = next(iter(absent().items()))
    with pytest.raises(kql.KqlUnsupportedError, match=reason):
        kql.compile(f"print {name}()", support.CATALOG)


def test_no_function_is_both_declared_and_refused() -> None:
    assert not absent().keys() & {*SCALARS, *AGGREGATES, *WINDOWS}
