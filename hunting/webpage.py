"""Results as HTML. Whatever the data holds is text there: escaped, with control and bidirectional characters shown."""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Callable, Iterator

from hunting.cells import texts_of, visible
from hunting.charts import asks_for_chart, chart_of, picture
from hunting.errors import HuntingError
from hunting.result import Result
from kql.types import ScalarType

_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem; color: #1b1f24; }
img { max-width: 100%; }
table { border-collapse: collapse; margin-top: 1rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #d8dee4; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { border-bottom: 2px solid #8b949e; }
td.time { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
""".strip()
# Nothing is loaded and no script runs, whatever slipped through.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def escaped(text: str) -> str:
    """Text as HTML, in an element or a quoted attribute."""
    return html.escape(visible(text))


_NUMBER = ' class="number" style="text-align: right"'  # a notebook has no style sheet of ours
_MARKS = {ScalarType.DATETIME: ' class="time"'}


def table(result: Result, limit: int | None = None, texts: Callable[[Result], Iterator[list[str]]] = texts_of) -> str:
    """A `<table>`.

    Args:
        limit: rows shown, None for all; how many are left out is said.
        texts: how values are written.
    """
    shown = Result(result.stored.slice(0, limit), result.schema, result.sql)
    marks = [_MARKS.get(column.type, "") if not column.type.numeric else _NUMBER for column in result.schema]
    heads = "".join(
        f'<th{mark} title="{column.type}">{escaped(column.name)}</th>' for column, mark in zip(result.schema, marks, strict=True)
    )
    rows = ["".join(f"<td{mark}>{_cell(cell)}</td>" for cell, mark in zip(row, marks, strict=True)) for row in texts(shown)]
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    left = len(result) - len(shown)
    more = f"\n<p>… {left:,} more row{'s' * (left != 1)}</p>" if left else ""
    return f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>{more}"


def _cell(text: str) -> str:
    """Escaped, and an address may break after its @."""
    return escaped(text).replace("@", "@<wbr>")


def chart(result: Result) -> tuple[str, str]:
    """The chart that `render` asks for as an `<img>` with the picture inside, and its title.

    Raises:
        HuntingError: it cannot be drawn.
    """
    title = chart_of(result).title
    data = b64encode(picture(result)).decode()
    return f'<img alt="{escaped(title or "Chart")}" src="data:image/svg+xml;base64,{data}">', title


def document(title: str, body: str, style: str = _STYLE) -> str:
    """A whole page with nothing but text, pictures inside and this style.

    Args:
        body: HTML, everything in it escaped.
    """
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>\n{style}\n</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def page(result: Result) -> str:
    """A whole page: the chart, if `render` asks for one, then every row.

    Raises:
        HuntingError: the chart cannot be drawn.
    """
    drawn, title = chart(result) if asks_for_chart(result) else ("", "")
    return document(title or "Hunting", f"{drawn}\n{table(result)}" if drawn else table(result))


# ---------------------------------------------------------------- notebooks


def cell_output(result: Result, limit: int) -> str:
    """What a notebook shows: the chart as a picture, where one can be made, and the first rows."""
    try:
        drawn = f"{chart(result)[0]}\n" if asks_for_chart(result) else ""
    except HuntingError:  # nothing to draw, or the extra `report` is not installed: the rows stand
        drawn = ""
    return drawn + cell_table(result, limit)


def cell_table(result: Result, limit: int) -> str:
    """A table whose texts stand on the left: Jupyter's own style puts every cell on the right."""
    left = 'style="text-align: left"'
    shown = table(result, limit)
    for tag in ("td", "th"):
        shown = shown.replace(f"<{tag}>", f"<{tag} {left}>").replace(f'<{tag} class="time"', f'<{tag} class="time" {left}')
    return shown.replace("<th title=", f"<th {left} title=")
