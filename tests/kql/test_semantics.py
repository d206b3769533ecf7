"""What KQL means, line by line, and what shows it: golden cases ("file: title") and tests ("file.py::test").

A line of LINES stands for one fact about the language, one about the product, or one operator with its options. A case may be
named by the beginning of its title; a line without what shows it fails here, as does a name that does not exist.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from golden_cases import cases

TESTS = Path(__file__).resolve().parents[1]

LINES: dict[str, tuple[str, ...]] = {
    # ---------------------------------------------------------------- joins
    "join without a kind keeps one row of the left side for each key, an arbitrary one": (
        "joins: without a kind each key of the left side counts once",
        "joins: innerunique returns a row of the left side as it is",
    ),
    "joins keep both keys; names that clash get a number": (
        "joins: inner: every match, both keys",
        "joins: every column of a row joined to itself",
        "joins: a name that clashes with an earlier clash",
    ),
    "semi and anti joins have the columns of one side": (
        "joins: leftsemi",
        "joins: leftanti",
        "joins: rightsemi",
        "joins: rightanti",
    ),
    "lookup is an outer join that does not repeat the key": (
        "joins: lookup keeps every row",
        "joins: lookup kind=inner",
        "operators: a lookup with keys of several columns",
    ),
    "null keys match each other": (
        "joins: null keys match each other",
        "joins: null keys in the outer kinds",
        "joins: null keys in the anti kinds",
        "joins: innerunique takes nulls for one key",
    ),
    "the unmatched side of an outer join has '' in its texts, which is not null": (
        "joins: leftouter: the right side is padded",
        "joins: the padded text is empty, not null",
    ),
    # ---------------------------------------------------------------- order
    "sort and top go down by default": ("sorting: descending by default", "sorting: order by is sort by"),
    "nulls are last going down and first going up, unless told": (
        "sorting: descending by default, nulls last",
        "sorting: ascending, nulls first",
        "sorting: nulls where they are told to be",
        "sorting: ascending, nulls last",
    ),
    "NaN stands beside null, in sort and in top": (
        "sorting: nan beside null: descending, last",
        "sorting: nan beside null: ascending, first",
        "semantics: top stands nan beside null",
        "semantics: top ascending",
    ),
    "top is sort and take": ("semantics: top is sort and take", "sorting: take after sort keeps the order"),
    # ---------------------------------------------------------------- null, empty, NaN
    "== of one null is false, != true": (
        "nulls: one null makes == false and != true",
        "nulls: where x != value keeps the rows without a value",
        "nulls: not(x == value) is true without a value",
    ),
    "!in and the negated text operators are true of a null": (
        "nulls: !in keeps nulls, in drops them",
        "semantics: the text operators of a null dynamic",
    ),
    "< and > of a null are null": ("nulls: an order against a null is null", "nulls: not of a null is null and drops the row"),
    "two nulls compared give null": ("nulls: one null makes == false and != true, two give null",),
    "a text is never null: isnull is false, isempty tells": (
        "nulls: a string is never null",
        "nulls: the null of a string is the empty text",
        "nulls: not equal to a text keeps the empty ones",
    ),
    "NaN equals nothing, not even itself, and is neither less nor greater": (
        "nulls: nan is equal to nothing",
        "nulls: nan is neither less nor greater",
        "nulls: where with nan",
    ),
    "max, min, max_of and min_of with a NaN are NaN": (
        "nulls: nan wins in min and max",
        "nulls: nan wins in min_of and max_of",
    ),
    # ---------------------------------------------------------------- texts
    "==, in, has_cs and matches regex mind the case": (
        "strings: == minds the case",
        "strings: in and in~",
        "strings: has_cs minds the case",
        "strings: matches regex searches anywhere and minds the case",
    ),
    "=~, in~, has, contains, startswith, endswith and has_any do not": (
        "strings: == minds the case, =~ does not",
        "strings: in and in~",
        "strings: contains, startswith, endswith ignore case",
        "strings: has finds whole terms",
        "semantics: has_any ignores the case",
    ),
    "has finds whole terms; an underscore and punctuation end one": (
        "strings: has finds whole terms, an underscore ends one",
        "strings: has of a part of a term finds nothing",
        "strings: terms at the edges of the text",
        "strings: letters of every script belong to a term",
    ),
    "trim takes an expression, and takes it first": ("strings: trim takes the expression first",),
    "replace_regex writes groups as \\1": ("strings: replacing",),
    "substring counts from 0, and from the end if negative": ("strings: substring counts from 0",),
    "literals one beside the other are one; escapes, verbatim, secret, several lines": (
        "strings: adjacent literals are one",
        "semantics: texts one beside the other are one, secret ones too",
        "engine: no-break spaces are written",
    ),
    "base64_decode_tostring of invalid UTF-8 is ''": ("text_functions: encodings",),
    "indexof with a length too short for the match finds it; of '' null": (
        "engine: a length too short for a match still finds it",
        "strings: indexof",
        "text_functions: indexof counts from the end",
    ),
    "split of '' has one part, with an index it gives one part or null": (
        "strings: split",
        "text_functions: split gives one part as an array, null past the end",
    ),
    "parse_url: the path keeps its slash, the port is a text, the parameters are a bag": ("network: parts of a URL",),
    "parse_path: the root keeps its separator": ("semantics: parts of paths", "hunting/test_vectorised.py::test_path_parts"),
    # ---------------------------------------------------------------- groups
    "nothing grouped by nothing is one row: 0, [], NaN of avg, null": ("groups: nothing grouped by nothing gives one row",),
    "nothing grouped by something is no row": ("groups: nothing grouped by something gives no row",),
    "aggregates leave nulls out; make_list_with_nulls keeps them": (
        "groups: aggregates leave nulls out",
        "semantics: a mean leaves null out",
        "aggregates: lists with nulls, sizes and filters",
    ),
    "avg of nulls only is NaN, sum 0": ("groups: a group of nulls only",),
    "arg_max over nulls only still gives a row": ("groups: arg_max over nulls only still gives a row",),
    "percentile is an existing value of its column's type": (
        "groups: percentile is an existing value",
        "semantics: a percentile is a value that occurs",
    ),
    "stdev and variance are of a sample, stdevp and variancep of a population": (
        "groups: stdev is of a sample",
        "semantics: the variances of a sample and of a population",
    ),
    "make_list and make_set flatten arrays, keep bags, drop nulls, take a largest size": (
        "groups: make_list flattens arrays and keeps bags",
        "groups: make_set leaves repeats out",
        "groups: make_list and make_set with a largest size",
    ),
    "make_list follows the order of the rows, the order of a set is not promised": (
        "sorting: sort, then make_list follows the order",
        "semantics: a set is what occurs, whatever its order",
    ),
    # ---------------------------------------------------------------- names of columns
    "automatic names of aggregates": (
        "names: aggregates are named by function and column",
        "semantics: names of computed arguments, of several percentiles, of repeats",
        "groups: countif counts what is true",
        "names: the same aggregate twice gets a number",
        "aggregates: spread; of nothing 0",
    ),
    "the operator count makes Count, the aggregate count_": (
        "groups: count counts rows and calls it Count",
        "names: aggregates are named by function and column",
    ),
    "a bin keeps its column's name, other expressions are counted; groups come first": (
        "groups: groups by bin keep the column's name",
        "semantics: groups by expressions are counted, and come first",
        "groups: group columns come first",
    ),
    "conversions and startofday keep the name, and replace the column in extend": (
        "names: bin, conversions and startofday keep",
        "names: in extend such a name replaces the column",
        "names: strlen has a name of its own",
    ),
    "paths are named by their steps, columns of print are counted": (
        "names: paths into dynamics",
        "names: print counts its columns from 0",
    ),
    "words of the language are names": (
        "names: names that are words of the language",
        "semantics: words of the language as columns of a pipeline",
    ),
    # ---------------------------------------------------------------- union
    "union keeps all columns, splits a clash of types, and names the table first": (
        "unions: columns are matched by name",
        "unions: a name with two types becomes two columns",
        "unions: a column that has such a name already gets a number",
        "unions: withsource names the table, first",
        "semantics: a union splits a clash of types",
    ),
    # ---------------------------------------------------------------- numbers
    "integers divide with truncation and are longs when computed with": (
        "numbers: integers divide with truncation",
        "numbers: an int and an int give a long",
        "numbers: the negative of the smallest long",
        "conversions: gettype tells what a dynamic holds",
    ),
    "% is never negative": ("numbers: the remainder is never negative", "arithmetic: remainders at the limits of a long"),
    "longs wrap": ("numbers: long addition wraps", "numbers: long multiplication wraps"),
    "by zero: null of integers, infinite or NaN of reals": (
        "numbers: integer division by zero is null",
        "numbers: real division by zero is infinite",
    ),
    "log(-1) is null, log(0) infinite, sqrt(-1) NaN": ("arithmetic: logarithms and roots of what has none",),
    "bin rounds down, below zero too; of no positive size null": (
        "numbers: bin rounds down, below zero too",
        "numbers: a bin of no or negative size is null",
        "arithmetic: bins at a fixed point",
    ),
    "between is inclusive, range too": (
        "time: between is inclusive",
        "nulls: between against a null is null",
        "statements: range includes both ends",
    ),
    "conversions: hexadecimal two's complement, ticks, what is no number is null": (
        "conversions: texts are whole numbers only in the language's own spelling",
        "conversions: bools: words and whole numbers",
        "numbers: conversions that fail are null",
        "time: a long is a moment of ticks",
    ),
    "a bool is written as a word": ("conversions: a bool is written large, one inside a dynamic small",),
    # ---------------------------------------------------------------- moments and spans
    "the day of the week is a span since Sunday, parts of a moment are ints": (
        "time: the day of the week is a span since Sunday",
        "engine: parts of a moment are ints",
    ),
    "datetime_diff counts borders, weeks from Sunday": ("time: datetime_diff counts the borders crossed",),
    "bins of days are counted from the year 1": (
        "time: bins of days are counted from the year 1",
        "time: bins of 30 days",
    ),
    "texts and parts as spans and moments, null where there is none": (
        "time: texts to spans",
        "arithmetic: moments and spans of parts, null out of range",
        "arithmetic: moments beyond the years 1 to 9999 are null",
    ),
    "a negative span keeps its sign as text, and is a literal of a datatable": (
        "arithmetic: moments and spans by patterns",
        "time: text of spans",
        "time: negative spans in a datatable",
    ),
    "moments are written with seven digits; six are kept": (
        "time: text of moments has seven digits",
        "time: spans keep their seventh digit",
        "engine: the end of a period is its last microsecond",
        "semantics: a period's last moment",
    ),
    # ---------------------------------------------------------------- dynamics
    "a missing path is null, its text ''; a text has no quotes": (
        "dynamics: members, elements, the last one",
        "dynamics: text without quotes, missing paths as the empty text",
    ),
    "parse_json: null, a text that is no JSON, a JSON null": (
        "dynamics: parse_json",
        "dynamics: isnull of paths: a JSON null is null",
    ),
    "what is no array is left out of array_concat, and has no order": (
        "dynamics: array_concat passes over what is no array",
        "engine: what is no array has no order",
    ),
    "mv-expand: null, empty arrays, several columns, bags, pairs, casts": (
        "arrays: an array gives its elements, null one null, an empty array nothing",
        "arrays: kind=array gives pairs",
        "arrays: several arrays go in step and are padded",
        "arrays: a type is a cast",
    ),
    # ---------------------------------------------------------------- statements
    "toscalar takes the first column of the first row, in its first column": (
        "statements: toscalar takes the first column of the first row",
        "statements: toscalar of nothing is null",
        "strings: in over the first column of a table",
    ),
    "functions take arguments by name, with defaults": ("statements: arguments by name, in any order",),
    "a bare scalar is no query": ("engine: a bare scalar is no query",),
    "newer operators run, or are refused by their names": (
        "tops: project-by-names",
        "kql/test_support.py::test_a_sample_runs_or_is_refused_by_name",
    ),
    "windows need an order; the first row is 1; neighbours cross the borders of groups": (
        "windows: rows without an order are refused",
        "engine: neighbours are looked up across the borders of groups",
    ),
    # ---------------------------------------------------------------- what the product forgives, and what only its cloud knows
    "TimeGenerated is Timestamp": ("product: TimeGenerated is Timestamp", "product: and Timestamp TimeGenerated"),
    "a number is compared with its digits": (
        "product: a number is compared with its digits",
        "product: not equal keeps what has no number",
    ),
    "a bool is compared with 0 and 1": ("product: a bool is compared with 0 and 1",),
    "names that differ in case": (
        "product: names in another case",
        "names: a name in the wrong case is found",
        "names: columns that differ only in case are two columns",
    ),
    "a retired column gets a hint": ("errors: a retired column",),
    "FileProfile: null, or a supplied table": (
        "kql/test_product.py::test_without_a_table_the_profile_is_null",
        "kql/test_product.py::test_a_supplied_table_is_matched_by_the_hash_in_any_case",
    ),
    "geo_info_from_ip_address: an empty bag, or a MaxMind database": (
        "network: without a database nothing is known of a place",
        "hunting/test_vectorised.py::test_the_place_of_an_address",
    ),
    "ingestion_time": ("product: the moment of arrival is taken for the moment of the event",),
    "SeenBy": ("kql/test_product.py::test_seen_by_is_null",),
    "AssignedIPAddresses, DeviceFromIP": ("kql/test_product.py::test_addresses_come_from_the_devices_own_reports",),
    "_GetWatchlist": (
        "product: a watchlist that nobody supplied",
        "kql/test_product.py::test_a_watchlist_is_a_registered_table",
    ),
    "database, cluster, workspace, app, resource: the local store": (
        "product: databases, clusters, workspaces and resources are the local store",
        "searches: the local store stands for every database",
    ),
    # ---------------------------------------------------------------- operators and their options
    "project-keep, -away, -rename, -reorder with wildcards": (
        "names: wildcards choose columns",
        "names: project-away, project-keep, project-rename, project-reorder",
        "names: project-reorder with an order of numbers",
        "operators: wildcards in project-keep and project-away",
    ),
    "parse: simple, regex, relaxed": (
        "parse: a text that does not match, or a column that does not fit its type, empties all new columns",
        "parse: regex constants may hold groups",
        "parse: the flag U makes columns short",
        "parse: relaxed empties only the column that does not fit",
    ),
    "parse-where": (
        "parse: parse-where keeps the rows that match",
        "operators: parse-where by expressions keeps the rows that match",
    ),
    "parse-kv: delimiters, quotes, greedy, by expression": (
        "parse: parse-kv reads declared keys",
        "parse: quotes hold delimiters",
        "parse: greedy values go on",
        "parse: without delimiters",
        "parse: an expression with two groups reads pairs",
    ),
    "mv-expand: with_itemindex, limit, to typeof, names of unnamed paths": (
        "dynamics: mv-expand with an index",
        "arrays: the limit counts rows of one source row",
        "arrays: an unnamed path names its column",
    ),
    "mv-apply": ("arrays: mv-apply runs the pipeline on each row's elements", "arrays: mv-apply inside mv-apply"),
    "make-series: from, to, step, default, by, on; the end is outside, nothing is 0": (
        "series: every group has every step from 'from' to before 'to'",
        "series: without bounds each series runs",
        "series: in range: the stop belongs to it",
        "operators: make-series of several axes' groups",
    ),
    "serialize and the window functions": (
        "operators: serialize adds columns",
        "windows: neighbours, a default beyond the ends",
        "windows: a number and a sum that begin anew with each group",
        "windows: ranks of neighbours",
    ),
    "getschema": ("tops: getschema is one row a column",),
    "as": ("statements: as gives a name to what comes before", "partitions: the part under a name of its own"),
    "invoke": ("tops: invoke hands the rows to a function",),
    "sample, sample-distinct": ("operators: a sample has so many rows", "tops: sample-distinct gives so many distinct values"),
    "search": (
        "searches: a bare text is a term looked for in every column",
        "searches: case_sensitive holds for all text operators",
        "searches: behind a pipeline, conditions on columns",
    ),
    "find": (
        "searches: find keeps the columns that it reads",
        "searches: find project casts, and pack_all",
        "searches: find leaves out tables",
    ),
    "union: withsource, kind, isfuzzy, wildcards, clashes": (
        "unions: withsource names the table",
        "unions: kind=inner keeps the common columns",
        "unions: isfuzzy leaves out what is not there",
        "unions: wildcards",
        "unions: a name with two types",
    ),
    "top-nested, with others": ("tops: the next level picks within each value", "tops: others stand in one row"),
    "partition in both forms": ("partitions: the best rows of each part", "partitions: a pipeline of its own for each value"),
    "scan": (
        "scan: a sequence goes on from step to step",
        "scan: partitions have a state each",
        "kql/test_scan.py::test_scan_follows_the_page",
    ),
    "evaluate bag_unpack, pivot, narrow, ipv4_lookup": (
        "plugins: columns are the properties, sorted",
        "plugins: values as columns",
        "operators: narrow: a row of each cell",
        "plugins: every network that holds the address",
    ),
    "externaldata reads a local file, never the network": (
        "hunting/test_external.py::test_csv_is_read_by_place_and_converted_as_the_language_does",
        "hunting/test_external.py::test_an_unknown_url_is_refused_with_the_cure",
        "hunting/test_external.py::test_a_store_keeps_the_list",
    ),
    "render keeps the rows; every kind is kept on the result": (
        "operators: render keeps the rows and their order",
        "hunting/charts/test_chart.py::test_every_kind_has_a_case_and_is_one_of_the_languages",
    ),
    "let: scalars, functions, tabular arguments, views": (
        "statements: scalar functions",
        "statements: a function of a table",
        "searches: a wildcard sees views",
    ),
    "materialize": ("statements: materialize",),
    "query parameters": ("statements: query parameters with defaults",),
    "set and # directives": ("operators: set and directives change no answer",),
}


@cache
def titles() -> tuple[str, ...]:
    return tuple(case.id for case in cases())


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("line", LINES)
def test_what_shows_it_exists(line: str) -> None:
    assert LINES[line]
    for name in LINES[line]:
        file, _, test = name.partition("::")
        if test:
            assert test in functions_of(file), name
        else:
            assert any(title.startswith(name) for title in titles()), name
