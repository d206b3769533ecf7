from __future__ import annotations

import pytest
from memory import Memory, made

from hunting.simulate import Summary


@pytest.fixture(scope="session")
def tenant() -> tuple[Memory, Summary]:
    return made()
