"""Who may call: the Entra token endpoint, bearer tokens, permissions and the rate window of a credential."""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from hub.sandbox.business_central.errors import Refusal, too_many_requests
from hub.sandbox.system import Request, Response

SCOPE = "https://api.businesscentral.dynamics.com/.default"


@dataclass(slots=True)
class Access:
    """Credentials, tokens and windows. `rate` requests are allowed in any `window` seconds; 0 allows all."""

    tenant: str
    client_id: str
    secret: str
    lifetime: int
    rate: int
    window: float
    tokens: dict[str, float] = field(default_factory=dict)
    arrivals: dict[str, deque[float]] = field(default_factory=dict)
    denied: set[tuple[str, str]] = field(default_factory=set)
    issued: int = 0

    def token(self, request: Request) -> Response:
        """Answer the token endpoint as Entra does: errors are {"error", "error_description"}."""
        tenant = request.path.split("/")[1]
        form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        refused = self._refusal_of(tenant, form)
        if refused:
            status, error, words = refused
            body = {"error": error, "error_description": words, "error_codes": [int(words[6:].split(":")[0])]}
            return Response(status, json.dumps(body).encode())
        self.issued += 1
        value = hashlib.sha256(f"{self.client_id}{self.secret}{self.issued}".encode()).hexdigest()
        self.tokens[value] = time.monotonic() + self.lifetime
        life = {"expires_in": self.lifetime, "ext_expires_in": self.lifetime}
        return Response(200, json.dumps({"token_type": "Bearer", **life, "access_token": value}).encode())

    def _refusal_of(self, tenant: str, form: dict[str, str]) -> tuple[int, str, str] | None:
        if tenant != self.tenant:
            return 400, "invalid_request", f"AADSTS90002: Tenant '{tenant}' not found."
        if form.get("grant_type") != "client_credentials":
            return 400, "unsupported_grant_type", "AADSTS70003: The grant type is not supported."
        if form.get("client_id") != self.client_id:
            return 400, "unauthorized_client", "AADSTS700016: Application was not found in the directory."
        if form.get("client_secret") != self.secret:
            return 401, "invalid_client", "AADSTS7000215: Invalid client secret provided."
        if form.get("scope") != SCOPE:
            return 400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid."
        return None

    def credential(self, request: Request) -> str:
        """The client that the bearer token was given to.

        Raises Refusal with 401 for a missing or dead token.
        """
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or self.tokens.get(value, 0.0) < time.monotonic():
            raise not_authenticated()
        return self.client_id

    def expire_tokens(self) -> None:
        """No token given so far is taken any more."""
        self.tokens.clear()

    def check(self, method: str, set_name: str) -> None:
        """Raises Refusal with 403 where the permission was revoked."""
        if (method, set_name) in self.denied or ("*", set_name) in self.denied:
            raise Refusal(
                403,
                "Authorization_RequestDenied",
                f"Sorry, the current permissions prevented the action. ({method} {set_name})",
            )

    def count(self, credential: str) -> Response | None:
        """Count one request of the credential; a 429 with Retry-After when its window is full."""
        if not self.rate:
            return None
        arrivals = self.arrivals.setdefault(credential, deque())
        now = time.monotonic()
        while arrivals and arrivals[0] <= now - self.window:
            arrivals.popleft()
        if len(arrivals) >= self.rate:
            wait = arrivals[0] + self.window - now
            return too_many_requests(len(arrivals) + 1, self.rate, max(1, int(wait) + (wait > int(wait))))
        arrivals.append(now)
        return None


def not_authenticated() -> Refusal:
    """Status 401 as Business Central words it."""
    return Refusal(
        401, "Authentication_InvalidCredentials", "The server has rejected the client credentials."
    )
