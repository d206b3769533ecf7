"""Words that completion offers where the grammar alone does not tell them, and in which order."""

from __future__ import annotations

import re
from typing import get_args

from kql.algebra import JoinKind

# Terminals that stand for several words, and operators in the order of their use; the rest follows by name.
SEVERAL = {
    "DIRECTION": ("asc", "desc"),
    "EQUALS": ("==", "!="),
    "RELATION": ("<", ">", "<=", ">="),
    "MATCH": ("has", "contains", "startswith", "endswith", "=~", "matches regex", "!has", "!contains", "has_cs", "contains_cs"),
    "IN": ("in", "in~", "!in", "!in~"),
    "HAS_LIST": ("has_any", "has_all"),
    "BETWEEN": ("between", "!between"),
}
USUAL = ("where", "extend", "project", "summarize", "join", "sort", "top", "take", "distinct", "count", "mv-expand", "union")
# What may be set to which word, by operator; the grammar takes any name there.
CHOICES = {
    "join": {"kind": get_args(JoinKind)},
    "lookup": {"kind": ("leftouter", "inner")},
    "union": {"kind": ("outer", "inner"), "isfuzzy": ("true", "false")},
    "mv-expand": {"kind": ("bag", "array"), "bagexpansion": ("bag", "array")},
    "parse": {"kind": ("simple", "regex", "relaxed")},
    "parse-where": {"kind": ("simple", "regex", "relaxed")},
    "render": {
        "kind": ("default", "unstacked", "stacked", "stacked100"),
        "legend": ("visible", "hidden"),
        "xaxis": ("linear", "log"),
        "yaxis": ("linear", "log"),
        "ysplit": ("none", "axes", "panels"),
        "accumulate": ("true", "false"),
    },
}
# In the order of their use; what needs more than rows and columns (plotly, graph) is not offered.
CHARTS = (
    "timechart", "columnchart", "barchart", "piechart", "linechart", "areachart", "stackedareachart", "scatterchart",
    "anomalychart", "card", "table", "pivotchart", "treemap", "ladderchart", "timepivot",
)  # fmt: skip
RENDERED = (
    "title", "kind", "xcolumn", "ycolumns", "series", "xtitle", "ytitle", "legend", "xaxis", "yaxis", "ysplit", "accumulate",
    "anomalycolumns", "xmin", "xmax", "ymin", "ymax",
)  # fmt: skip
SETTING = re.compile(r"\|\s*([\w-]+)\b[^|]*?\b(\w+)\s*=\s*$")
TABLE_PLACES = ("join", "lookup", "union", "in", "materialize", "toscalar", "from")
