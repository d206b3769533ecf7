"""A mail server and a webhook's server on this machine, in threads; they keep what they get."""

from __future__ import annotations

import base64
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

CERTIFICATE = Path(__file__).with_name("localhost.pem")


def trusted() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


class MailServer(ThreadingTCPServer):
    """SMTP as far as a client needs it. `offers`: its extensions; `refuses`: the answer to a command, by its first word."""

    daemon_threads = True

    def __init__(self, wrapped: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.wrapped = wrapped
        self.offers = ["8BITMIME", "STARTTLS", "AUTH PLAIN"]
        self.refuses: dict[str, bytes] = {}
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str], bool]] = []  # from, to, encrypted
        self.logins: list[tuple[str, bool]] = []  # what was sent, encrypted
        self.port = self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        request, address = super().get_request()
        return (trusted().wrap_socket(request, server_side=True) if self.wrapped else request), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is none of ours."""


class _Smtp(StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.wbufsize = 0
        self.sender, self.recipients = "", list[str]()
        self.secure = self.server.wrapped
        self.say(b"220 here")
        while self.answered(self.rfile.readline()):
            pass

    def answered(self, line: bytes) -> bool:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        word = text.split(" ")[0].split(":")[0].upper()
        if word in self.server.refuses:
            self.say(self.server.refuses[word])
        elif word == "QUIT":
            self.say(b"221 bye")
        elif line:
            getattr(self, f"on_{word.lower()}", self.unknown)(text)
        return bool(line) and word != "QUIT"

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def say(self, answer: bytes) -> None:
        self.wfile.write(answer + b"\r\n")

    def unknown(self, _text: str) -> None:
        self.say(b"250 ok")

    def on_ehlo(self, _text: str) -> None:
        offers = [each for each in self.server.offers if not (self.secure and each == "STARTTLS")]
        self.wfile.write(b"".join(b"250-%s\r\n" % each.encode() for each in offers) + b"250 HELP\r\n")

    def on_starttls(self, _text: str) -> None:
        self.say(b"220 go")
        self.rfile.close()
        self.wfile.close()
        self.connection = trusted().wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.secure = True

    def on_auth(self, text: str) -> None:
        self.server.logins.append((base64.b64decode(text.split(" ")[2]).decode(), self.secure))
        self.say(b"235 welcome")

    def on_mail(self, text: str) -> None:
        self.sender, self.recipients = text.partition(":<")[2].partition(">")[0], []
        self.say(b"250 ok")

    def on_rcpt(self, text: str) -> None:
        self.recipients.append(text.partition(":<")[2].partition(">")[0])
        self.say(b"250 ok")

    def on_data(self, _text: str) -> None:
        self.say(b"354 go")
        lines = list(iter(self.rfile.readline, b".\r\n"))
        content = b"".join(line[1:] if line.startswith(b".") else line for line in lines)
        self.server.mails.append(message_from_bytes(content, policy=policy.default))
        self.server.envelopes.append((self.sender, self.recipients, self.secure))
        self.say(b"250 kept")


class HookServer(ThreadingHTTPServer):
    """https. `answers`: the status of the answer; `location`: where it leads on; `drips`: seconds between the answer's bytes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.socket = trusted().wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.answers, self.location, self.drips = 200, "", 0.0
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self.port = self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not trust us hangs up."""


class _Hook(BaseHTTPRequestHandler):
    server: HookServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, {key.lower(): value for key, value in self.headers.items()}, body))
        self.send_response(self.server.answers, "a\x1b[31mnswer")
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()
        while self.server.drips:
            self.wfile.write(b"x")
            time.sleep(self.server.drips)

    def do_GET(self) -> None:
        self.server.posts.append((self.path, {}, b"followed"))

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def running(server: Any) -> Iterator[Any]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
