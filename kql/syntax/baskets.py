"""The plugin basket (page: basket plugin), written like those of kql.syntax.activity.

A pattern is a set of rows, told by all values that its rows have in common: of the sets of values that as many rows have,
the largest stands for all (the closed frequent sets; every row of the page's examples is one, and none is missing).
"""

from __future__ import annotations

import json
from itertools import combinations

from kql.algebra import Literal, Relation
from kql.syntax.activity import Text
from kql.syntax.plugin import Plugin
from kql.types import ScalarType

MAX_CHOICES = 2_000  # of columns that are looked at together

_RESULT = ("SegmentId", "Count", "Percent")
_DEFAULT = "~"


def basket(plugin: Plugin) -> Relation:
    """The patterns that a share of the rows has, the most frequent first; a column that is free holds the wildcard.

    Every choice of at most so many columns (MaxDimensions) whose values occur often enough is looked at; columns that are
    constant in its rows come with it. An empty value is a value as any other. All rows are counted, none are sampled.
    """
    plugin.by_place()
    names = [column.name for column in plugin.source.schema]
    if taken := next((name for name in names if name in _RESULT), None):
        raise plugin.expects(f"no column '{taken}', a name of the result")
    if dynamic := next((column.name for column in plugin.source.schema if column.type is ScalarType.DYNAMIC), None):
        raise plugin.expects(f"columns of plain values, '{dynamic}' is dynamic")
    if _given(plugin, 1, None) is not None:
        raise plugin.expects("no weights, every row counts as one", plugin.places[1])
    threshold, most = _given(plugin, 0, 0.05), _given(plugin, 2, 5)
    if not isinstance(threshold, int | float) or not 0.015 <= threshold <= 1:
        raise plugin.expects("a threshold from 0.015 to 1", *plugin.places[:1])
    if not isinstance(most, int) or most < 1:
        raise plugin.expects("a positive number of dimensions", *plugin.places[2:3])
    text = Text(plugin, {f"c{at}": name for at, name in enumerate(names)}, {})
    text.given["threshold"] = Literal(float(threshold), ScalarType.REAL)
    text.given["choices"] = Literal(json.dumps(_choices(plugin, len(names), most)), ScalarType.DYNAMIC)
    _wildcards(plugin, text)
    return text.bound(_query(range(len(names))))


def _given(plugin: Plugin, at: int, default: object) -> object:
    """A constant argument; `~` stands for the default."""
    value = plugin.constant(at, f"argument {at + 1}", default)
    return default if value == _DEFAULT else value


def _choices(plugin: Plugin, columns: int, most: int) -> list[int]:
    """Each choice of columns as the sum of their bits."""
    found: list[int] = []
    for size in range(1, min(columns, most) + 1):
        for chosen in combinations(range(columns), size):
            found.append(sum(1 << at for at in chosen))
            if len(found) > MAX_CHOICES:
                raise plugin.expects(f"at most {MAX_CHOICES:,} choices of columns: project fewer, or lower MaxDimensions")
    return found


def _wildcards(plugin: Plugin, text: Text) -> None:
    """What free columns hold: the wildcard of their type, else null; and the null of their type."""
    wildcards: dict[ScalarType, Literal] = {}
    for node in plugin.places[3:]:
        value = node.bind(plugin.scope.without_row())
        if not isinstance(value, Literal):
            raise plugin.expects("constants as wildcards", node)
        if value.value != _DEFAULT:
            wildcards[value.type] = value
    for at, column in enumerate(plugin.source.schema):
        null = Literal("" if column.type is ScalarType.STRING else None, column.type)
        text.given |= {f"null{at}": null, f"wild{at}": wildcards.get(column.type, null)}


def _query(columns: range) -> str:
    """KQL over the columns `@c0`, `@c1`, and so on: first all rare values become one, then the choices are counted."""

    def each(part: str, between: str = ", ") -> str:
        return between.join(part.replace("#", str(at)).replace("&", str(1 << at)) for at in columns)

    frequent = "todouble(@n) / @total >= @threshold"
    often = f"@rows | summarize @n = count() by @x# | where {frequent} | extend @f# = true"
    return f"""
        let @total = toscalar(@T | count);
        let @rows = @T | extend {each("@x# = tostring(@c#)")};
        @rows
        {each(f"| join kind=leftouter ({often}) on @x#", " ")}
        | extend {each("@f# = coalesce(@f#, false)")}
        | summarize @n = count() by {each("@f#, @v# = iff(@f#, @c#, @null#)")}
        | extend @key = 1, {each("@x# = tostring(@v#)")}
        | join kind=inner (print @key = 1, @choice = @choices | mv-expand @choice to typeof(long)) on @key
        | where {each("(binary_and(@choice, &) == 0 or @f#)", " and ")}
        | extend {each("@k# = iff(binary_and(@choice, &) == 0, '', @x#)")}
        | summarize @n = sum(@n), {each("@s# = countif(not(@f#)) == 0 and dcount(@x#) == 1, @v# = take_any(@v#)")}
            by @choice, {each("@k#")}
        | where {frequent}
        | summarize by @n, {each("@s#, @v# = iff(@s#, @v#, @null#)")}
        | sort by @n desc, {each("@s# desc, @v# asc")}
        | project SegmentId = row_number() - 1, Count = @n, Percent = round(100.0 * @n / @total, 1),
            {each("@c# = iff(@s#, @v#, @wild#)")}
        """
