"""Who may do what: tokens, scopes, the Host; and requests that mean harm."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest
from service import Service

from hunting.engine import Hunt

NONE = "0" * 32
ROUTES = {
    ("GET", "/api/air/investigations"): "reads",
    ("GET", f"/api/air/investigations/{NONE}"): "reads",
    ("GET", "/api/air/actions"): "reads",
    ("GET", f"/api/air/actions/{NONE}"): "reads",
    ("POST", f"/api/air/actions/{NONE}/approve"): "approves",
    ("POST", f"/api/air/actions/{NONE}/reject"): "approves",
    ("POST", f"/api/air/actions/{NONE}/undo"): "acts",
}
each_route = pytest.mark.parametrize(("method", "path"), ROUTES, ids=[f"{m} {p.replace(NONE, 'ID')}" for m, p in ROUTES])


def refused(answer: httpx.Response, status: int) -> str:
    """The message of an error, after a look at its shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"] and list(answer.json()["error"]) == ["code", "message"]
    assert "Traceback" not in answer.text and '.py"' not in answer.text
    return str(answer.json()["error"]["message"])


def test_the_table_above_names_every_route(shown: Service) -> None:
    served = {(m, r.path.replace("{id}", NONE)) for r in shown.app.routes for m in r.methods - {"HEAD"}}
    assert served == set(ROUTES)


@each_route
def test_401_without_a_good_token(shown: Service, method: str, path: str) -> None:
    answer = shown.ask(method, path, "")
    assert "bearer token" in refused(answer, 401) and answer.headers["www-authenticate"] == 'Bearer realm="hunting"'
    good = shown.secrets["all"]
    for header in (
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Bearer {good}x",
        f"Bearer {good[:-1]}",
        f"Basic {good}",
        good,
        "Bearer \xff",
    ):
        answer = shown.ask(method, path, "", headers={"Authorization": header.encode("latin-1")})
        refused(answer, 401)
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@each_route
def test_403_without_the_scope(shown: Service, method: str, path: str) -> None:
    for who in {"reads", "acts", "approves"} - {ROUTES[method, path]}:
        answer = shown.ask(method, path, who)
        assert "lacks the scope" in refused(answer, 403) and "insufficient_scope" in answer.headers["www-authenticate"]
    assert shown.ask(method, path, ROUTES[method, path]).status_code == (404 if NONE in path else 200)


@each_route
def test_an_expired_or_revoked_token_is_no_token(own: Service, method: str, path: str) -> None:
    own.tokens.revoke("reads")
    refused(own.ask(method, path, "reads"), 401)
    own.clock.advance(timedelta(days=30) - timedelta(microseconds=1))
    assert own.ask(method, path).status_code in (200, 404)
    own.clock.advance(timedelta(microseconds=1))
    refused(own.ask(method, path), 401)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8080", "", "a b", "127.0.0.1:x", "[::1"]
)
def test_another_host_is_refused(shown: Service, host: str) -> None:
    refused(shown.ask("GET", "/api/air/actions", headers={"Host": host}), 421)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "[::1]:9"])
def test_its_own_names_are_served(shown: Service, host: str) -> None:
    assert shown.ask("GET", "/api/air/actions", headers={"Host": host}).status_code == 200


HOSTILE_IDS = [
    "..%2f..%2ftokens.json",
    "%2e%2e%2f",
    "....",
    "%00",
    "'%20OR%201=1--",
    "%25",
    "*" * 32,
    "[0-9a-f]*",
    "0" * 31,
    "0" * 33,
    "A" * 32,
    "x" * 5000,
    "%ff%fe",
    "０" * 32,
]


@pytest.mark.parametrize("key", HOSTILE_IDS, ids=[key[:20] for key in HOSTILE_IDS])
def test_an_id_is_an_id(shown: Service, key: str) -> None:
    for path in (f"/api/air/investigations/{key}", f"/api/air/actions/{key}"):
        refused(shown.ask("GET", path), 404)
    refused(shown.ask("POST", f"/api/air/actions/{key}/undo"), 404)


