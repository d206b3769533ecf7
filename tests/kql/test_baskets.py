"""The plugin basket against an enumeration of all sets of values."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from random import Random

import pytest

import hunting

Row = tuple[str, ...]


def closed_sets(rows: list[Row], threshold: float, most: int) -> set[tuple[int, tuple[str, ...]]]:
    """Counts, and the values that all counted rows have; `*` where they differ."""
    columns = range(len(rows[0]))
    found = set()
    for chosen in (each for size in range(1, most + 1) for each in combinations(columns, size)):
        for values, count in Counter(tuple(row[at] for at in chosen) for row in rows).items():
            if count / len(rows) >= threshold:
                same = [row for row in rows if tuple(row[at] for at in chosen) == values]
                found.add((count, tuple(same[0][at] if len({row[at] for row in same}) == 1 else "*" for at in columns)))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_basket_finds_the_closed_frequent_sets(seed: int) -> None:
    random = Random(seed)
    columns, threshold, most = random.randint(2, 4), random.choice([0.1, 0.25, 0.5]), random.choice([1, 2, 5])
    rows = [tuple(random.choice("abcd"[: at + 2]) for at in range(columns)) for _ in range(random.randint(5, 40))]
    rows = [(*row, row[0].upper()) for row in rows]  # a column that another one implies
    names = ", ".join(f"c{at}: string" for at in range(columns + 1))
    cells = ", ".join(f"'{value}'" for row in rows for value in row)
    text = f"datatable({names})[{cells}] | evaluate basket({threshold}, '~', {most}, '*')"
    result = hunting.connect(":memory:").query(text).rows()
    assert {(row[1], tuple(row[3:])) for row in result} == closed_sets(rows, threshold, most)
    assert len(result) == len({tuple(row[3:]) for row in result})
    assert [row[0] for row in result] == list(range(len(result)))
