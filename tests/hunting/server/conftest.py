from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from service import Service

from hunting.clock import ManualClock
from hunting.engine import connect

END = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def shown(investigated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service over such a store, for what changes nothing."""
    root = shutil.copytree(investigated, tmp_path_factory.mktemp("shown") / "store")
    with connect(root, clock=ManualClock(END)) as hunt:
        yield Service(hunt)


@pytest.fixture
def own(investigated: Path, tmp_path: Path) -> Iterator[Service]:
    """The service over a copy."""
    with connect(shutil.copytree(investigated, tmp_path / "a copy"), clock=ManualClock(END)) as hunt:
        yield Service(hunt)
