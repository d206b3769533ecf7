"""The three texts of every benchmarked hunt give the same rows, so that they do not rot; the SQL stays what it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from check import losses
from contestants import Best, Contestant, Ours, Plain
from growth import exponent
from hunt_texts import FROZEN, HuntText, Store, difference, read_hunts
from hunts import compare
from reporting import ratio, summary

from hunting.clock import ManualClock
from hunting.engine import Hunt
from hunting.lake import Lake
from hunting.simulate import scenario_folder, simulate

HUNTS = read_hunts()
END = datetime(2026, 11, 20, tzinfo=UTC)
CAMPAIGNS = ("invoice-macro", "parcel-login", "device-code", "ip-voicemail", "redirect-chain", "many-names", "bulk-phish-missed")


@pytest.fixture(scope="module")
def contestants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Contestant]]:
    """Ours, plain and best over a small tenant in which automation removed a cluster."""
    root = tmp_path_factory.mktemp("bench") / "a störe"
    chosen = [scenario_folder() / f"{name}.yaml" for name in CAMPAIGNS]
    simulate(Lake.create(root), messages=4000, end=END, scenarios=chosen)
    with Hunt(Lake.open(root), clock=ManualClock(END)) as hunt:
        hunt.air.set(by="ann", similar_files=True)
        hunt.air.run()
        hunt.air.close()
    store = Store(root)
    assert store.now == END
    yield [Ours(store), Plain(store), Best(store)]


@pytest.mark.parametrize("hunt", HUNTS, ids=[hunt.name for hunt in HUNTS])
def test_rows_are_the_same(hunt: HuntText, contestants: list[Contestant]) -> None:
    found = {contestant.name: contestant.answer(hunt, 0) for contestant in contestants}
    assert found["plain"][0].num_rows > 0
    assert {who: told for who, told in compare(found, hunt).items() if told} == {}


def test_the_sql_is_frozen() -> None:
    """It was written from the description without a look at what the compiler makes; a new text is a new measure.

    After a deliberate change: `python tests/bench/hunt_texts.py`.
    """
    assert {hunt.name: hunt.digest for hunt in HUNTS} == json.loads(FROZEN.read_text(encoding="utf-8"))


def test_differences_are_seen() -> None:
    rows = [("a", 1, 0.1 + 0.2), ("b", None, 2.0)]
    assert difference(rows, [("b", None, 2.0), ("a", 1, 0.3)], ordered=False) is None
    assert difference(rows, [("b", None, 2.0), ("a", 1, 0.3)], ordered=True) is not None
    assert difference(rows, rows[:1], ordered=False) == "2 rows against 1"
    assert difference(rows, [("a", 2, 0.3), ("b", None, 2.0)], ordered=False) is not None
    assert difference(rows, [("a", 1, 0.3001), ("b", None, 2.0)], ordered=False) is not None


def record(**ratios: float) -> dict[str, object]:
    hunts = {name: {"ours": {"cpu": each, "wall": each}, "plain": {"cpu": 1.0, "wall": 1.0}} for name, each in ratios.items()}
    return {"messages": 1_000_000, "hunts": hunts}


def test_a_loss_is_told_by_ratios() -> None:
    kept = record(first=1.0, second=0.8, gone=1.0)
    assert losses(kept, record(first=1.2, second=0.9)) == []
    assert [name for name, *_ in losses(kept, record(first=1.3, second=0.8))] == ["first"]
    assert [name for name, *_ in losses(kept, record(first=1.24, second=1.24 * 0.8, new=9.0))] == []


def test_an_answer_with_other_rows_has_no_ratio() -> None:
    costs = {
        "ours": {"cpu": 1.0},
        "plain": {"cpu": 2.0},
        "best": {"cpu": 1.0, "differs": "3 rows against 2"},
        "chdb": {"refused": "no"},
    }
    assert [ratio(costs, "ours", other) for other in ("plain", "best", "chdb", "duckdb-kql")] == [0.5, None, None, None]


def test_the_summary_names_the_worst() -> None:
    told = summary(record(first=2.0, second=0.5))
    assert (told["plain"]["mean"], told["plain"]["worst"], set(told)) == (pytest.approx(1.0), "first", {"plain"})


def test_growth_is_an_exponent() -> None:
    assert exponent({1e6: 1.0, 1e7: 10.0}) == pytest.approx(1.0)
    assert exponent({1e6: 2.0, 3e6: 2.0 * 3**1.1, 1e7: 2.0 * 10**1.1}) == pytest.approx(1.1)
