"""A run report as one HTML page that needs no network, and as a PDF made from it.

Whatever comes from the data goes through `hunting.webpage`: it is escaped, and control and bidirectional characters are shown.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from hunting.cells import figure_text, figures_of, values_of
from hunting.charts import asks_for_chart, chart_of
from hunting.errors import HuntingError
from hunting.reports.prose import Block, Prose, markdown
from hunting.reports.report import Answered
from hunting.result import Result
from hunting.webpage import chart, document, escaped, table

_STYLE = """
:root { color-scheme: light dark; --text: #1c2128; --soft: #59636e; --line: #d8dee4; --back: #ffffff; --tile: #f4f6f8;
  --accent: #0b5cad; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e3e8ee; --soft: #9aa5b1; --line: #353c45; --back: #14181d; --tile: #1e242b; --accent: #6cb2f7; }
  img { filter: invert(.92) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
body { font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--text);
  background: var(--back); margin: 0 auto; padding: 2.5rem 1.5rem 3rem; max-width: 62rem; }
header { border-bottom: 2px solid var(--accent); margin-bottom: 1.5rem; padding-bottom: .9rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
header p { margin: .2rem 0; color: var(--soft); }
header .period { color: var(--text); font-weight: 600; }
p, ul, ol, blockquote { max-width: 46rem; margin: .6rem 0; }
a { color: var(--accent); }
code { font-size: .92em; overflow-wrap: anywhere; }
blockquote { border-left: 3px solid var(--accent); padding-left: 1rem; margin-left: 0; }
img { display: block; max-width: 100%; height: auto; }
figure { margin: 1.2rem 0; }
figcaption { font-weight: 600; margin-bottom: .4rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.4rem, 1fr)); gap: .8rem; margin: 1.2rem 0; }
.tile { background: var(--tile); border-radius: .5rem; padding: .7rem 1rem; }
.tile b { display: block; font-size: 1.75rem; line-height: 1.25; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.tile span { color: var(--soft); font-size: .87rem; line-height: 1.3; display: block; }
.scroll { overflow-x: auto; margin-top: .5rem; }
table { border-collapse: collapse; font-size: .87rem; line-height: 1.4; }
figure table { min-width: 24rem; }
th, td { padding: .32rem .75rem .32rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  overflow-wrap: anywhere; min-width: 5.5rem; }
th { border-bottom: 2px solid var(--soft); color: var(--soft); font-weight: 600; vertical-align: bottom;
  overflow-wrap: break-word; }
.number { text-align: right; font-variant-numeric: tabular-nums; padding-right: 1.1rem; min-width: 3.5rem; }
td.number, td.time { white-space: nowrap; }
.empty, .note, .scroll + p, .scroll > p { color: var(--soft); }
.empty { font-style: italic; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .8rem; color: var(--soft); font-size: .83rem; }
@media print {
  :root { --text: #000; --soft: #444; --line: #bbb; --back: #fff; --tile: #f2f2f2; --accent: #0b5cad; }
  body { padding: 0; max-width: none; font-size: 10.5pt; }
  img { filter: none; max-height: 72mm; width: auto; }
  .tiles { display: block; }
  .tile { display: inline-block; vertical-align: top; width: 31%; margin: 0 1.5% 2mm 0; padding: 2mm 3mm; }
  .tile b { font-size: 15pt; }
  table { font-size: 8.5pt; }
  th, td { min-width: 14mm; padding-right: 2mm; }
  td:not(.number):not(.time) { min-width: 24mm; }
  td.time { white-space: normal; }
  h2, h3, figcaption { break-after: avoid; }
  tr, img, .tile { break-inside: avoid; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; }
}
@page { size: A4; margin: 18mm 16mm; }
""".strip()


def html_page(answered: Answered) -> str:
    """The report as a page: prose with its figures, charts, tables."""
    report = answered.report
    parser = markdown()
    # Not a method of a renderer class: markdown-it looks rules up by the token's name.
    parser.add_render_rule("figure", _figure)
    parts = [
        _prose(parser, part, answered) if isinstance(part, Prose) else _block(part, answered.results[part.name])
        for part in report.parts
        if isinstance(part, Prose) or not part.hidden
    ]
    return document(report.front.title, "\n".join([_header(answered), *parts, _footer(answered)]), _STYLE)


def _header(answered: Answered) -> str:
    front, window = answered.report.front, answered.window
    described = f"\n<p>{escaped(front.description)}</p>" if front.description else ""
    zone = f" ({escaped(window.timezone)})"
    return f'<header>\n<h1>{escaped(front.title)}</h1>\n<p class="period">{window}{zone}</p>{described}\n</header>'


def _footer(answered: Answered) -> str:
    chosen = "".join(f"; {escaped(name)} = {escaped(str(value))}" for name, value in answered.parameters.items())
    made = f"{answered.now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"<footer>Report {escaped(answered.report.name)}, run at {made}{chosen}. Times in tables are UTC.</footer>"


def _prose(parser: MarkdownIt, prose: Prose, answered: Answered) -> str:
    rendered: str = parser.renderer.render(list(prose.tokens), parser.options, {"figures": answered.figures})
    return rendered.strip()


def _figure(_renderer: Any, tokens: list[Token], at: int, _options: Any, env: Any) -> str:
    name = f"{tokens[at].meta['block']}.{tokens[at].meta['column']}"
    return f"<strong>{escaped(env['figures'][name].text)}</strong>"


# ---------------------------------------------------------------- blocks


def _block(block: Block, result: Result) -> str:
    title = f"<figcaption>{escaped(block.title)}</figcaption>\n" if block.title else ""
    if not len(result):
        return f'<figure>\n{title}<p class="empty">{escaped(block.empty)}</p>\n</figure>'
    drawn = _drawn(block, result)
    alone = block.chart == "only" and drawn.startswith(("<img", "<div"))
    rows = "" if alone else f'<div class="scroll">\n{table(result, block.limit, figures_of)}\n</div>'
    shown = "\n".join(part for part in (drawn, rows) if part)
    return f"<figure>\n{title}{shown}\n</figure>"


def _drawn(block: Block, result: Result) -> str:
    """The chart, or tiles for a card; where it cannot be drawn, the reason."""
    if block.chart == "off" or not asks_for_chart(result):
        return ""
    try:
        if chart_of(result).kind == "card":
            return tiles(result)
        return chart(result)[0]
    except HuntingError as error:
        return f'<p class="note">No chart: {escaped(str(error))}</p>'


def tiles(result: Result) -> str:
    """The first row as large figures, each with its column's name."""
    values = next(values_of(result))[0]
    each = "\n".join(
        f'<div class="tile"><b>{escaped(figure_text(value, column.type) or "–")}</b><span>{escaped(column.name)}</span></div>'
        for value, column in zip(values, result.schema, strict=True)
    )
    return f'<div class="tiles">\n{each}\n</div>'


def pdf_document(answered: Answered) -> bytes:
    """The page as PDF, made by WeasyPrint without a browser; it may load nothing.

    Raises:
        HuntingError: the extra `pdf` is not installed.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError):  # OSError: without Pango's libraries
        raise HuntingError(
            "PDF needs the package 'weasyprint' and the Pango libraries.", hint="Install the extra: pip install 'hunting[pdf]'."
        ) from None
    page = html_page(answered)
    return bytes(HTML(string=page, url_fetcher=URLFetcher(allowed_protocols={"data"})).write_pdf())
