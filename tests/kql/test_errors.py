"""How an error is written for a terminal: the place is seen, whatever the width."""

from __future__ import annotations

import pytest

from kql.errors import KqlError, Span

QUERY = "EmailEvents | where " + "A == 1 and " * 10 + 'Subjct has "x" | count'
PLACE = Span(QUERY.index("Subjct"), QUERY.index("Subjct") + 6)


@pytest.mark.parametrize("width", [None, 120, 80, 44, 30])
@pytest.mark.parametrize("place", [PLACE, Span(0, 11), Span(len(QUERY) - 5, len(QUERY))])
def test_the_carets_stand_under_the_place(width: int | None, place: Span) -> None:
    lines = (
        KqlError("There is no such thing here, whoever looks for it.", place, "Look elsewhere.", QUERY).render(width).splitlines()
    )
    at = next(number for number, line in enumerate(lines) if set(line.strip()) == {"^"})
    carets = lines[at]
    start, end = len(carets) - len(carets.lstrip()), len(carets)
    assert lines[at - 1][start:end] == QUERY[place.start : place.end]
    assert width is None or all(len(line) <= width for line in lines)


def test_texts_are_folded_between_words() -> None:
    shown = KqlError("one two three four five six", None, "seven eight nine ten eleven twelve").render(30)
    assert shown == "one two three four five\nsix\n  seven eight nine ten\n  eleven twelve"
    assert KqlError("one two", None, "three").render(30) == "one two\n  three"
