"""Options that commands share, and what is read from their texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import click

from hunting.cli.command import Argument, Option


class Form(StrEnum):
    """Output formats; each is a writer of `hunting.formats`."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    MARKDOWN = "markdown"
    HTML = "html"
    SVG = "svg"
    PNG = "png"
    VEGA = "vega"


Store = Annotated[Path, Option("--store", metavar="FOLDER", envvar="HUNTING_STORE", help="The store.")]
Format = Annotated[
    Form | None,
    Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help=f"{', '.join(Form)}. Default: table on a terminal, else ndjson; with -o, by the file's suffix.",
    ),
]
Output = Annotated[Path | None, Option("--output", "-o", metavar="FILE", help="Write to this file, whole or not at all.")]
Limit = Annotated[
    int, Option(type=click.IntRange(0), metavar="N", help="Rows shown in a table, 0 for all; other formats hold every row.")
]
Now = Annotated[str, Option("--now", metavar="TIME", help="What now() gives (ISO 8601, UTC). Default: the machine's time.")]
By = Annotated[
    str, Option("--by", metavar="NAME", envvar="HUNTING_USER", help="Who decides; goes into the audit. Default: the login.")
]
Key = Annotated[str, Argument(metavar="ID", help="The id, or its first six or more digits.")]
Reason = Annotated[str, Option(metavar="TEXT", help="Why; goes into the audit.")]
Since = Annotated[str, Option(metavar="TIME", help="From this time on (ISO 8601, UTC).")]
Until = Annotated[str, Option(metavar="TIME", help="Up to this time.")]

COUNT = click.IntRange(1)
STORE = Path("data/store")
LIMIT = 50


def moment(text: str, option: str) -> datetime:
    """A time in ISO 8601; UTC where it names no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"'{text}' is no time. Write 2026-11-21 or 2026-11-21T10:30.", param_hint=option) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def bound(text: str, option: str) -> datetime | None:
    """A bound of time that may be left out."""
    return moment(text, option) if text else None


def span(text: str, option: str) -> timedelta:
    """A span of time: 30d, 12h or 90m."""
    found = re.fullmatch(r"([0-9]{1,6})([dhm])", text.strip())
    if found is None:
        raise click.BadParameter(f"'{text}' is no span of time. Write 30d, 12h or 90m.", param_hint=option)
    return timedelta(**{{"d": "days", "h": "hours", "m": "minutes"}[found[2]]: int(found[1])})


def person(by: str) -> str:
    """The name that stands in the audit."""
    import getpass

    return by or getpass.getuser()


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """`name=value` arguments."""
    for text in texts:
        if "=" not in text or not text.partition("=")[0].strip():
            raise click.BadParameter(f"'{text}' is not name=value.", param_hint=option)
    return {name.strip(): value for name, _, value in (text.partition("=") for text in texts)}


def json_value(name: str, value: str) -> object:
    """A dynamic parameter's value as it was typed."""
    import json

    try:
        return json.loads(value)
    except ValueError:
        raise click.BadParameter(f"'{name}' is a dynamic: its value must be JSON.", param_hint="--param") from None
