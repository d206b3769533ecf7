"""What stands for the URLs of `externaldata`: local files that the user names. Nothing is ever fetched.

    hunt.external.add("https://example.org/feed.csv", "feeds/feed.csv")

A store keeps the list in external.json. Contents are hostile: every cell is handed on as text, and sizes are limited.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from hunting.errors import HuntingError, StoreError
from kql.catalog import External
from kql.errors import KqlLimitError, KqlUnsupportedError
from kql.types import physical_names

MAX_BYTES = 256 * 1024 * 1024  # of one file, unpacked
_FILE = "external.json"
_SEPARATORS = {"csv": ",", "tsv": "\t", "psv": "|", "scsv": ";", "sohsv": "\x01"}
_FORMATS = (*_SEPARATORS, "txt", "raw", "json", "multijson")

Row = list[str]


class ExternalFiles:
    """The files of one hunt, by URL.

    Args:
        root: the store's folder, or None: the list then lives as long as the hunt.
    """

    def __init__(self, root: Path | None) -> None:
        self._list = root / _FILE if root is not None else None
        self._own: dict[str, str] = {}

    def files(self) -> Mapping[str, str]:
        """URL -> file.

        Raises:
            StoreError: the store's list cannot be read.
        """
        if self._list is None or not self._list.exists():
            return dict(self._own)
        try:
            found = json.loads(self._list.read_text(encoding="utf-8"))
            return {str(url): str(path) for url, path in found.items()}
        except (OSError, ValueError, AttributeError) as error:
            raise StoreError(f"{self._list} cannot be read: {error}", hint="Mend or remove the file.") from None

    def add(self, url: str, path: str | Path) -> None:
        """Lets a local file stand for a URL.

        Raises:
            HuntingError: it is no URL, or there is no such file.
        """
        if not urlsplit(url).scheme or not urlsplit(url).netloc:
            raise HuntingError(f"'{url}' is no URL.", hint="Write it as in the query: https://host/path.")
        file = Path(path).absolute()
        if not file.is_file():
            raise HuntingError(f"There is no file {path}.", hint="Save the feed there first.")
        self._write({**self.files(), url: str(file)})

    def remove(self, url: str) -> None:
        """Forgets a URL.

        Raises:
            HuntingError: it is not listed.
        """
        files = dict(self.files())
        if files.pop(url, None) is None:
            raise HuntingError(f"No file stands for {url}.", hint="'hunting external' lists those that do.")
        self._write(files)

    def _write(self, files: dict[str, str]) -> None:
        if self._list is None:
            self._own = files
            return
        whole = self._list.with_suffix(f".{os.getpid()}.tmp")
        whole.write_text(json.dumps(files, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        whole.replace(self._list)

    # ------------------------------------------------------------ rows

    def table(self, external: External) -> pa.Table:
        """The rows that a query asks for, all text, under unique names.

        Raises:
            KqlUnsupportedError: no file stands for a URL, or its format is unknown; with the cure.
            HuntingError: a file cannot be read.
        """
        if external.format not in _FORMATS:
            message = f"'externaldata' operator: the format '{external.format}' is not supported."
            raise KqlUnsupportedError(message, external.span, f"Known: {', '.join(_FORMATS)}.")
        rows = [row for url in external.urls for row in self._rows(external, url)]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(external.columns)
        names = physical_names(external.columns).values()
        return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})

    def _rows(self, external: External, url: str) -> Iterator[Row]:
        path = self.files().get(url) or self.files().get(url.partition(";")[0])
        if path is None:
            cure = f"Save it and name the file: hunting external add {url} FILE."
            raise KqlUnsupportedError(f"'externaldata' operator: nothing is fetched from {url}.", external.span, cure)
        try:
            found = list(_records(_text(Path(path)), external))
        except (OSError, EOFError, zipfile.BadZipFile, csv.Error, ValueError, RecursionError) as error:
            raise HuntingError(f"The file for {url} cannot be read as {external.format}: {error}", external.span) from None
        width = len(external.columns)
        for row in found[external.skip_first : len(found) - external.skip_last]:
            yield [*row, *[""] * (width - len(row))][:width]


def _text(path: Path) -> str:
    """The file's text, unpacked if it is a .gz or a .zip; broken UTF-8 is replaced, not refused."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        if path.suffix != ".zip":
            return _read(file)
        archive = zipfile.ZipFile(file)
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if len(names) != 1:
            raise ValueError(f"the archive holds {len(names)} files, one is expected")
        return _read(archive.open(names[0]))


def _read(file: Any) -> str:
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise KqlLimitError(f"An external file is larger than {MAX_BYTES // 1024 // 1024} MB.", hint="Cut it.")
    return str(content, "utf-8-sig", errors="replace")


def _records(text: str, external: External) -> Iterable[Row]:
    match external.format:
        case "txt":
            return ([line] for line in text.splitlines() if line)
        case "raw":
            return [[text]]
        case "json" | "multijson":
            return ([_cell(record.get(name)) for name in external.columns] for record in _objects(text))
        case separated:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=_SEPARATORS[separated])
            return (row for row in reader if row)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects: one a line, one behind the other, or in an array."""
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        if text[at].isspace() or text[at] == ",":
            at += 1
            continue
        value, at = decoder.raw_decode(text, at)
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, dict):
                raise ValueError("a record is no JSON object")
            yield each


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
