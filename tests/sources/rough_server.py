"""A real HTTP server on loopback that answers as a test tells it, badly too."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Answer:
    """What goes out: `cut` bytes of the body only, where it is set; nothing before `until`, where it is set."""

    content: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    until: threading.Event | None = None

    @property
    def body(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


@dataclass
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class RoughServer:
    """Answers each request with what `reply` makes of it; `asked` keeps the requests."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.reply: Callable[[Asked], Answer] = lambda _: Answer([])
        self.url = ""

    def in_turn(self, *answers: Answer) -> None:
        """Answer the requests with these, one after another; the last one again and again."""
        turns = iter(answers)
        self.reply = lambda _: next(turns, answers[-1])


@contextmanager
def running() -> Iterator[RoughServer]:
    server = RoughServer()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    httpd.daemon_threads = True
    server.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def _handler(server: RoughServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(parts.path, dict(parse_qsl(parts.query)), headers)
            server.asked.append(asked)
            answer = server.reply(asked)
            if answer.until is not None:
                answer.until.wait(10)
            self._send(answer)

        def _send(self, answer: Answer) -> None:
            body = b"" if answer.status == 304 else answer.body
            try:
                self.send_response_only(answer.status)
                for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: answer.cut])
            except OSError:
                return
            self.close_connection = answer.cut is not None

        def log_message(self, *_: object) -> None:
            pass

    return Handler
