from __future__ import annotations

from pathlib import Path

import pytest
from parcels import spooled

from hunting.schedule.files import Parcel


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    return spooled(tmp_path / "store")
