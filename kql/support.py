"""The support page, made by probing: `python -m kql.support` prints it, `kql/SUPPORT.md` holds it, a test compares them.

An operator is supported if the sample below compiles; a function is if its line stands in the registry.
"""

from __future__ import annotations

from collections.abc import Iterable

from kql.catalog import StaticCatalog
from kql.compiler import compile
from kql.errors import KqlError, KqlUnsupportedError
from kql.functions import AGGREGATES, OPERATORS, SCALARS, WINDOWS
from kql.functions.absent import absent
from kql.functions.registry import Registry
from kql.syntax.forms import FORMS

CATALOG = StaticCatalog({"T": {"Timestamp": "datetime", "x": "long", "y": "real", "s": "string", "d": "dynamic"}})

STATEMENTS = {
    "let": "let a = 1; let U = T; U | where x > a",
    "let function": "let f = (n: long) { n + 1 }; T | extend f(x)",
    "let view": "let V = view () { T }; V()",
    "declare query_parameters": "declare query_parameters(n: long = 1); T | where x > n",
    "declare pattern": 'declare pattern p = (a: string) { ("x") = { T }; }; p("x")',
    "set": "set notruncation; T",
    "alias database": 'alias database d = cluster("c").database("d"); T',
    "restrict access": "restrict access to (T); T",
}

SOURCES = {
    "print": "print 1",
    "range": "range i from 1 to 3 step 1",
    "datatable": "datatable(a: long)[1]",
    "externaldata": 'externaldata(a: string)["https://example.org/a.csv"]',
    "union": "union T, T",
    "search": 'search "a"',
    "find": 'find in (T) where s == "a"',
    "database().table": 'database("d").T',
    "materialize": "let M = materialize(T); M",
    "toscalar": "print toscalar(T | count)",
    "macro-expand": "macro-expand entity_group [database('a')] as e (T)",
    "inline_external_table": 'inline_external_table(a: string) dataformat=csv ("https://example.org/a.csv")',
    "management command": ".show tables",
}

OPERATORS_BY_SAMPLE = {
    "where": "T | where x > 1",
    "project": "T | project x",
    "project-away": "T | project-away x",
    "project-keep": "T | project-keep x",
    "project-rename": "T | project-rename z = x",
    "project-reorder": "T | project-reorder s",
    "project-by-names": 'T | project-by-names dynamic(["x"])',
    "extend": "T | extend z = x",
    "summarize": "T | summarize count() by s",
    "distinct": "T | distinct s",
    "count": "T | count",
    "take": "T | take 1",
    "top": "T | top 1 by x",
    "sort": "T | sort by x",
    "join": "T | join kind=inner T on s",
    "join where": "T | join T where $left.x == $right.x",
    "lookup": "T | lookup T on s",
    "mv-expand": "T | mv-expand d",
    "mv-apply": "T | mv-apply d on (summarize count())",
    "parse": 'T | parse s with "a" b',
    "parse-where": 'T | parse-where s with "a" b',
    "parse-kv": "T | parse-kv s as (a: string)",
    "make-series": "T | make-series count() on Timestamp step 1d",
    "evaluate bag_unpack": "T | evaluate bag_unpack(d) : (a: long)",
    "evaluate pivot": "T | evaluate pivot(s) : (a: long)",
    "evaluate narrow": "T | evaluate narrow()",
    "evaluate ipv4_lookup": "T | evaluate ipv4_lookup(T, s, s)",
    "evaluate autocluster": "T | evaluate autocluster()",
    "evaluate python": "T | evaluate python(typeof(*), '')",
    "invoke": "let f = (A: (x: long)) { A | count }; T | invoke f()",
    "as": "T | as U | where x > 1",
    "render": "T | render table",
    "sample": "T | sample 1",
    "sample-distinct": "T | sample-distinct 1 of s",
    "getschema": "T | getschema",
    "serialize": "T | serialize n = row_number()",
    "consume": "T | consume",
    "partition": "T | partition by s (top 1 by x)",
    "fork": "T | fork (count) (take 1)",
    "facet": "T | facet by s",
    "reduce": "T | reduce by s",
    "top-nested": "T | top-nested 1 of s by count()",
    "top-hitters": "T | top-hitters 1 of s",
    "scan": "T | sort by x | scan with (step a: true;)",
    "assert-schema": "T | project x | assert-schema (x: long)",
    "execute-and-cache": "T | execute-and-cache",
    "make-graph": "T | make-graph s --> s",
    "graph-match": "T | make-graph s --> s | graph-match (a)-[e]->(b) project a.s",
}

