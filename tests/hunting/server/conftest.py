from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from service import Service

from hunting.clock import ManualClock
from hunting.engine import connect
from hunting.lake import Lake
from hunting.simulate import scenario_folder, simulate

END = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def investigated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated store in which AIR ran once: a file's cluster removed by automation, a URL's waits."""
    root = tmp_path_factory.mktemp("served") / "a störe"
    chosen = [scenario_folder() / f"{name}.yaml" for name in ("invoice-macro", "parcel-login")]
    simulate(Lake.create(root), messages=2000, end=END, scenarios=chosen)
    with connect(root, clock=ManualClock(END)) as hunt:
        hunt.air.set(by="ann", similar_files=True)
        hunt.air.run()
        hunt.air.close()
    return root


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
