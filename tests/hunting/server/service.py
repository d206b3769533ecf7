"""The service as its callers see it: requests without a network, each with the token of a person."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from hunting.clock import ManualClock
from hunting.engine import Hunt
from hunting.server import app
from hunting.server.tokens import Scope, Tokens


class Service:
    """The application over a hunt. "all" has every scope, "reads", "acts" and "approves" one each."""

    def __init__(self, hunt: Hunt) -> None:
        self.hunt = hunt
        assert isinstance(hunt.clock, ManualClock)
        self.clock = hunt.clock
        self.tokens = Tokens(hunt.lake.root, hunt.clock)
        scopes = {"all": list(Scope), "reads": [Scope.READ], "acts": [Scope.ACT], "approves": [Scope.APPROVE]}
        self.secrets = {name: self.tokens.create(name, chosen, timedelta(days=30)) for name, chosen in scopes.items()}
        self.app = app(hunt)

    def ask(self, method: str, path: str, who: str = "all", **more: Any) -> httpx.Response:
        """The answer to a request; `who` "" sends no token."""
        headers = {**({"Authorization": f"Bearer {self.secrets[who]}"} if who else {}), **more.pop("headers", {})}

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(asked())

    def get(self, path: str, who: str = "all") -> Any:
        """A good answer's JSON."""
        answer = self.ask("GET", path, who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def actions(self, **filters: str) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        found: list[dict[str, Any]] = self.get(f"/api/air/actions?{query}")["value"]
        return found

    def count(self, kql: str) -> int:
        """How many rows of EmailPostDeliveryEvents."""
        (row,) = self.hunt.query(f"EmailPostDeliveryEvents | where {kql} | count").rows()
        return int(row[0])
