"""Results as HTML. Whatever the data holds is text there: escaped, with control and bidirectional characters shown."""

from __future__ import annotations

import html
from base64 import b64encode

from hunting.charts import asks_for_chart, chart_of, picture
from hunting.formats import text_of, values_of, visible
from hunting.result import Result

_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem; color: #1b1f24; }
img { max-width: 100%; }
table { border-collapse: collapse; margin-top: 1rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #d8dee4; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { border-bottom: 2px solid #8b949e; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
""".strip()
# Nothing is loaded and no script runs, whatever slipped through.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def escaped(text: str) -> str:
    """Text as HTML, in an element or a quoted attribute."""
    return html.escape(visible(text))


def table(result: Result, limit: int | None = None) -> str:
    """A `<table>`.

    Args:
        limit: rows shown, None for all; how many are left out is said.
    """
    shown = Result(result.stored.slice(0, limit), result.schema, result.sql)
    numeric = [' class="number" style="text-align: right"' if column.type.numeric else "" for column in result.schema]
    heads = "".join(
        f'<th{mark} title="{column.type}">{escaped(column.name)}</th>'
        for column, mark in zip(result.schema, numeric, strict=True)
    )
    rows = [
        "".join(
            f"<td{mark}>{escaped(text_of(value, c.type))}</td>"
            for value, c, mark in zip(row, result.schema, numeric, strict=True)
        )
        for batch in values_of(shown)
        for row in batch
    ]
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    left = len(result) - len(shown)
    more = f"\n<p>… {left:,} more row{'s' * (left != 1)}</p>" if left else ""
    return f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>{more}"


def page(result: Result) -> str:
    """A whole page: the chart as a picture inside, if `render` asks for one, then every row.

    Raises:
        HuntingError: the chart cannot be drawn.
    """
    title, chart = "Hunting", ""
    if asks_for_chart(result):
        title = chart_of(result).title or title
        chart = f'<img alt="{escaped(title)}" src="data:image/svg+xml;base64,{b64encode(picture(result)).decode()}">\n'
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escaped(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n{chart}{table(result)}\n</body>\n</html>\n"
    )
