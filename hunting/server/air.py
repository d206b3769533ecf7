"""The AIR API: investigations and actions to read, to approve, to reject, to undo.

    GET  /api/air/investigations             ?limit= &offset=
    GET  /api/air/investigations/{id}
    GET  /api/air/actions                    ?status= &decidedBy= &limit= &offset=
    GET  /api/air/actions/{id}
    POST /api/air/actions/{id}/approve       {"reason": "..."}
    POST /api/air/actions/{id}/reject        {"reason": "..."}
    POST /api/air/actions/{id}/undo          {"reason": "...", "to": "inbox" | "junk"}

Ids are whole. Lists answer {"value": [...], "count": of all, "next": path or null}. What cannot be done is a 409 with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from starlette.routing import Route

from hunting.air import ActionRecord, Investigation
from hunting.air.management import action_json, investigation_json
from hunting.air.policy import ActionStatus
from hunting.air.reader import Reader
from hunting.errors import AirError
from hunting.server.calls import Call, Context, route
from hunting.server.errors import refusal
from hunting.server.tokens import Scope

_T = TypeVar("_T")
_ID = re.compile(r"[0-9a-f]{32}")
_PAGING = ("limit", "offset")
_PLACES = ("inbox", "junk")


def routes(context: Context) -> list[Route]:
    """The routes of the AIR API."""
    look, act = context.reading, context.acting

    def investigations(call: Call) -> Mapping[str, object]:
        page, rest = call.page(look.investigations())
        return {"value": [investigation_json(look.investigation(each.id)) for each in page], **rest}

    def investigation(call: Call) -> Mapping[str, object]:
        return investigation_json(_found(look.investigation, call))

    def actions(call: Call) -> Mapping[str, object]:
        page, rest = call.page(look.actions(status=_status(call), decided_by=call.query.get("decidedBy")))
        return {"value": _with_investigations(look, page), **rest}

    def action(call: Call) -> Mapping[str, object]:
        return _with_investigations(look, [_found(look.action, call)])[0]

    def approve(call: Call) -> Mapping[str, object]:
        done = act.approve(_found(look.action, call).id, by=call.person, reason=call.body.get("reason", ""))
        return _with_investigations(look, [done])[0]

    def reject(call: Call) -> Mapping[str, object]:
        done = act.reject(_found(look.action, call).id, by=call.person, reason=call.body.get("reason", ""))
        return _with_investigations(look, [done])[0]

    def undo(call: Call) -> Mapping[str, object]:
        place = call.body.get("to", _PLACES[0])
        if place not in _PLACES:
            raise refusal(400, f"'to' is one of: {', '.join(_PLACES)}.")
        done = act.undo(_found(look.action, call).id, place, by=call.person, reason=call.body.get("reason", ""))
        return _with_investigations(look, [done])[0]

    one = "/api/air/actions/{id}"
    return [
        route(context, "GET", "/api/air/investigations", Scope.READ, investigations, query=_PAGING),
        route(context, "GET", "/api/air/investigations/{id}", Scope.READ, investigation),
        route(context, "GET", "/api/air/actions", Scope.READ, actions, query=("status", "decidedBy", *_PAGING)),
        route(context, "GET", one, Scope.READ, action),
        route(context, "POST", f"{one}/approve", Scope.APPROVE, approve, body=("reason",)),
        route(context, "POST", f"{one}/reject", Scope.APPROVE, reject, body=("reason",)),
        route(context, "POST", f"{one}/undo", Scope.ACT, undo, body=("reason", "to")),
    ]


def _found(look: Callable[[str], _T], call: Call) -> _T:
    """What has the id in the path."""
    if _ID.fullmatch(call.path["id"]):
        try:
            return look(call.path["id"])
        except AirError:
            pass
    raise refusal(404, "There is nothing with that id. Ids have 32 digits, 0-9 and a-f.")


def _status(call: Call) -> str | None:
    given = call.query.get("status")
    if given is not None and given.casefold() not in {status.casefold() for status in ActionStatus}:
        raise refusal(400, f"'status' is one of: {', '.join(ActionStatus)}.")
    return given


def _with_investigations(look: Reader, actions: Iterable[ActionRecord]) -> list[dict[str, object]]:
    """Actions as JSON; what they share with their investigation is looked up once for each."""
    known: dict[str, Investigation] = {}
    found = []
    for action in actions:
        if action.investigation_id not in known:
            known[action.investigation_id] = look.investigation(action.investigation_id)
        found.append(action_json(action, known[action.investigation_id]))
    return found
