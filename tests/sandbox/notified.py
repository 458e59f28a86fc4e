"""An address that Business Central notifies: repeats tokens as it is told to, and keeps what came."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PATIENCE = 120.0


class Notified:
    """`repeats` says whether it repeats tokens; `statuses` are those of its next answers to notifications, then 200."""

    def __init__(self):
        self.repeats = True
        self.statuses: list[int] = []
        self.tokens: list[str] = []
        self.raw: list[bytes] = []
        self.came = threading.Condition()
        notified = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, said = notified.answer(parse_qs(urlsplit(self.path).query), body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *args):
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def answer(self, query, body):
        with self.came:
            if "validationToken" in query:
                self.tokens += query["validationToken"]
                return 200, query["validationToken"][0].encode() if self.repeats else b"hello"
            self.raw.append(body)
            self.came.notify_all()
            return self.statuses.pop(0) if self.statuses else 200, b""

    def wait_for(self, count):
        """The notices of the first `count` notifications."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.raw) >= count, PATIENCE), "nobody told us"
            return [notice for body in self.raw[:count] for notice in json.loads(body)["value"]]

    def start(self):
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.close()
