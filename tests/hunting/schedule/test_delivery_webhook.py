"""Deliveries to a webhook: what arrives, which hosts and addresses are spoken to, and what never leaks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from parcels import NOW, OUTPUTS
from servers import CERTIFICATE, HookServer, running

from hunting.errors import ScheduleError
from hunting.schedule import Target
from hunting.schedule.delivery import webhook
from hunting.schedule.delivery.settings import Secret, Webhook
from hunting.schedule.files import Parcel


@pytest.fixture
def hook_server() -> Iterator[HookServer]:
    with running(HookServer()) as server:
        yield server


@pytest.fixture
def hooking(hook_server: HookServer, monkeypatch: pytest.MonkeyPatch) -> Webhook:
    monkeypatch.setenv("HOOK_SECRET", "hunter2")
    monkeypatch.setenv("SOC_HOOK", f"https://localhost:{hook_server.port}/T0/secret?x=1")
    return Webhook(
        (f"localhost:{hook_server.port}",), ("localhost",), {"soc": Secret(env="SOC_HOOK")}, Secret(env="HOOK_SECRET"),
        ca_file=str(CERTIFICATE),
    )  # fmt: skip


def test_a_post_as_it_arrives(hook_server: HookServer, hooking: Webhook, parcel: Parcel) -> None:
    webhook.post("soc", parcel, hooking, NOW)
    [(path, headers, body)] = hook_server.posts
    told = json.loads(body)
    assert path == "/T0/secret?x=1" and headers["content-type"] == "application/json"
    assert (told["job"], told["due"], told["run"]) == ("weekly", "2026-11-22T13:00:00+00:00", "0123456789abcdef")
    assert [base64.b64decode(file["content"]) for file in told["files"]] == [o.content for o in OUTPUTS]
    assert [file["sha256"] for file in told["files"]] == [hashlib.sha256(o.content).hexdigest() for o in OUTPUTS]
    signed = f"{headers['webhook-id']}.{int(NOW.timestamp())}.".encode() + body
    expected = base64.b64encode(hmac.new(b"hunter2", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}" and headers["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_a_post_sent_again_has_the_same_key(hook_server: HookServer, hooking: Webhook, parcel: Parcel) -> None:
    for at in (NOW, NOW.replace(hour=20)):
        webhook.post("soc", parcel, hooking, at)
    first, again = (headers for _, headers, _ in hook_server.posts)
    assert first["idempotency-key"] == again["idempotency-key"] == first["webhook-id"]


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{port}/", "https://localhost/", "https://evil.example/", "https://localhost:{port}@evil.example/",
        "https://me:pw@localhost:{port}/", "https://evil.example#@localhost:{port}/", "https://evil.example\\@localhost:{port}/",
        "https://localhost:{port}/a b", "https://localhost:{port}/\r\nX: y", "ftp://localhost:{port}/", "//localhost:{port}/",
        "https://localhost:{port}.evil.example/", "https://localhost:99999/", "https://[::1]:{port}/", "https://127.0.0.1:{port}/",
        "file:///etc/passwd", "", "https://", "https://LOCALHOST.evil.example:{port}/", "https://löcalhost:{port}/",
    ],
)  # fmt: skip
def test_no_host_but_those_allowed(hook_server: HookServer, hooking: Webhook, parcel: Parcel, url: str) -> None:
    with pytest.raises(ScheduleError):
        webhook.post(url.format(port=hook_server.port), parcel, hooking, NOW)
    assert hook_server.posts == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1",
        "::", "255.255.255.255", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1",
        "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:7f00:1::",
    ],
)  # fmt: skip
def test_a_private_address_is_not_connected_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", (address, 443))])
    with pytest.raises(ScheduleError, match="not public"):
        webhook.resolved("hooks.example.org", 443, private=False)
    assert webhook.resolved("hooks.example.org", 443, private=True) == address


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_a_public_address_is(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", (address, 443))])
    assert webhook.resolved("hooks.example.org", 443, private=False) == address


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: found)
    with pytest.raises(ScheduleError, match="not public"):
        webhook.resolved("hooks.example.org", 443, private=False)


def test_the_name_is_asked_for_once_and_the_answer_is_used(
    hook_server: HookServer, hooking: Webhook, parcel: Parcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers otherwise the second time finds nobody who asks."""
    asked: list[str] = []
    real = webhook.socket.getaddrinfo

    def answer(host: str, *more: object, **named: object) -> object:
        asked.append(host)
        return real("127.0.0.1" if host == "hooks.example.test" else host, *more, **named)

    monkeypatch.setattr("socket.getaddrinfo", answer)
    settings = replace(hooking, hosts=(f"hooks.example.test:{hook_server.port}",), private=("hooks.example.test",))
    webhook.post(f"https://hooks.example.test:{hook_server.port}/x", parcel, settings, NOW)
    assert asked == ["hooks.example.test", "127.0.0.1"], "then only the address, which is no name"
    assert hook_server.posts[0][1]["host"] == f"hooks.example.test:{hook_server.port}"


def test_nothing_is_followed(hook_server: HookServer, hooking: Webhook, parcel: Parcel) -> None:
    hook_server.answers, hook_server.location = 307, f"https://localhost:{hook_server.port}/elsewhere"
    with pytest.raises(ScheduleError, match="answered 307") as refused:
        webhook.post("soc", parcel, hooking, NOW)
    assert len(hook_server.posts) == 1
    assert refused.value.message.isprintable() and "secret" not in refused.value.render()


def test_a_certificate_of_another_host_is_refused(hook_server: HookServer, hooking: Webhook, parcel: Parcel) -> None:
    with pytest.raises(OSError, match="certificate verify failed"):
        webhook.post("soc", parcel, replace(hooking, ca_file=""), NOW)
    assert hook_server.posts == []


def test_a_body_has_its_limit(hook_server: HookServer, hooking: Webhook, parcel: Parcel) -> None:
    with pytest.raises(ScheduleError, match="1,000 are allowed"):
        webhook.post("soc", parcel, replace(hooking, largest=1000), NOW)
    assert hook_server.posts == []


def test_an_answer_that_drips_is_cut_off(
    hook_server: HookServer, hooking: Webhook, parcel: Parcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "_DEADLINE", 0.5)
    hook_server.drips = 0.1
    begun = time.monotonic()
    webhook.post("soc", parcel, hooking, NOW)  # its status had come
    assert time.monotonic() - begun < 5
    hook_server.drips = 0


def test_what_is_shown_of_a_url_is_its_host() -> None:
    assert Target("webhook", "https://hooks.example.org/T0/secret?x=1").shown == "https://hooks.example.org"
    assert Target("webhook", "https://me:pw@hooks.example.org:8443#frag").shown == "https://hooks.example.org:8443"
    assert Target("mail", "ann@example.org").shown == "ann@example.org"
