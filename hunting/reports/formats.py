"""A run report in each format: one function for each, from a run report to bytes.

    html, markdown, pdf    for readers: prose with its figures, charts (not in Markdown), tables cut to their blocks' limits,
                           texts to 500 characters
    xlsx, csv, json        for programs: every row of every block that is not hidden; json also holds the figures

Formats that make one file give it the report's name and the window's start; csv makes one file for each block.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from hunting.cells import figures_of, json_safe, json_text, markdown_text, values_of
from hunting.errors import HuntingError
from hunting.formats import write_csv, write_markdown
from hunting.reports.prose import FIGURE, Block, Prose
from hunting.reports.report import Answered
from hunting.result import Result
from kql.errors import closest


def render_html(answered: Answered) -> bytes:
    """One page that needs no network."""
    from hunting.reports.page import html_page

    return html_page(answered).encode()


def render_pdf(answered: Answered) -> bytes:
    """The page as PDF; needs the extra `pdf`."""
    from hunting.reports.page import pdf_document

    return pdf_document(answered)


def render_xlsx(answered: Answered) -> bytes:
    """A workbook, a sheet for each block; needs the extra `report`."""
    try:
        from hunting.reports.sheets import workbook
    except ModuleNotFoundError:
        raise HuntingError(
            "Workbooks need the package 'xlsxwriter'.", hint="Install the extra: pip install 'hunting[report]'."
        ) from None
    return workbook(answered)


def render_json(answered: Answered) -> bytes:
    """One object: what was run, the figures, and each block's columns (names and KQL types) and rows (arrays of values).

    Values are those of the format `json` of queries: datetimes in ISO 8601, timespans as text, decimals as text.
    """
    report, window = answered.report, answered.window

    def text(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, default=str)

    head = {
        "report": report.name,
        "title": report.front.title,
        "description": report.front.description,
        "start": _moment(window.start),
        "end": _moment(window.end),
        "timezone": window.timezone,
        "now": _moment(answered.now),
        "parameters": dict(answered.parameters),
    }
    members = [f"{text(name)}: {text(value)}" for name, value in head.items()]
    figures = ",\n  ".join(f"{text(name)}: {json_text(each.value, each.type)}" for name, each in answered.figures.items())
    members.append(f'"figures": {{{figures}}}')
    blocks = ",\n ".join(_json_block(block, result) for block, result in answered.shown)
    members.append(f'"blocks": [\n {blocks}\n]')
    lines = ",\n".join(members).split("\n")
    return ("{\n" + "\n".join(map(json_safe, lines)) + "\n}\n").encode()


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _json_block(block: Block, result: Result) -> str:
    columns = [{"name": column.name, "type": str(column.type)} for column in result.schema]
    kinds = [column.type for column in result.schema]
    rows = ",".join(
        f"\n  [{', '.join(json_text(value, kind) for value, kind in zip(row, kinds, strict=True))}]"
        for batch in values_of(result)
        for row in batch
    )
    head = json.dumps({"name": block.name, "title": block.title, "columns": columns}, ensure_ascii=False)
    return f'{head[:-1]}, "rows": [{rows}]}}'


def render_markdown(answered: Answered) -> bytes:
    """Markdown with tables; charts become tables too."""
    front, window = answered.report.front, answered.window
    lines = [f"# {markdown_text(front.title)}", f"**{window}** ({markdown_text(window.timezone)})"]
    lines += [markdown_text(front.description)] if front.description else []
    for part in answered.report.parts:
        if isinstance(part, Prose):
            lines.append(_filled(part.source, answered))
        elif not part.hidden:
            lines.append(_markdown_block(part, answered.results[part.name]))
    made = f"{answered.now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    chosen = "".join(f"; {markdown_text(name)} = {markdown_text(str(v))}" for name, v in answered.parameters.items())
    lines.append(f"---\n\nReport {markdown_text(answered.report.name)}, run at {made}{chosen}. Times in tables are UTC.")
    return ("\n\n".join(lines) + "\n").encode()


_BEGINS_A_BLOCK = re.compile(r"\A(?:[-+=]|\d+(?=[.)]))")


def _filled(source: str, answered: Answered) -> str:
    """Prose with its figures' values as Markdown that stays text, at the beginning of a line too."""

    def value(found: re.Match[str]) -> str:
        return _BEGINS_A_BLOCK.sub(lambda each: "\\" + each[0], markdown_text(answered.figures[f"{found[1]}.{found[2]}"].text), 1)

    return FIGURE.sub(value, source)


def _markdown_block(block: Block, result: Result) -> str:
    title = [f"**{markdown_text(block.title)}**"] if block.title else []
    if not len(result):
        return "\n\n".join([*title, f"*{markdown_text(block.empty)}*"])
    sink = io.BytesIO()
    write_markdown(Result(result.stored.slice(0, block.limit), result.schema, result.sql), sink, figures_of)
    left = len(result) - block.limit
    more = [f"… {left:,} more row{'s' * (left != 1)}"] if left > 0 else []
    return "\n\n".join([*title, sink.getvalue().decode().rstrip("\n"), *more])


def csv_files(answered: Answered) -> dict[str, bytes]:
    """Each block's rows, by file name."""
    found = {}
    for block, result in answered.shown:
        sink = io.BytesIO()
        write_csv(result, sink)
        found[f"{answered.stem}-{block.name}.csv"] = sink.getvalue()
    return found


def render_csv(answered: Answered) -> bytes:
    """A zip archive with one CSV file for each block."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in csv_files(answered).items():
            entry = zipfile.ZipInfo(name, answered.now.astimezone(UTC).timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return sink.getvalue()


RENDERERS: Mapping[str, Callable[[Answered], bytes]] = {
    "html": render_html,
    "markdown": render_markdown,
    "xlsx": render_xlsx,
    "csv": render_csv,
    "json": render_json,
    "pdf": render_pdf,
}
SUFFIXES: Mapping[str, str] = {
    "html": ".html",
    "markdown": ".md",
    "xlsx": ".xlsx",
    "csv": ".zip",
    "json": ".json",
    "pdf": ".pdf",
}
MEDIA_TYPES: Mapping[str, str] = {
    ".html": "text/html",
    ".md": "text/markdown",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
    ".csv": "text/csv",
    ".json": "application/json",
    ".pdf": "application/pdf",
}


def render(answered: Answered, form: str) -> bytes:
    """The report as one document; csv as a zip archive.

    Args:
        form: a key of RENDERERS.

    Raises:
        HuntingError: no such format, or what it needs is not installed.
    """
    if form not in RENDERERS:
        raise HuntingError(
            f"Reports have no format '{form}'.", hint=closest(form, RENDERERS) or f"Known: {', '.join(RENDERERS)}."
        )
    return RENDERERS[form](answered)


def files(answered: Answered, form: str) -> dict[str, bytes]:
    """The report's files in a format, by name: one, or for csv one for each block. Raises as `render`."""
    if form == "csv":
        return csv_files(answered)
    content = render(answered, form)
    return {answered.stem + SUFFIXES[form]: content}
