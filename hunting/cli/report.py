"""report list, run, check, copy."""

from __future__ import annotations

import sys
from collections.abc import Sequence, Sized
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from hunting.cli.command import Argument, Option
from hunting.cli.group import Group
from hunting.cli.opening import interruptible, open_hunt
from hunting.cli.options import STORE, Format, Now, Output, Since, Store, Until, json_value, moment, pairs
from hunting.cli.output import Progress, complain, exit_code, note, show, write

if TYPE_CHECKING:
    from hunting.reports import Answered, Report

report = Group("report", "Reports: Markdown files with queries, run and rendered.")

Name = Annotated[str, Argument(metavar="NAME|FILE", help="A shipped report's name, or the path of a Markdown file.")]
Folder = Annotated[
    Path | None,
    Option(
        "--reports",
        metavar="FOLDER",
        envvar="HUNTING_REPORTS",
        help="Folder of the reports. Default: reports in the store, then those shipped.",
    ),
]
Formats = Annotated[
    str, Option("--format", "-f", metavar="FORMAT", help="html, markdown, xlsx, csv, json, pdf; several with commas.")
]
Target = Annotated[
    str,
    Option("--output", "-o", metavar="PATH", help="A file, a folder, or '-' for stdout. Default: files in the current folder."),
]
Param = Annotated[tuple[str, ...], Option("--param", "-p", metavar="NAME=VALUE", help="A parameter's value. Repeatable.")]


@report.verb("list")
def list_reports(reports: Folder = None, form: Format = None, output: Output = None, store: Store = STORE) -> None:
    """List the reports: what each tells, of which time, and when it is due."""
    from hunting.formats import records
    from hunting.reports import load_all

    columns = dict.fromkeys(("Report", "Title", "Period", "Schedule", "Formats", "Parameters", "Description"), "string")
    rows = [
        (
            *(each.name, each.front.title, each.front.period, each.front.schedule, ", ".join(each.front.formats)),
            *(", ".join(each.front.parameters), each.front.description),
        )
        for each in {each.name: each for folder in reversed(_folders(reports, store)) for each in load_all(folder)}.values()
    ]
    show(records(columns, rows), form, output, 0)


def _folders(reports: Path | None, store: Path) -> list[Path]:
    """Where reports are looked for by name: the user's own come first."""
    from hunting.reports import shipped_folder

    own = store / "reports"
    return [reports] if reports else [*([own] if own.is_dir() else []), shipped_folder()]


@report.verb()
def run(
    report: Name,
    form: Formats = "",
    output: Target = "",
    param: Param = (),
    now: Now = "",
    since: Since = "",
    until: Until = "",
    reports: Folder = None,
    store: Store = STORE,
) -> None:
    """Run a report over its last complete period, and write it in its formats; --since and --until choose another time.

    \b
    hunting report run weekly-phish -f html -o out/
    hunting report run my.md --since 2026-10-01 --until 2026-11-01 -o my.xlsx
    """
    from hunting.reports import find

    found = find(report, *_folders(reports, store))
    forms = _forms(found, form, output)
    window = None
    if since or until:
        if not (since and until):
            raise click.BadParameter("Give both, --since and --until.", param_hint="--since")
        window = moment(since, "--since"), moment(until, "--until")
    values = _values(found, param)
    with open_hunt(store, now) as hunt, Progress() as progress:
        answered = interruptible(hunt, lambda: found.run(hunt, None, values, window, progress))
    _write(answered, forms, output)


@report.verb()
def check(report: Name, reports: Folder = None, store: Store = STORE) -> None:
    """Check a report: its head, every query against the tables, every figure; nothing is run."""
    from hunting.reports import find

    found = find(report, *_folders(reports, store))
    with open_hunt(store) as hunt:
        problems = found.problems(hunt)
    for problem in problems:
        complain(problem)
    if problems:
        raise click.exceptions.Exit(max(exit_code(problem) or 1 for problem in problems))
    note(f"{found.path.name}: no faults in {_counted(found.blocks, 'block')} and {_counted(found.figures, 'figure')}")


def _counted(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'s' * (len(things) != 1)}"


@report.verb("copy")
def copy_(
    report: Name,
    to: Annotated[Path | None, Option(help="The folder it is copied to. Default: reports in the store.")] = None,
    reports: Folder = None,
    store: Store = STORE,
) -> None:
    """Copy a report to where it can be changed, and where 'hunting due' runs it by its schedule: reports in the store."""
    from hunting.errors import HuntingError
    from hunting.lake import Lake
    from hunting.reports import find

    found = find(report, *([reports] if reports else []))
    folder = to or Lake.open(store).root / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (folder / found.path.name).open("x", encoding="utf-8", newline="\n") as file:
            file.write(found.text)
    except FileExistsError:
        raise HuntingError(f"{folder / found.path.name} exists already.", hint="Change that one, or remove it first.") from None
    note(f"{folder / found.path.name}")


def _forms(report: Report, given: str, output: str) -> list[str]:
    """The formats that are asked for: by name, by the file's suffix, or those of the report."""
    from hunting.reports.formats import RENDERERS, SUFFIXES

    by_suffix = {suffix: name for name, suffix in SUFFIXES.items()}
    named = [name.strip().lower() for name in given.split(",") if name.strip()]
    for name in named:
        if name not in RENDERERS:
            raise click.BadParameter(f"Reports have no format '{name}'. Known: {', '.join(RENDERERS)}.", param_hint="-f")
    if not named and output and not _is_folder(output):
        named = [by_suffix[Path(output).suffix.lower()]] if Path(output).suffix.lower() in by_suffix else []
        if output != "-" and not named:
            raise click.BadParameter(f"'{Path(output).name}' does not tell the format. Name it with -f.", param_hint="-o")
    forms = list(dict.fromkeys(named or report.front.formats))
    if output == "-" and sys.stdout.isatty() and {*forms} & {"pdf", "xlsx", "csv"}:
        raise click.BadParameter(f"{forms[0]} is not for a terminal. Name a file.", param_hint="-o")
    if len(forms) > 1 and output and not _is_folder(output):
        raise click.BadParameter(f"{len(forms)} formats need a folder, or choose one with -f.", param_hint="-o")
    return forms


def _is_folder(output: str) -> bool:
    return output != "-" and (Path(output).is_dir() or not Path(output).suffix)


def _values(report: Report, param: Sequence[str]) -> dict[str, object]:
    kinds = {name: each.type for name, each in report.front.parameters.items()}
    given = pairs(param, "--param")
    return {name: json_value(name, value) if kinds.get(name) == "dynamic" else value for name, value in given.items()}


def _write(answered: Answered, forms: list[str], output: str) -> None:
    """Renders everything, then writes it, each file whole or not at all."""
    from hunting.formats import write_whole
    from hunting.reports.formats import files, render

    if output and not _is_folder(output):
        content = render(answered, forms[0])
        if output == "-":
            write(content)
            return
        made = {Path(output): content}
    else:
        folder = Path(output or ".")
        made = {folder / name: content for form in forms for name, content in files(answered, form).items()}
        folder.mkdir(parents=True, exist_ok=True)
    for path, content in made.items():
        write_whole(path, methodcaller("write", content))
        note(f"{path}")
