from __future__ import annotations

from pathlib import Path

import pytest
from reports_tenant import make_store


@pytest.fixture(scope="session")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which mail was attacked, cleaned up, and given back."""
    return make_store(tmp_path_factory.mktemp("reports") / "store")
