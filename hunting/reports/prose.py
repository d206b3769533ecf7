"""A report's text: Markdown with figures and ```kql blocks in it, without HTML and without pictures.

    {{ block.Column }}        what the first row of a block's answer holds in that column
    {{ window.first }}        the first day of the report's time, the last one, the time of the run (first, last, now)
    {{ parameter.name }}      a parameter's value

A figure stands in running text, nowhere else: not in code, not in a link's address. It is put in after Markdown was read, so that
nothing in the data is taken for markup. There are no expressions: what is to be computed is computed in KQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from hunting.errors import HuntingError
from hunting.keyed import wrong
from kql.errors import closest

WINDOW, PARAMETER = "window", "parameter"
WINDOWFIGURES = ("first", "last", "now")
FIGURE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\.([^{}\n]*[^{}\s])\s*\}\}")
_OPTION = re.compile(r'\s*([a-z]+)(?:=(?:"([^"]*)"|([^\s"=]+)))?(?=\s|$)')
_BLOCK_NAME = re.compile(r"[A-Za-z_]\w{0,39}", re.ASCII)
_CHARTS = ("on", "off", "only")


@dataclass(frozen=True, slots=True)
class Block:
    """A query of a report.

    Attributes:
        name: what figures call it, and files of its rows.
        title: stands over its table.
        kql: its text, as it stands in the file from `offset` on, whose line is `line`.
        chart: "on" (before the table, if the query asks for one), "off" or "only" (no table where a chart can be drawn).
        limit: rows that are shown to readers; files of data hold all of them.
        hidden: it only serves figures.
        empty: what is said instead of a table without rows.
    """

    name: str
    kql: str
    line: int
    offset: int
    title: str = ""
    chart: str = "on"
    limit: int = 50
    hidden: bool = False
    empty: str = "Nothing in this period."


@dataclass(frozen=True, slots=True)
class Figure:
    """A single value in the prose: a block's name (or window, parameter) and a column's."""

    block: str
    column: str
    line: int

    @property
    def name(self) -> str:
        return f"{self.block}.{self.column}"


@dataclass(frozen=True, slots=True)
class Prose:
    """Text between blocks: its Markdown, and the tokens that it was read as."""

    source: str
    tokens: tuple[Token, ...]


Part = Prose | Block


def markdown() -> MarkdownIt:
    """The parser of prose: CommonMark with tables; figures are tokens of their own. HTML is found, so that it can be refused."""
    found = MarkdownIt("commonmark").enable("table")
    found.inline.ruler.before("escape", "figure", _figure_rule)
    return found


def _figure_rule(state: StateInline, silent: bool) -> bool:
    found = FIGURE.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        token = state.push("figure", "", 0)
        token.content = found[0]
        token.meta = {"block": found[1], "column": found[2], "line": state.src.count("\n", 0, state.pos)}
    state.pos = found.end()
    return True


def parts_of(path: str, text: str, head: int) -> tuple[Part, ...]:
    """Prose and blocks of a file's text after its head, in order.

    Args:
        head: lines of the head.

    Raises:
        HuntingError: with file, line and cure.
    """
    lines = text.split("\n")
    tokens = markdown().parse("\n".join(["" for _ in lines[:head]] + lines[head:]))
    starts = _starts(lines)
    found: list[Part] = []
    pending: list[Token] = []
    begun = head

    def prose(until: int) -> None:
        source = "\n".join(lines[begun:until])
        if source.strip():
            _check(path, source, begun + 1, pending)
            found.append(Prose(source.strip("\n"), tuple(pending)))

    for token in tokens:
        if token.type == "fence" and token.info.split()[:1] == ["kql"] and token.map is not None:
            first, last = token.map
            if token.level:
                raise wrong(path, first + 1, "A kql block stands inside a list or a quotation.", "Let it begin at the margin.")
            prose(first)
            found.append(_block(path, token.info, lines, first, last, starts, found))
            begun, pending = last, []
        else:
            pending.append(token)
    prose(len(lines))
    _check_figures(path, found)
    return tuple(found)


def _starts(lines: Sequence[str]) -> list[int]:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    return starts


# ---------------------------------------------------------------- blocks


def _block(
    path: str, info: str, lines: Sequence[str], first: int, last: int, starts: Sequence[int], before: Sequence[Part]
) -> Block:
    end = last - 1 if last - 1 > first and set(lines[last - 1].strip()) in ({"`"}, {"~"}) else None
    if end is None:
        raise wrong(path, first + 1, "The kql block has no end.", "Write ``` on a line of its own after the query.")
    kql = "\n".join(lines[first + 1 : end])
    if not kql.strip():
        raise wrong(path, first + 1, "The kql block is empty.", "Write a query, or take the block out.")
    taken = [each.name for each in before if isinstance(each, Block)]
    given = _options(path, first + 1, info.strip().removeprefix("kql"))
    name = given.pop("name", f"block{len(taken) + 1}")
    if not _BLOCK_NAME.fullmatch(name) or name in (WINDOW, PARAMETER):
        hint = f"A letter, then letters, digits and _, at most 40; not {WINDOW} or {PARAMETER}."
        raise wrong(path, first + 1, f"A block cannot be named '{name}'.", hint)
    if name.lower() in (each.lower() for each in taken):
        raise wrong(path, first + 1, f"Two blocks are named '{name}'.", "Give each its own name.")
    if "limit" in given:
        given["limit"] = int(given["limit"])
    return Block(name, kql, first + 2, starts[first + 1], **given)


_OPTIONS: dict[str, tuple[Callable[[str], bool], str]] = {
    "name": (bool, "name=removed"),
    "title": (bool, 'title="Removed mail"'),
    "chart": (lambda value: value in _CHARTS, "chart=on, chart=off or chart=only"),
    "limit": (lambda value: re.fullmatch(r"[1-9]\d{0,3}", value) is not None, "limit=20"),
    "hidden": (lambda value: not value, "hidden"),
    "empty": (bool, 'empty="Nobody clicked."'),
}


def _options(path: str, line: int, info: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    at = 0
    while info[at:].strip():
        each = _OPTION.match(info, at)
        if each is None or each[1] not in _OPTIONS:
            word = each[1] if each else info[at:].split()[0]
            hint = closest(word, _OPTIONS) or f"Options: {', '.join(form for _, form in _OPTIONS.values())}."
            raise wrong(path, line, f"'{word}' is not an option of a block.", hint)
        value = each[2] if each[2] is not None else each[3] or ""
        fits, form = _OPTIONS[each[1]]
        if not fits(value) or each[1] in found:
            raise wrong(path, line, f"The option '{each[1]}' is written wrongly or twice.", f"Write {form}.")
        found[each[1]] = value if value else True
        at = each.end()
    return found


# ---------------------------------------------------------------- figures


def figures(parts: Sequence[Part]) -> Iterator[Figure]:
    """Every figure of the prose, in order."""
    for part in parts:
        if isinstance(part, Prose):
            for token, start in _inline(part.tokens):
                if token.type == "figure":
                    yield Figure(token.meta["block"], token.meta["column"], start + token.meta["line"])


def _inline(tokens: Sequence[Token]) -> Iterator[tuple[Token, int]]:
    """Tokens inside paragraphs, headings and cells, with the line that their text begins on."""
    for token in tokens:
        for child in token.children or ():
            yield child, token.map[0] + 1 if token.map else 1


def _check(path: str, source: str, line: int, tokens: Sequence[Token]) -> None:
    """Refuses HTML, pictures, and braces that are no figure."""
    inner = list(_inline(tokens))
    for token, at in [*((token, token.map[0] + 1) for token in tokens if token.map), *inner]:
        if token.type in ("html_block", "html_inline"):
            raise wrong(path, at, "A report holds no HTML.", "Write Markdown; a < that is meant is written \\<.")
    for token, at in inner:
        if token.type == "image":
            raise wrong(path, at, "A report loads no pictures.", "Let a query draw a chart: | render columnchart.")
        if "{{" in token.content and token.type != "figure":
            raise _misplaced(path, at)
    seen = sum(token.type == "figure" for token, _ in inner)
    written = [source.count("\n", 0, each.start()) for each in re.finditer(r"\{\{", source)]
    if len(written) != seen:
        raise _misplaced(path, line + written[0])


def _misplaced(path: str, line: int) -> HuntingError:
    hint = "A figure is written {{ block.Column }}, in running text: not in code, not in a link."
    return wrong(path, line, "Here '{{' begins no figure.", hint)


def _check_figures(path: str, parts: Sequence[Part]) -> None:
    names = [part.name for part in parts if isinstance(part, Block)]
    for figure in figures(parts):
        if figure.block not in (*names, WINDOW, PARAMETER):
            hint = closest(figure.block, names) or f"Blocks: {', '.join(names) or 'none'}."
            raise wrong(path, figure.line, f"There is no block '{figure.block}'.", hint)
        if figure.block == WINDOW and figure.column not in WINDOWFIGURES:
            raise wrong(path, figure.line, f"The window has no '{figure.column}'.", f"It has: {', '.join(WINDOWFIGURES)}.")
