"""Outputs by webhook: a POST over https to a host on the list, to an address that was checked, without following anything.

The body is JSON: job, title, due, run, text, files (name, media_type, size, sha256, content in base64). Headers are those of
the Standard Webhooks specification (webhook-id, webhook-timestamp, webhook-signature), and Idempotency-Key: the same each time.
"""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import socket
import ssl
from contextlib import suppress
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Timer
from urllib.parse import SplitResult, urlsplit

from hunting.air.journal import identifier
from hunting.errors import ScheduleError
from hunting.schedule.delivery.settings import FILE, Webhook
from hunting.schedule.files import Parcel
from hunting.schedule.words import line

_TIMEOUT = 20.0  # seconds of silence
_DEADLINE = 60.0  # seconds in all
_ANSWER = 65_536  # bytes of the answer that are read


def post(target: str, parcel: Parcel, settings: Webhook, now: datetime) -> None:
    """Posts a run's files.

    Args:
        target: an https URL, or a name under `webhook.names`.

    Raises:
        ScheduleError: it is not allowed, too large, or the answer is not one of success.
        OSError: the host cannot be reached, or its certificate is not its own.
    """
    url = settings.names[target].read() if target in settings.names else target
    parts = checked(url, settings)
    body = body_of(parcel)
    if len(body) > settings.largest:
        raise ScheduleError(
            f"The body would be {len(body):,} bytes, {settings.largest:,} are allowed.", hint=f"webhook.largest in {FILE}."
        )
    host, port = parts.hostname or "", parts.port or 443
    address = resolved(host, port, host in settings.private)
    connection = _Pinned(host, port, address, ssl.create_default_context(cafile=settings.ca_file or None))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    status, reason = _exchanged(connection, path, body, headers_of(body, parcel, target, settings, now))
    if not 200 <= status < 300:
        raise ScheduleError(f"The webhook answered {status} {line(reason)}.")


def checked(url: str, settings: Webhook) -> SplitResult:
    """A URL that may be posted to.

    Raises:
        ScheduleError: it is no https URL, holds a user, or its host is not on the list.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ScheduleError("The webhook is no URL.") from None
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.password is not None:
        raise ScheduleError(
            "A webhook is an https URL without user, or a name.", hint=f"Names stand under webhook.names in {FILE}."
        )
    if not url.isascii() or not url.isprintable() or any(c in url for c in " \\"):
        raise ScheduleError("The webhook's URL holds characters that belong in no URL.")
    named = parts.hostname if port in (None, 443) else f"{parts.hostname}:{port}"
    if named not in settings.hosts:
        raise ScheduleError(f"Webhooks to {named} are not allowed.", hint=f"Name it under webhook.hosts in {FILE}.")
    return parts


def resolved(host: str, port: int, private: bool) -> str:
    """The address that is connected to: looked up once, so that no second answer of the name server can lead elsewhere.

    Args:
        private: whether it may be private, of this machine, or otherwise not public.

    Raises:
        ScheduleError: one of its addresses is not public.
        OSError: it has none.
    """
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address in found:
        if not private and not _public(address):
            raise ScheduleError(f"{host} has the address {address}, which is not public.", hint=f"See webhook.private in {FILE}.")
    return found[0]


def _public(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        # An address may carry another one inside, which a gateway would go to.
        inner = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        if found in _TRANSLATED or found in _COMPATIBLE:
            inner.append(IPv4Address(int(found) & 0xFFFFFFFF))
        if found.is_site_local or not all(_public(str(each)) for each in inner if each is not None):
            return False
    return found.is_global and not found.is_multicast


_TRANSLATED, _COMPATIBLE = IPv6Network("64:ff9b::/96"), IPv6Network("::/96")


def body_of(parcel: Parcel) -> bytes:
    """What is posted."""
    files = [
        {
            "name": file.name,
            "media_type": file.media_type,
            "size": file.size,
            "sha256": file.sha256,
            "content": base64.b64encode(parcel.content(file)).decode(),
        }
        for file in parcel.files
    ]
    title = line(parcel.title or parcel.job)
    text = f"{title}: {', '.join(file.name for file in parcel.files)}"
    told = {"job": parcel.job, "title": title, "due": parcel.due.isoformat(), "run": parcel.run_id, "text": text, "files": files}
    return json.dumps(told).encode()


def headers_of(body: bytes, parcel: Parcel, target: str, settings: Webhook, now: datetime) -> dict[str, str]:
    """Headers: what it is, which one it is, and who has sent it."""
    key, stamp = identifier("webhook", parcel.run_id, target), str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "hunting",
        "Idempotency-Key": key,
        "webhook-id": key,
        "webhook-timestamp": stamp,
    }
    if settings.secret is not None:
        digest = hmac.digest(settings.secret.read().encode(), f"{key}.{stamp}.".encode() + body, "sha256")
        headers["webhook-signature"] = "v1," + base64.b64encode(digest).decode()
    return headers


class _Pinned(http.client.HTTPSConnection):
    """A connection to an address that was checked; the certificate must be the host's."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=_TIMEOUT, context=context)
        self._address, self._trust = address, context
        self._wire: ssl.SSLSocket | None = None  # `sock` is let go as soon as an answer begins

    def connect(self) -> None:
        """To the address, not to what the name may mean by now."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        try:
            self.sock = self._wire = self._trust.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def abort(self) -> None:
        """Ends the exchange from another thread."""
        if self._wire is not None:
            with suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)


def _exchanged(connection: _Pinned, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Posts, reads a little of the answer, and returns its status; an answer that drips is cut off."""
    deadline = Timer(_DEADLINE, connection.abort)
    deadline.daemon = True
    deadline.start()
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        with suppress(OSError, http.client.HTTPException, ValueError):
            answer.read(_ANSWER)  # of no interest, but some servers mind when nobody reads
        return answer.status, answer.reason
    except OSError:
        raise
    except (http.client.HTTPException, ValueError) as error:  # ValueError: read from what the deadline has cut off
        raise ScheduleError(f"The webhook's answer is no HTTP: {type(error).__name__}.") from None
    finally:
        deadline.cancel()
        connection.close()
