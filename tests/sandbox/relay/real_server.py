"""A small real server that speaks as Tryton does: sign in, create sales, read them; it can be held up."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFERENCES = {"company": 1, "language": "en"}


class RealServer:
    """`with RealServer() as real:` serves at `real.url`. `gate` holds up creates while it is cleared."""

    def __init__(self):
        self.sales = []
        self.seen = []
        self.sessions = set()
        self.gate = threading.Event()
        self.gate.set()
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.gate.set()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def answer(self, method, params, session):
        """Status and body."""
        self.seen.append(method)
        if method == "common.db.login":
            return self.sign_in(*params)
        if session not in self.sessions:
            return 401, b""
        result = getattr(self, method.rpartition(".")[2])(*params)
        return 200, json.dumps({"id": 1, "result": result}).encode()

    def sign_in(self, user, secrets):
        if secrets["password"] != f"{user}-secret":
            return 401, b""
        token = f"token{len(self.sessions)}"
        self.sessions.add(token)
        return 200, json.dumps({"id": 1, "result": [7, token, None]}).encode()

    def get_preferences(self, only_context, context):
        return PREFERENCES

    def fields_get(self, names, context):
        return {"number": {}, "reference": {}, "web_id": {}}

    def create(self, values, context):
        self.gate.wait(120)
        with self.lock:
            for each in values:
                self.sales.append({"id": len(self.sales) + 1, **each})
            return [sale["id"] for sale in self.sales[-len(values) :]]

    def quote(self, ids, context):
        return []

    def search_read(self, domain, offset, limit, order, fields, context):
        assert context == PREFERENCES
        return [as_read(sale) for sale in self.sales[offset : offset + limit]]


def as_read(sale):
    money = {"__class__": "Decimal", "decimal": "11.90"}
    return {
        "id": sale["id"],
        "number": None,
        "reference": sale["reference"],
        "web_id": None,
        "state": "draft",
        "party.": {"id": 3, "code": "P3"},
        "currency.": {"id": 1, "code": "EUR"},
        "untaxed_amount": {"__class__": "Decimal", "decimal": "10.00"},
        "tax_amount": {"__class__": "Decimal", "decimal": "1.90"},
        "total_amount": money,
        "lines.": [
            {
                "id": 9,
                "type": "line",
                "product.": {"id": 2, "code": "SKU-1"},
                "description": None,
                "quantity": 2.5,
                "unit_price": {"__class__": "Decimal", "decimal": "4.0000"},
                "amount": {"__class__": "Decimal", "decimal": "10.00"},
            }
        ],
    }


def handler_of(real):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = real.answer(
                body["method"], body["params"], session_of(self.headers["Authorization"])
            )
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if content else "text/plain")
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                content = gzip.compress(content)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self):
            content = self.path.encode()
            self.send_response(404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *what):
            """Say nothing."""

    return Handler


def session_of(header):
    return base64.b64decode(header.partition(" ")[2]).decode().rpartition(":")[2] if header else ""
