"""Reports: Markdown files with a head and ```kql blocks, run over a store and rendered for readers and programs.

    ---
    title: Removed mail
    period: last week                        last [N] hours|days|weeks|months, complete ones; weeks begin on Monday
    schedule: "0 7 * * 1"                    cron's five fields, in the time zone
    timezone: Europe/Berlin
    formats: [html, xlsx]                    html, markdown, xlsx, csv, json, pdf
    parameters: {top: {type: long, default: 10, description: Senders shown}}
    recipients: [soc@contoso.example]
    deliver: [{folder: out}]                 as it is written; what it means is decided by who delivers
    ---
    In the week up to {{ window.last }}, {{ removed.Copies }} copies were removed.

    ```kql name=removed title="Removed" limit=20 chart=only
    EmailPostDeliveryEvents
    | where Timestamp >= _startTime and Timestamp < _endTime
    | summarize Copies = count() by Action | top top by Copies | render columnchart
    ```

Every block sees the report's time as the query parameters `_startTime` and `_endTime` (half open, UTC), and each parameter under
its name; values are bound, never spliced. Options of a block: name, title, chart=on|off|only, limit=N (rows shown to readers),
hidden (only for figures), empty="what is said instead of no rows". `hunting.reports.prose` tells what a figure is.

    report = hunting.reports.load("removed.md")          Report: name, path, front (title, schedule, timezone, formats, ...)
    reports = hunting.reports.load_all("reports")        every *.md of a folder; None: those that are shipped
    answered = report.run(hunt, now=moment)              Answered: results by block, figures, window, stem
    formats.render(answered, "html")                     bytes; csv is a zip archive
    formats.files(answered, "csv")                       {file name: bytes}; csv is one file for each block
    hunt.reports.run("weekly-phish")                     a shipped report by name
"""

from __future__ import annotations

from hunting.reports import formats
from hunting.reports.front import Front, Parameter
from hunting.reports.library import Reports, find, load_all, shipped_folder
from hunting.reports.prose import Block, Figure, Prose
from hunting.reports.report import Answered, Report, Value, load
from hunting.reports.window import Window

__all__ = [
    "Answered",
    "Block",
    "Figure",
    "Front",
    "Parameter",
    "Prose",
    "Report",
    "Reports",
    "Value",
    "Window",
    "find",
    "formats",
    "load",
    "load_all",
    "shipped_folder",
]