DIVERGENCES = (
    "Datetimes hold microseconds: the seventh digit is lost. Timespans keep all seven inside, and lose the last one in Python.",
    "`dcount` counts exactly; Kusto estimates.",
    "`percentile` is exact (nearest rank); Kusto estimates for large sets.",
    "The states of `hll` and `tdigest` hold every value or its hash and are exact; Kusto's own for many values are not read.",
    "`sliding_window_counts` and its like count bins from the start, with the end, and a window ends with its bin.",
    "`new_activity_metrics` shows every pair of windows for each group that has rows; the share of an empty cohort is `nan`.",
    "`activity_engagement` shows the inner windows that have ids, and takes an outer window of whole inner ones.",
    "`funnel_sequence` and `funnel_sequence_completion` look at each bin alone; a step is the earliest later row of its state, "
    "whatever stands between. States around the sequence are the nearest others, within the longest step. "
    "`funnel_sequence` gives the first of its three tables.",
    "`basket` counts all rows, where Kusto samples, numbers its patterns by their counts, and takes no weights.",
    "Which rows `take`, `sample`, `take_any` and a default `join` (innerunique) keep is arbitrary there and here.",
    "Regular expressions are RE2's, as in Kusto.",
    "`externaldata` never fetches: a local file stands for each URL.",
    "`make_set` is sorted, so that it is the same every time; Kusto promises no order.",
    "`series_periods_detect` and `series_decompose*` score periods by autocorrelation: Microsoft publishes no formula.",
    "`series_outliers` with percentiles other than 10 and 90 may differ by some two per cent.",
    "`hash()` of types other than string and datetime is our own choice of bytes.",
    "A text with several queries is run query by query (`Hunt.queries`); `Hunt.query` takes one.",
)


def status(query: str) -> str:
    """Whether a sample compiles: "yes", or why it is refused."""
    try:
        compile(query, CATALOG)
    except KqlUnsupportedError as error:
        return f"refused: {error.message}"
    except KqlError as error:
        return f"no: {error.message}"
    return "yes"


def page() -> str:
    """The page as Markdown."""
    parts = ["# What of KQL runs here", "", "Made by `python -m kql.support`; do not edit.", ""]
    for title, samples in (("Statements", STATEMENTS), ("Sources", SOURCES), ("Operators", OPERATORS_BY_SAMPLE)):
        parts += [f"## {title}", "", *_table(("", "runs"), ((f"`{name}`", status(query)) for name, query in samples.items())), ""]
    parts += ["## Infix operators", "", *_table(("operator", "meaning"), _words(OPERATORS)), ""]
    for title, registry in (
        ("Scalar functions", SCALARS),
        ("Aggregates", AGGREGATES),
        ("Window functions", WINDOWS),
    ):
        parts += [f"## {title}", "", *_table(("function", "meaning"), _functions(registry)), ""]
    parts += [
        "## Forms",
        "",
        "Functions that are more than their arguments' values: " + ", ".join(f"`{n}`" for n in sorted(FORMS)) + ".",
        "",
    ]
    parts += ["## Functions that are refused", ""]
    by_reason: dict[str, list[str]] = {}
    for name, reason in absent().items():
        by_reason.setdefault(reason, []).append(f"`{name}`")
    parts += [f"* {reason[:1].upper()}{reason[1:]}: {', '.join(sorted(names))}." for reason, names in by_reason.items()]
    parts += ["", "## Known divergences from Kusto", "", *(f"* {each}" for each in DIVERGENCES), ""]
    return "\n".join(parts)


def _words(registry: Registry) -> Iterable[tuple[str, str]]:
    return ((f"`{name}`", registry[name][0].help) for name in sorted(registry))


def _functions(registry: Registry) -> Iterable[tuple[str, str]]:
    for name in sorted(registry):
        lines = registry[name]
        signatures = "<br>".join(f"`{line.signature}`" for line in lines).replace("|", "\\|")
        old = f" Old name of `{lines[0].replaced_by}`." if lines[0].replaced_by else ""
        yield signatures, lines[0].help.replace("|", "\\|") + old


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> list[str]:
    return [f"| {head[0]} | {head[1]} |", "|---|---|", *(f"| {one} | {two} |" for one, two in rows)]


if __name__ == "__main__":
    print(page(), end="")
