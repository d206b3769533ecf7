"""Plugins that count ids which go through a sequence of states (pages: funnel_sequence, funnel_sequence_completion).

Written like those of kql.syntax.activity, whose rules for bins they keep. Where the pages leave it open: every bin is looked
at alone, with the rows of that bin; a step is later than the one before it; other states may stand between two steps, and of
several rows that could be the next step the earliest is.
"""

from __future__ import annotations

import json

from kql.algebra import Literal, Relation, Value
from kql.constants import parse_constant
from kql.syntax.activity import Text, timeline
from kql.syntax.plugin import Plugin
from kql.types import ScalarType

MAX_STEPS = 32  # of a sequence: each is a join
MAX_PERIODS = 1_000

_EVENTS = """
let @events = materialize(@T
| where @t >= @start and @t <= @end and isnotnull(@id)
| project @id, @at = bin_at(@t, @bin, @start), @time = @t, @state);
let @level0 = @events | where tostring(@state) == @step0 | summarize by @id, @at, @first = @time, @last = @time;
"""


def funnel_sequence_completion(plugin: Plugin) -> Relation:
    """For each bin and longest period: how many ids come from the first state to each of the sequence, one after the other.

    A period counts from the first step. A bin is shown if some id meets the first state in it, and then with all periods
    and states, in the order of the call.
    """
    text = timeline(plugin, "start", "end", "bin", dims=False)
    if text.given["start"].type is not ScalarType.DATETIME:
        raise plugin.expects("a datetime as timeline")
    steps = _steps(plugin, text, 5)
    text.given["periods"] = Literal(json.dumps(_periods(plugin, 7)), ScalarType.DYNAMIC)
    reached = ", ".join(f"(@level{at} | extend @step = {at})" for at in range(steps))
    return text.bound(
        f"""
        {_levels(steps, "")}
        let @periods = print @key = 1, @period = @periods
        | mv-expand with_itemindex=@at_period @period to typeof(timespan);
        let @states = print @key = 1, @name = @sequence | mv-expand with_itemindex=@step @name to typeof(string);
        let @fastest = union {reached} | summarize @took = min(@last - @first) by @id, @at, @step;
        let @counts = @fastest
        | extend @key = 1
        | join kind=inner (@periods) on @key
        | where @took <= @period
        | summarize @n = count() by @at, @step, @at_period;
        @level0
        | summarize by @key = 1, @at
        | join kind=inner (@periods) on @key
        | join kind=inner (@states) on @key
        | join kind=leftouter (@counts) on @at, @step, @at_period
        | sort by @at asc, @at_period asc, @step asc
        | project @t = @at, @state = @name, Period = @period, ['dcount'] = coalesce(@n, 0)
        """
    )


def funnel_sequence(plugin: Plugin) -> Relation:
    """For each bin: how many ids go through the sequence from one state to another, and some of them.

    The sequence may begin at each row of its first state; a step follows the one before it within the longest step. The
    state before is that of the latest earlier row that has another state than the first step, the state after that of the
    earliest later row that has another state than the last; each within the longest step too, else it is empty. Rows of one
    moment all count, and an id counts for each pair of states that it has.

    Of the page's three tables it is the first, with which a query goes on.
    """
    text = timeline(plugin, "start", "end", "window", "bin", dims=False)
    steps = _steps(plugin, text, 6)
    near = " and {0} - {1} <= @window"
    return text.bound(
        f"""
        {_levels(steps, near.format("@time", "@last"))}
        let @found = @level{steps - 1};
        let @before = @found
        | join kind=inner (@events | where tostring(@state) != @step0) on @id, @at
        | where @time < @first{near.format("@first", "@time")}
        | summarize @time = max(@time) by @id, @at, @first
        | join kind=inner (@events | where tostring(@state) != @step0) on @id, @at, @time
        | project @id, @at, @first, prev = @state;
        let @after = @found
        | join kind=inner (@events | where tostring(@state) != @step{steps - 1}) on @id, @at
        | where @time > @last{near.format("@time", "@last")}
        | summarize @time = min(@time) by @id, @at, @last
        | join kind=inner (@events | where tostring(@state) != @step{steps - 1}) on @id, @at, @time
        | project @id, @at, @last, next = @state;
        @found
        | join kind=leftouter (@before) on @id, @at, @first
        | join kind=leftouter (@after) on @id, @at, @last
        | summarize ['dcount'] = dcount(@id), samples = make_set(@id, 128) by @t = @at, prev, next
        | sort by @t asc, ['dcount'] desc, prev asc, next asc
        """
    )


def _levels(steps: int, limit: str) -> str:
    """The ways from each row of the first state to a row of each state of the sequence: `@level0`, `@level1`, and so on."""
    later = (
        f"let @level{at} = materialize(@level{at - 1} "
        f"| join kind=inner (@events | where tostring(@state) == @step{at}) on @id, @at "
        f"| where @time > @last{limit} "
        "| summarize @last = min(@time) by @id, @at, @first);\n"
        for at in range(1, steps)
    )
    return _EVENTS + "".join(later)


def _steps(plugin: Plugin, text: Text, at: int) -> int:
    """Gives the text its column of states and the states of the sequence; says how many they are."""
    text.columns["state"] = plugin.column(at).name
    states = ["" if each is None else str(each) for each in _array(plugin, at + 1, "a sequence of states", MAX_STEPS)]
    steps: dict[str, Value] = {f"step{at}": Literal(state, ScalarType.STRING) for at, state in enumerate(states)}
    text.given |= steps | {"sequence": Literal(json.dumps(states), ScalarType.DYNAMIC)}
    return len(states)


def _periods(plugin: Plugin, at: int) -> list[str]:
    periods = [str(each) for each in _array(plugin, at, "longest periods", MAX_PERIODS)]
    if any(parse_constant(each, ScalarType.TIMESPAN) is None for each in periods):
        raise plugin.expects("timespans as longest periods", plugin.places[at])
    return periods


def _array(plugin: Plugin, at: int, what: str, most: int) -> list[object]:
    """A constant array, as Python has it."""
    value = plugin.constant(at, what, None)
    found = json.loads(value) if isinstance(value, str) and value.lstrip().startswith("[") else None
    if not found or len(found) > most or any(isinstance(each, list | dict) for each in found):
        raise plugin.expects(f"{what}: a constant array of 1 to {most:,} values", *plugin.places[at : at + 1])
    return list(found)