def test_a_short_id_is_for_people_not_for_programs(shown: Service) -> None:
    refused(shown.ask("GET", f"/api/air/actions/{shown.actions()[0]['ID'][:6]}"), 404)


@pytest.mark.parametrize("path", ["/", "/api", "/api/air/actions/", "/api/air/tokens.json", "/api/air/../../tokens.json", "//"])
def test_there_is_nothing_else(shown: Service, path: str) -> None:
    refused(shown.ask("GET", path), 404)


@pytest.mark.parametrize("wrong", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "other"])
@each_route
def test_405_for_another_method(shown: Service, method: str, path: str, wrong: str) -> None:
    answer = shown.ask({"GET": "POST", "POST": "GET"}[method] if wrong == "other" else wrong, path)
    refused(answer, 405)
    assert method in answer.headers["allow"]


BODIES: dict[str, tuple[bytes, int]] = {
    "no JSON": (b"reason=x", 400),
    "half": (b'{"reason": "x', 400),
    "a list": (b"[]", 400),
    "a text": (b'"reason"', 400),
    "null": (b"null", 400),
    "not UTF-8": (b'{"reason": "\xff"}', 400),
    "a number": (b'{"reason": 1}', 400),
    "nested": (b'{"reason": {"a": 1}}', 400),
    "deep": (b"[" * 60_000, 400),
    "unknown": (b'{"resaon": "x"}', 400),
    "another person": (b'{"reason": "x", "by": "ann"}', 400),
    "half a character": (b'{"reason": "\\ud800"}', 400),
    "escapes": (b'{"reason": "\\u001b[31m"}', 400),
    "NUL": (b'{"reason": "a\\u0000b"}', 400),
    "long": (json.dumps({"reason": "x" * 2001}).encode(), 400),
    "elsewhere": (b'{"to": "../sent"}', 400),
    "huge number": (b'{"reason": ' + b"9" * 6000 + b"}", 400),
    "huge": (b'{"reason": "' + b"x" * 70_000 + b'"}', 413),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_bad_body_changes_nothing(shown: Service, case: str) -> None:
    body, status = BODIES[case]
    (removed,) = shown.actions(decidedBy="Automation")
    answer = shown.ask(
        "POST", f"/api/air/actions/{removed['ID']}/undo", content=body, headers={"Content-Type": "application/json"}
    )
    refused(answer, status)
    assert shown.get(f"/api/air/actions/{removed['ID']}")["UndoneBy"] is None


def test_a_body_is_declared_as_json(shown: Service) -> None:
    """A form on a web page can send text/plain anywhere; application/json it cannot."""
    (removed,) = shown.actions(decidedBy="Automation")
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = shown.ask("POST", f"/api/air/actions/{removed['ID']}/undo", content=b"{}", headers={"Content-Type": kind})
        refused(answer, 415)


def test_nobody_stays_unknown_in_the_audit(own: Service) -> None:
    waiting = own.actions(status="Pending")[0]
    own.ask("POST", f"/api/air/actions/{waiting['ID']}/reject", "approves")
    actors = [row["actor"] for row in own.hunt.air._journal.rows("SELECT actor FROM audit WHERE subject = ?", (waiting["ID"],))]
    assert actors[-1] == "approves"


def test_a_fault_of_the_server_says_nothing_of_its_inside(own: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr("hunting.air.reader.Reader.actions", fail)
    assert "/secret" not in refused(own.ask("GET", "/api/air/actions"), 500)


def test_damaged_tokens_let_nobody_in(own: Service) -> None:
    for damage in ("", "{", "[]", '{"tokens": [1]}', '{"tokens": [{"name": "x", "sha256": "", "scopes": ["root"]}]}'):
        own.tokens.path.write_text(damage)
        refused(own.ask("GET", "/api/air/actions"), 500)
    own.tokens.path.unlink()
    refused(own.ask("GET", "/api/air/actions"), 401)


def test_a_hunt_is_left_open(own: Service) -> None:
    own.actions()
    assert isinstance(own.hunt, Hunt) and own.count("true") > 0
