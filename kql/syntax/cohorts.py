"""Plugins that follow cohorts of ids (pages: new_activity_metrics, activity_engagement).

Written like those of kql.syntax.activity, whose rules for bins and windows they keep.
"""

from __future__ import annotations

from kql.algebra import ColumnRef, Item, Project, Relation, Value, ref
from kql.overloads import convert
from kql.syntax.activity import bins_in, timeline
from kql.syntax.base import Expression
from kql.syntax.plugin import Plugin
from kql.types import ScalarType


def activity_engagement(plugin: Plugin) -> Relation:
    """For each inner window with ids: how many they are, how many the outer window has that ends with it, and their ratio.

    Ids before the start count in the outer windows that reach back to them. Without start and end all rows count, and bins
    are those of bin().
    """
    if _is_whole(plugin):
        text, at = timeline(plugin, "inner", "outer"), "bin(@t, @inner)"
        within, shown = "isnotnull(@t)", "true"
    else:
        text, at = timeline(plugin, "start", "end", "inner", "outer"), "bin_at(@t, @inner, @start)"
        within, shown = "@t > @start - @outer and @t <= @end", "@at >= @start"
    text.given["n"] = bins_in(plugin, text, "outer", "inner")
    return text.bound(
        f"""
        let @seen = materialize(@T | where {within} and isnotnull(@id) | summarize by @id, @at = {at} @dims);
        @seen
        | extend @key = 1
        | join kind=inner (range @bins from 0 to @n - 1 step 1 | extend @key = 1) on @key
        | extend @at = @at + @bins * @inner
        | summarize @around = dcount(@id) by @at @dims
        | join kind=inner (@seen | where {shown} | summarize @inside = count() by @at @dims) on @at @dims
        | project @t = @at @dims, dcount_activities_inner = @inside, dcount_activities_outer = @around,
            activity_ratio = todouble(@inside) / @around
        | sort by @t asc @asc
        """
    )


def _is_whole(plugin: Plugin) -> bool:
    """Whether start and end are left out: the call ends with the two windows, or a dimension follows them."""
    return len(plugin.places) < 5 or _is_column(plugin, plugin.places[4])


def new_activity_metrics(plugin: Plugin) -> Relation:
    """For each window `from` and each window `to` from it on: how those first seen in `from` fare in `to`.

    Every pair of windows that begin before the end is shown for every group that has rows, also where nobody was seen; a
    window that begins with the end is, if it has rows. The share of nobody is no number. New in `to` are ids that no window
    up to `from` has seen; in `from` itself, those first seen in it. Ids of the lookback are never new. A cohort is the
    window that the moment falls in.
    """
    text = timeline(plugin, "start", "end", "window", dims=False)
    if text.given["start"].type is ScalarType.REAL:
        raise plugin.expects("a timeline of moments or whole numbers", plugin.places[1])
    text.columns |= {"from": f"from_{text.columns['t']}", "to": f"to_{text.columns['t']}"}
    first, last = 5, len(plugin.places)
    outside = plugin.scope.without_row()
    if last > first and plugin.places[-1].is_tabular(outside):
        last -= 1
        text.tables["seen"] = _ids(plugin, plugin.places[-1].bind_tabular(outside), text.columns["id"])
    if last > first and not _is_column(plugin, plugin.places[first]):
        text.given["cohort"] = _moment(plugin, plugin.places[first], text.given["start"].type)
        first += 1
    text.dims = [plugin.column(at).name for at in range(first, last)]
    return text.bound(
        f"""
        let @rows = materialize(@T
        | where @t >= @start and @t <= @end and isnotnull(@id)
        | summarize by @at = bin_at(@t, @window, @start), @id @dims);
        let @cells = materialize(@rows{" | join kind=leftanti (@seen) on @id" if "seen" in text.tables else ""}
        | join kind=inner (@rows | summarize @first = min(@at) by @id @dims) on @id @dims
        | summarize @n = count() by @first, @at @dims);
        let @windows = union (range @to from @start to @end step @window | where @to < @end), (@rows | project @to = @at)
        | summarize by @key = 1, @to;
        @rows
        | summarize by @key = 1 @dims
        | join kind=inner (@windows) on @key
        | join kind=inner (@windows | project @key, @from = @to) on @key
        | where @from <= @to
        | join kind=leftouter (@cells | project @from = @first, @to = @at, @stayed = @n @dims) on @from, @to @dims
        | join kind=leftouter (@cells | where @first == @at | project @from = @first, @size = @n @dims) on @from @dims
        | extend @stayed = coalesce(@stayed, 0), @size = coalesce(@size, 0)
        | sort by @to asc @asc, @from desc
        | extend @since = row_cumsum(@stayed, @to != prev(@to) or @new)
        | where {"@from == bin_at(@cohort, @window, @start)" if "cohort" in text.given else "true"}
        | project @from, @to @dims, dcount_new_values = iff(@from == @to, @stayed, @since - @stayed),
            dcount_retained_values = @stayed, dcount_churn_values = @size - @stayed,
            retention_rate = todouble(@stayed) / @size, churn_rate = todouble(@size - @stayed) / @size
        | sort by @from asc, @to asc @asc
        """
    )


def _is_column(plugin: Plugin, node: Expression) -> bool:
    return isinstance(node.bind(plugin.row), ColumnRef)


def _moment(plugin: Plugin, node: Expression, kind: ScalarType) -> Value:
    value = node.bind(plugin.scope.without_row())
    if value.type is not kind and not (value.type.numeric and kind.numeric):
        raise plugin.expects(f"a {kind} as cohort, found {value.type}", node)
    return convert(value, kind)


def _ids(plugin: Plugin, lookback: Relation, name: str) -> Relation:
    """The column of a lookback table that is called like that of the ids."""
    found = [ref(column) for column in lookback.schema if column.name == name]
    if not found:
        raise plugin.expects(f"a lookback with a column '{name}'", plugin.places[-1])
    return Project(lookback, (Item(name, found[0]),), span=plugin.span)
