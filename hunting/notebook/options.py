"""The options of `%kql`, and where they end and the query begins."""

from __future__ import annotations

VALUED = ("--store", "-o", "--output", "--param")
OPTIONS = (*VALUED, "--explain")


def split(line: str) -> tuple[list[str], str]:
    """The options at the start of a line, and the query behind them as it was written, quotes and all."""
    rest = line.lstrip()
    options: list[str] = []
    while rest.startswith("-"):
        word, _, rest = rest.partition(" ")
        options.append(word)
        if word in VALUED:
            value, _, rest = rest.lstrip().partition(" ")
            options.append(value)
        rest = rest.lstrip()
    return options, rest
