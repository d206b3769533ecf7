"""Results and a report that hold every payload wherever a result or a report can hold a text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import yaml
from payloads import ALL, FORMULAS, HTML, LOGS

import hunting
from hunting.clock import fixed_clock
from hunting.formats import records
from hunting.reports import Answered
from hunting.reports.report import read
from hunting.result import Result

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
CHARTS = ("columnchart", "piechart", "card", "treemap")


@cache
def cells() -> Result:
    """A row for each payload: as subject, in an address, inside a dynamic."""
    columns = {"Subject": "string", "Sender": "string", "Names": "dynamic", "N": "long"}
    rows = [(text, f"{text}@evil.example", json.dumps([text, {text: text}]), at) for at, text in enumerate(ALL, 1)]
    return records(columns, rows)


@cache
def heads() -> Result:
    """Payloads as names of columns, as `pivot` makes them."""
    names = [text for text in ALL if text]
    return records(dict.fromkeys(names, "string"), [tuple(names)])


def hunt() -> hunting.Hunt:
    """A new one over the table `Hostile`."""
    found = hunting.connect(":memory:", clock=fixed_clock(NOW))
    found.register("Hostile", cells().table)
    return found


@cache
def chart(kind: str) -> Result:
    """A chart whose labels are HTML, and whose titles are all HTML at once."""
    title = json.dumps("".join(HTML))
    query = (
        f"Hostile | where N > {len(ALL) - len(HTML)} | sort by N asc"
        f" | project Subject, N | render {kind} with (title={title}, ytitle={title})"
    )
    with hunt() as over:
        return over.query(query)


@cache
def answered() -> Answered:
    """A report: payloads as title, description, parameters, figures, blocks' titles, rows, names of columns."""
    front = {
        "title": " ".join(HTML),
        "description": " ".join([*FORMULAS, *LOGS]),
        "parameters": {f"p{at}": {"type": "string", "default": text} for at, text in enumerate(ALL)},
    }
    figures = "\n\n".join(f"{{{{ parameter.p{at} }}}}" for at in range(len(ALL)))
    titles = [text for text in ALL if re.fullmatch(r'[^"`\s\\][^"`\n\r\\]*', text) and text.isprintable()][::12]
    blocks = "\n\n".join(
        f'```kql title="{title}" empty="{title}"\nprint A = 1 | where {at} % 2 == 0\n```' for at, title in enumerate(titles)
    )
    drawn = "```kql chart=only\nHostile | where N > 240 | project Subject, N | render barchart\n```"
    rows = "```kql name=rows limit=999\nHostile | sort by N asc\n```"
    heads_block = "```kql name=heads\nprint A = 1\n```"
    text = "\n\n".join([f"---\n{yaml.safe_dump(front, sort_keys=False)}---", figures, blocks, drawn, rows, heads_block])
    report = read("=cmd|'<img src=x onerror=alert(1)>'\x1b[2J\u202e.md", text)
    with hunt() as over:
        found = report.run(over)
    return replace(found, results={**found.results, "heads": heads()})
