"""Who may call: OAuth 2.0 client credentials, token-based authentication, and what the role permits."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.signatures import (
    PublicKey,
    is_signed,
    oauth_parameters,
    oauth_signatures,
    public_key,
    split_jwt,
)
from hub.sandbox.system import Request, Response

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPE = "rest_webservices"
LONGEST_ASSERTION = 3600
CLOCK_SKEW = 60
TBA_WINDOW = 300
"""Seconds that an oauth_timestamp may differ from the server's clock."""
SHORTEST_NONCE = 6
PERMISSIONS = (
    "Setup -> REST Web Services",
    "Setup -> Log in using OAuth 2.0 Access Tokens",
    "Setup -> Log in using Access Tokens",
    "Transactions -> Sales Order",
    "Transactions -> Item Fulfillment",
    "Transactions -> Credit Memo",
    "Transactions -> Estimate",
    "Transactions -> Invoice",
    "Transactions -> Return Authorization",
    "Transactions -> Find Transaction",
    "Lists -> Customers",
    "Lists -> Items",
    "Reports -> SuiteAnalytics Workbook",
)


@dataclass(frozen=True, slots=True)
class Integration:
    """The credentials that the account has given out. `certificates` are PEM texts by certificate id."""

    account: str
    client_id: str
    certificates: dict[str, str]
    consumer_key: str
    consumer_secret: str
    token_id: str
    token_secret: str
    lifetime: int


@dataclass(slots=True)
class Access:
    """Credentials, tokens and permissions of one integration with one role."""

    integration: Integration
    certificates: dict[str, PublicKey] = field(init=False)
    secrets: tuple[str, str] = field(init=False)
    tokens: dict[str, float] = field(default_factory=dict)
    nonces: dict[tuple[str, str], float] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    audit: list[str] = field(default_factory=list)
    """The login audit trail: why logins failed. The caller is not told."""
    issued: int = 0

    def __post_init__(self) -> None:
        self.certificates = {kid: public_key(pem) for kid, pem in self.integration.certificates.items()}
        self.secrets = (self.integration.consumer_secret, self.integration.token_secret)

    def token(self, request: Request) -> Response:
        """Answer the token endpoint. Errors are {"error": …} alone; the reason is in the audit trail."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        refused = self._refusal_of(request, form)
        if refused:
            error, reason = refused
            self.audit.append(reason)
            return Response(400, json.dumps({"error": error}).encode(), {"Content-Type": "application/json"})
        self.issued += 1
        seed = f"{self.integration.client_id}/{self.issued}/{form['client_assertion']}"
        value = hashlib.sha256(seed.encode()).hexdigest()
        self.tokens[value] = time.monotonic() + self.integration.lifetime
        body = {"access_token": value, "expires_in": str(self.integration.lifetime), "token_type": "bearer"}
        return Response(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _refusal_of(self, request: Request, form: dict[str, str]) -> tuple[str, str] | None:
        if form.get("grant_type") != "client_credentials":
            return "unsupported_grant_type", "the grant type is not client_credentials"
        if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
            return "invalid_request", "the client assertion or its type is missing"
        try:
            header, claims, signed, signature = split_jwt(form["client_assertion"])
        except ValueError as error:
            return "invalid_request", str(error)
        key = self.certificates.get(str(header.get("kid")))
        if key is None:
            return "invalid_grant", f"no certificate with id {header.get('kid')}"
        if not is_signed(key, str(header.get("alg")), signed, signature):
            return "invalid_grant", f"the signature ({header.get('alg')}) is not that of the certificate"
        return self._refusal_of_claims(request, claims)

    def _refusal_of_claims(self, request: Request, claims: dict[str, Any]) -> tuple[str, str] | None:
        if claims.get("iss") != self.integration.client_id:
            return "invalid_grant", "iss is not the client id"
        here = f"{_origin(request)}{request.root}{TOKEN_PATH}"
        if claims.get("aud") != here:
            return "invalid_grant", f"aud is not {here}"
        issued, expires, now = claims.get("iat"), claims.get("exp"), time.time()
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            return "invalid_request", "iat or exp is missing"
        if expires <= now or issued > now + CLOCK_SKEW or not 0 < expires - issued <= LONGEST_ASSERTION:
            return (
                "invalid_grant",
                "the assertion is expired, not valid yet, or valid for more than 60 minutes",
            )
        scope = claims.get("scope", "")
        scopes = scope if isinstance(scope, list) else str(scope).replace(",", " ").split()
        if SCOPE not in scopes:
            return "invalid_scope", f"the scope lacks {SCOPE}"
        return None

    def check_login(self, request: Request) -> None:
        """Raises Refusal with 401 unless the request carries a live token or a right OAuth 1.0 signature."""
        header = request.headers.get("authorization", "")
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "bearer":
            reason = (
                ""
                if self.tokens.get(value, 0.0) >= time.monotonic()
                else "the access token is expired or none"
            )
            need = "Setup -> Log in using OAuth 2.0 Access Tokens"
        else:
            reason = self._tba_problem(request, oauth_parameters(header))
            need = "Setup -> Log in using Access Tokens"
        if reason:
            self.audit.append(reason)
            raise errors.not_logged_in()
        self.check(need)
        self.check("Setup -> REST Web Services")

    def _tba_problem(self, request: Request, given: dict[str, str]) -> str:
        """What is wrong with an OAuth 1.0 header, in the words of the audit trail; "" if nothing is."""
        mine = self.integration
        fixed = {
            "realm": (mine.account, "InvalidRealm"),
            "oauth_consumer_key": (mine.consumer_key, "ConsumerKeyUnknown"),
            "oauth_token": (mine.token_id, "TokenUnknown"),
            "oauth_signature_method": ("HMAC-SHA256", "UnsupportedSignatureMethod"),
        }
        for name, (right, words) in fixed.items():
            if given.get(name) != right:
                return words
        if given.get("oauth_version", "1.0") != "1.0":
            return "UnsupportedVersion"
        stamp, nonce = given.get("oauth_timestamp", ""), given.get("oauth_nonce", "")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > TBA_WINDOW:
            return "InvalidTimestamp"
        if len(nonce) < SHORTEST_NONCE:
            return "NonceRejected"
        signatures = oauth_signatures(
            request.method, _origin(request), request.root + request.path, request.query, given, self.secrets
        )
        if given.get("oauth_signature") not in signatures:
            return "InvalidSignature"
        return self._nonce_problem(stamp, nonce)

    def _nonce_problem(self, stamp: str, nonce: str) -> str:
        now = time.monotonic()
        if self.nonces.get((stamp, nonce), 0.0) > now:
            return "NonceUsed"
        if len(self.nonces) > 10_000:
            self.nonces = {key: until for key, until in self.nonces.items() if until > now}
        self.nonces[stamp, nonce] = now + 2 * TBA_WINDOW
        return ""

    def check(self, permission: str) -> None:
        """Raises Refusal with 403 where the permission was taken away."""
        if permission in self.revoked:
            raise errors.not_permitted(permission)

    def expire_tokens(self) -> None:
        """No access token given so far is taken any more."""
        self.tokens.clear()


def _origin(request: Request) -> str:
    """Scheme and authority as the caller addressed them."""
    return f"http://{request.headers.get('host', '')}"
