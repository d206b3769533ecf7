"""The compiled grammar in the user's own cache folder: compiling it takes some 0.4 s, reading it 0.003 s.

A pickle is code, and a folder that others may write to would let them run theirs.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

from kql.parsing import tables

GRAMMAR = Path(__file__).parent.with_name("kql.lark")

T = TypeVar("T")


def loaded(grammar: bytes, read: Callable[[BinaryIO], T]) -> T | None:
    """What `read` finds in the file of this grammar; None if there is none, or a damaged one, or one that others may write."""
    try:
        file = cache_file(grammar)
        if not (_is_private(file.parent) and _is_private(file)):
            return None
        with file.open("rb") as stream:
            return read(stream)
    except _UNREADABLE:
        return None


_UNREADABLE = (
    *(OSError, EOFError, pickle.UnpicklingError, ValueError, LookupError, TypeError),
    *(ImportError, AttributeError),  # what an earlier version wrote
    RuntimeError,  # there is no home
)


def store(grammar: bytes, write: Callable[[BinaryIO], None]) -> None:
    """Has the file of this grammar written, if there is a folder for it."""
    try:
        file = cache_file(grammar)
    except RuntimeError:
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_private(file.parent):
        return
    handle, name = tempfile.mkstemp(dir=file.parent)  # 0600; renamed whole, so that no reader sees half a file
    try:
        with os.fdopen(handle, "wb") as stream:
            write(stream)
        Path(name).replace(file)
    finally:
        Path(name).unlink(missing_ok=True)


def cache_file(grammar: bytes) -> Path:
    """Named after all that its contents depend on, but for lark's version, which stands in it.

    Raises:
        RuntimeError: the user has no home.
    """
    contents = grammar + Path(tables.__file__).read_bytes() + f"{tables.__name__} {sys.version}".encode()
    key = hashlib.sha256(contents).hexdigest()[:20]
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(base) / "hunting-kql" / f"grammar-{key}.pickle"


def _is_private(path: Path) -> bool:
    found = path.lstat()
    return not hasattr(os, "getuid") or (
        found.st_uid == os.getuid() and not found.st_mode & 0o077 and not stat.S_ISLNK(found.st_mode)
    )
