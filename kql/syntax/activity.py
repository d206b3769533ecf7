"""Plugins that are a query of their own over the input (pages: sliding_window_counts, activity_counts_metrics, activity_metrics,
active_users_count, rolling_percentile, sequence_detect).

They are written in KQL. `@name` in such a text is a column of the input, a value or a relation that the call gives, or, if
it gives none of that name, a column that no input can have. Where a page leaves it open, bins count from the start of the
analysis, its end belongs to it, and a window of several bins ends with the bin that it is shown at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from kql.algebra import Item, Literal, Project, Relation, Value, passing
from kql.errors import KqlError, KqlSemanticError
from kql.overloads import convert
from kql.syntax.base import tree
from kql.syntax.expressions import boolean
from kql.syntax.plugin import Plugin
from kql.types import ScalarType

_NAME = re.compile(r"@(\w+)")
MAX_BINS = 10_000  # of one window: a row is counted in each


class Text(Struct):
    """A plugin's KQL with what the call gives it.

    Attributes:
        columns: names of columns of the input, by the names that the text has for them.
        given: values likewise.
        dims: the columns that slice the result; `@dims` are they behind a comma, `@asc` likewise as sort keys, `@new` tells
            whether one differs from the row before.
        tables: relations by the names that the text has for them, besides `@T`, the input.
    """

    plugin: Plugin
    columns: dict[str, str]
    given: dict[str, Value]
    dims: list[str] = field(default_factory=list)
    tables: dict[str, Relation] = field(default_factory=dict)

    def bound(self, text: str) -> Relation:
        """The relation that the text says.

        Raises:
            KqlSemanticError: a column or value does not fit; at the place of the call.
        """
        scope = self.plugin.scope
        source = scope.context.share(self.plugin.name, self.plugin.source)
        names: Mapping[str, Value | Relation] = {
            f"${key}": value for key, value in ({"T": source} | self.tables | self.given).items()
        }
        try:
            inner, result = tree(self._written(text)).body.enter(replace(scope.without_row(), names=names))
            return result.bind_tabular(inner)
        except KqlError as error:
            raise KqlSemanticError(f"Plugin '{self.plugin.name}': {error.message}", self.plugin.span, error.hint) from None

    def _written(self, text: str) -> str:
        dims = [_quoted(name) for name in self.dims]
        changed = " or ".join(f"{name} != prev({name})" for name in dims) or "false"
        parts = {"dims": "".join(f", {name}" for name in dims), "asc": "".join(f", {name} asc" for name in dims), "new": changed}
        parts |= {key: _quoted(name) for key, name in self.columns.items()}
        return _NAME.sub(lambda found: parts.get(found[1]) or ("" if found[1] in parts else _quoted("$" + found[1])), text)


def _quoted(name: str) -> str:
    """A column's name as KQL takes any: `['it\\'s']`."""
    return "['" + "".join(c if c.isprintable() and c not in "\\'" else f"\\U{ord(c):08x}" for c in name) + "']"


# ---------------------------------------------------------------- arguments


def timeline(plugin: Plugin, *words: str, dims: bool = True) -> Text:
    """The text of `plugin(Id, Timeline, words..., dims...)`: moments `start` and `end`, widths `window`, and so on."""
    plugin.by_place()
    identity, time = plugin.column(0), plugin.column(1)
    if len(plugin.places) < 2 + len(words):
        raise plugin.expects(", ".join(("an id", "a time", *words)))
    given: dict[str, Value] = {}
    for at, word in enumerate(words, 2):
        value: Value = plugin.places[at].bind(plugin.scope.without_row())
        moment = word in ("start", "end")
        wanted = time.type if moment or time.type is not ScalarType.DATETIME else ScalarType.TIMESPAN
        if word == "count":
            wanted = ScalarType.LONG
        if value.type is not wanted and not (value.type.numeric and wanted.numeric):
            raise plugin.expects(f"a {wanted} as {word}, found {value.type}", plugin.places[at])
        given[word] = convert(value, wanted)
    return Text(plugin, {"id": identity.name, "t": time.name}, given, dimensions(plugin, 2 + len(words)) if dims else [])


def dimensions(plugin: Plugin, first: int) -> list[str]:
    """The columns that slice the result: the arguments from a place on."""
    return [plugin.column(at).name for at in range(first, len(plugin.places))]


def bins_in(plugin: Plugin, text: Text, whole: str, part: str) -> Value:
    """How many bins a window has.

    Raises:
        KqlSemanticError: it is not a whole number of them.
    """
    values = [each.value for each in (text.given[whole], text.given[part]) if isinstance(each, Literal)]
    match values:
        case [int() | float() as window, int() | float() as width]:
            if width <= 0 or window < width or window % width:
                raise plugin.expects(f"a {whole} of whole bins")
            if window // width > MAX_BINS:
                raise plugin.expects(f"a {whole} of at most {MAX_BINS:,} bins")
            return Literal(int(window // width), ScalarType.LONG)
        case _:
            raise plugin.expects(f"constants as {whole} and {part}")


# ---------------------------------------------------------------- the plugins


def sliding_window_counts(plugin: Plugin) -> Relation:
    """For each bin the rows and different ids of the window that ends with it."""
    text = timeline(plugin, "start", "end", "lookback", "bin")
    text.given["n"] = bins_in(plugin, text, "lookback", "bin")
    return text.bound(
        """
        @T
        | where @t > @start - @lookback and @t <= @end
        | extend @bins = range(0, @n - 1)
        | mv-expand @bins to typeof(long)
        | extend @at = bin_at(@t, @bin, @start) + @bins * @bin
        | where @at >= @start and @at <= @end
        | summarize Count = count(), Dcount = dcount(@id) by @t = @at @dims
        | sort by @t asc @asc
        """
    )


def activity_counts_metrics(plugin: Plugin) -> Relation:
    """For each window its rows, its different ids, those not seen before, and those seen so far."""
    return timeline(plugin, "start", "end", "window").bound(
        """
        let @seen = @T
        | where @t >= @start and @t <= @end
        | summarize @rows = count() by @at = bin_at(@t, @window, @start), @id @dims;
        @seen
        | join kind=inner (@seen | summarize @first = min(@at) by @id @dims) on @id @dims
        | summarize ['count'] = sum(@rows), ['dcount'] = dcount(@id), new_dcount = countif(@first == @at and isnotnull(@id))
            by @t = @at @dims
        | sort by true @asc, @t asc
        | extend aggregated_dcount = row_cumsum(new_dcount, @new)
        | sort by @t asc @asc
        """
    )


def activity_metrics(plugin: Plugin) -> Relation:
    """For each window its ids, those new against the window before, and which shares of that one stayed and left."""
    return timeline(plugin, "start", "end", "window").bound(
        """
        let @seen = @T
        | where @t >= @start and @t <= @end and isnotnull(@id)
        | summarize by @at = bin_at(@t, @window, @start), @id @dims;
        @seen
        | join kind=leftouter (@seen | extend @at = @at + @window, @again = true) on @at, @id @dims
        | summarize dcount_values = count(), @stayed = countif(@again) by @at @dims
        | join kind=leftouter (@seen | summarize @before = count() by @at = @at + @window @dims) on @at @dims
        | extend retention_rate = iff(isnull(@before), real(nan), todouble(@stayed) / @before)
        | project @t = @at @dims, dcount_values, dcount_newvalues = dcount_values - @stayed, retention_rate,
            churn_rate = 1 - retention_rate
        | sort by @t asc @asc
        """
    )


def active_users_count(plugin: Plugin) -> Relation:
    """For each bin the different ids that appear in it, and in enough periods of the window up to that appearance."""
    return timeline(plugin, "start", "end", "lookback", "period", "count", "bin").bound(
        """
        let @seen = @T | where @t > @start - @lookback and @t <= @end | summarize by @id, @t @dims;
        @seen
        | where @t >= @start
        | extend @at = @t
        | join kind=inner (@seen | project-rename @before = @t) on @id @dims
        | where @before <= @at and @before > @at - @lookback
        | summarize @periods = dcount(bin_at(@before, @period, @start)) by @id, @at @dims
        | where @periods >= @count
        | summarize ['dcount'] = dcount(@id) by @t = bin_at(@at, @bin, @start) @dims
        | sort by @t asc @asc
        """
    )


def rolling_percentile(plugin: Plugin) -> Relation:
    """For each bin a percentile of the values in the bins of the window that ends with it."""
    if len(plugin.places) < 5:
        raise plugin.expects("a value, a percentile, an index, a bin, and a number of bins")
    value, index = plugin.column(0), plugin.column(2)
    percentile, bins = plugin.constant(1, "percentile", None), plugin.constant(4, "bins", None)
    width = plugin.places[3].bind(plugin.scope.without_row())
    if not isinstance(percentile, int | float) or not isinstance(bins, int) or not 0 < bins <= MAX_BINS:
        raise plugin.expects(f"a percentile, and a number of bins from 1 to {MAX_BINS:,}, both constant")
    given: dict[str, Value] = {"bin": width, "n": Literal(bins, ScalarType.LONG)}
    kind = ScalarType.LONG if isinstance(percentile, int) else ScalarType.REAL
    given["percentile"] = Literal(percentile, kind)
    name = f"rolling_{bins}_percentile_{value.name}_{percentile}"
    columns = {"value": value.name, "index": index.name, "result": name}
    return Text(plugin, columns, given, dimensions(plugin, 5)).bound(
        """
        let @rows = @T | where isnotnull(@index) | extend @at = bin(@index, @bin);
        @rows
        | extend @bins = range(0, @n - 1)
        | mv-expand @bins to typeof(long)
        | extend @at = @at + @bins * @bin
        | join kind=leftsemi (@rows | summarize by @at @dims) on @at @dims
        | summarize @result = percentile(@value, @percentile) by @index = @at @dims
        | sort by @index asc @asc
        """
    )


def sequence_detect(plugin: Plugin) -> Relation:
    """A row for each sequence of rows that meet the steps one after the other, each soon enough after the one before."""
    time, row = plugin.column(0), plugin.row
    if len(plugin.places) < 3 or len(plugin.named) < 2:
        raise plugin.expects("a time, the longest step, the longest sequence, and two or more steps: name = condition")
    steps = [Item(f"$step{at}", boolean(node, row, "sequence_detect")) for at, node in enumerate(plugin.named.values())]
    source = Project(plugin.source, (*passing(plugin.source.schema), *steps))
    limits = (plugin.places[at].bind(plugin.scope.without_row()) for at in (1, 2))
    widths = dict(zip(("between", "span"), limits, strict=True))
    columns = {"t": time.name} | {f"out{at}": f"{name}_{time.name}" for at, name in enumerate(plugin.named)}
    lines = ["@T | where @step0 | project @key = 1, @at0 = @t @dims"]
    for at in range(1, len(steps)):
        lines.append(f"| join kind=inner (@T | where @step{at} | project @key = 1, @at{at} = @t @dims) on @key @dims")
        lines.append(f"| where @at{at} > @at{at - 1} and @at{at} - @at{at - 1} <= @between and @at{at} - @at0 <= @span")
    shown = ", ".join(f"@out{at} = @at{at}" for at in range(len(steps)))
    lines.append(f"| project @key @dims, {shown}, Duration = @at{len(steps) - 1} - @at0 | project-away @key")
    lines.append("| sort by @out0 asc, Duration asc @asc")
    return Text(replace(plugin, source=source), columns, widths, dimensions(plugin, 3)).bound("\n".join(lines))
