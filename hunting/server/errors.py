"""What goes wrong, as JSON: {"error": {"code", "message"}}; a fault of the program's own says nothing of its inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hunting.cells import json_safe
from hunting.errors import BusyError, HuntingError, StoreError

_CODES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "notFound",
    405: "methodNotAllowed",
    408: "requestTimeout",
    409: "conflict",
    413: "requestTooLarge",
    415: "unsupportedMediaType",
    421: "misdirectedRequest",
    500: "internalServerError",
    503: "serviceUnavailable",
}


class Json(JSONResponse):
    """JSON that no browser takes for a page, and that a terminal shows as it is: what is not printable is escaped."""

    def __init__(self, content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(content, status, {**(headers or {}), "X-Content-Type-Options": "nosniff"})

    def render(self, content: Any) -> bytes:
        """As starlette's, escaped."""
        return json_safe(json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))).encode()


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> HTTPException:
    """An error to raise: the request is answered by this status and message."""
    return HTTPException(status, message, dict(headers or {}))


def answer(status: int, message: str, headers: Mapping[str, str] | None = None) -> Json:
    """An error's JSON."""
    body = {"error": {"code": _CODES.get(status, "error"), "message": message}}
    return Json(body, status, headers)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer(error.status_code, error.detail, error.headers)


async def _conflict(_request: Request, error: Exception) -> Response:
    return answer(409, str(error))


async def _busy(_request: Request, error: Exception) -> Response:
    return answer(503, str(error), {"Retry-After": "5"})


async def _fault(_request: Request, _error: Exception) -> Response:
    return answer(500, "The server failed. Its log says how.")


HANDLERS = {
    HTTPException: _refused,
    HuntingError: _conflict,
    BusyError: _busy,
    StoreError: _fault,
    Exception: _fault,
}
