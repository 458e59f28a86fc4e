"""How a request to NetSuite is signed: a bearer token for a signed certificate, or OAuth 1.0 request by request.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162790605110.html (what the assertion holds)
"""

from __future__ import annotations

import hashlib
import re
import textwrap
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256
from oauthlib.oauth1 import Client as OAuth1Client

from hub.connectors.base import CallKind, Hooks, Token
from hub.connectors.erps.netsuite.refusals import sign_in_refused
from hub.connectors.http import Answer, HttpClient, unreadable
from hub.errors import ConnectionBroken

TOKEN_PATH = "auth/oauth2/v1/token"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SCOPE = "rest_webservices"
# NetSuite takes less than 60 minutes; it is used at once.
_ASSERTION_SECONDS = 300
# A token is renewed this long before it ends, so that no call starts with one that ends on the way.
_TOKEN_MARGIN = 60.0
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*)-----END \1-----", re.DOTALL)


class Access(ABC):
    """The Authorization header of each request."""

    @abstractmethod
    def authorization(self, method: str, url: str) -> str:
        """For one request to this absolute address, query included. Raises ConnectionBroken."""

    @abstractmethod
    def renewed(self, authorization: str) -> str | None:
        """A new one after this one was refused; None where there is nothing to renew."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an account knows us by with OAuth 2.0: `key_id` is the certificate id of the mapping there."""

    client_id: str
    key_id: str
    private_key: str = field(repr=False)

    @property
    def mark(self) -> str:
        """What tells a token of this certificate from others."""
        whole = "\n".join((self.client_id, self.key_id, self.private_key))
        return hashlib.sha256(whole.encode()).hexdigest()[:12]


class ClientCredentials(Access):
    """OAuth 2.0 client credentials: one bearer token for all, renewed under the engine's lock.

    The engine keeps one token by account, since that is what limits are counted by. It is marked with the certificate
    that it was given for: where another one's is kept, ours stays here. So a connection whose credentials were changed
    is tested with those that are entered, not with a token that still lives.
    """

    def __init__(self, certificate: Certificate, hooks: Hooks, open_http: Callable[[], HttpClient]) -> None:
        self.certificate = certificate
        self.hooks = hooks
        self.open_http = open_http
        self._mark = f"{certificate.mark}."
        self._own = ""
        self._own_until = 0.0
        self._lock = threading.Lock()

    def authorization(self, method: str, url: str) -> str:
        """The stored token, fetched where there is none."""
        stored = self.hooks.token(self._fetch)
        marked = stored if stored.startswith(self._mark) else self._own_token()
        return self._header(marked)

    def renewed(self, authorization: str) -> str | None:
        """The token of whoever renewed it first."""
        refused = self._mark + authorization.removeprefix("Bearer ")
        stored = self.hooks.token(self._fetch, rejected=refused)
        return self._header(stored if stored.startswith(self._mark) else self._own_token(refused))

    def _header(self, marked: str) -> str:
        return f"Bearer {marked.removeprefix(self._mark)}"

    def _own_token(self, refused: str = "") -> str:
        with self._lock:
            if self._own in ("", refused) or time.monotonic() > self._own_until:
                token = self._fetch()
                self._own = token.value
                self._own_until = time.monotonic() + token.expires_in - _TOKEN_MARGIN
            return self._own

    def _fetch(self) -> Token:
        operation = "sign in to NetSuite"
        with closing(self.open_http()) as http:
            audience = f"{str(http.base_url).rstrip('/')}/{TOKEN_PATH}"
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": assertion(self.certificate, audience),
            }
            answer = http.send(
                CallKind.READ, "POST", TOKEN_PATH, operation=operation, form=form, is_governed=False
            )
        if answer.status != 200:
            raise sign_in_refused(operation, answer)
        token = _token(operation, answer)
        return Token(self._mark + token.value, token.expires_in)


class TokenBased(Access):
    """Token-based authentication: OAuth 1.0 with HMAC-SHA256, the account as realm; each request is signed anew."""

    def __init__(
        self, *, realm: str, consumer_key: str, consumer_secret: str, token_id: str, token_secret: str
    ) -> None:
        missing = [
            name
            for name, value in {
                "consumer key": consumer_key,
                "consumer secret": consumer_secret,
                "token id": token_id,
                "token secret": token_secret,
            }.items()
            if not value
        ]
        self.missing = " and ".join(missing)
        self.client = OAuth1Client(
            consumer_key,
            client_secret=consumer_secret,
            resource_owner_key=token_id,
            resource_owner_secret=token_secret,
            signature_method=SIGNATURE_HMAC_SHA256,
            realm=realm,
        )

    def authorization(self, method: str, url: str) -> str:
        """Bodies are JSON and not part of what is signed; the query is."""
        if self.missing:
            raise ConnectionBroken(f"Token-based authentication needs {self.missing}: enter it on the page.")
        _, headers, _ = self.client.sign(url, http_method=method)
        return str(headers["Authorization"])

    def renewed(self, authorization: str) -> str | None:
        """Nothing expires: what is refused stays refused."""
        return None


def assertion(certificate: Certificate, audience: str) -> str:
    """The signed JWT that asks for a token; PS256 for an RSA key, ES256 to ES512 by the curve of another.

    Raises ConnectionBroken for a key that is none.
    """
    key, algorithm = _signing_key(certificate.private_key)
    now = int(time.time())
    payload = {
        "iss": certificate.client_id,
        "scope": [_SCOPE],
        "aud": audience,
        "iat": now,
        "exp": now + _ASSERTION_SECONDS,
    }
    return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": certificate.key_id})


def _signing_key(text: str) -> tuple[rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, str]:
    try:
        key = load_pem_private_key(_whole_pem(text).encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ConnectionBroken(
            "The private key cannot be read: enter it as PEM, unencrypted, from BEGIN to END line."
        ) from error
    if isinstance(key, rsa.RSAPrivateKey):
        return key, "PS256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return key, _CURVES[key.curve.name]
    raise ConnectionBroken(
        "The private key is of a kind that NetSuite does not take: use RSA or a NIST curve."
    )


def _whole_pem(text: str) -> str:
    """A PEM with its line breaks: a form's single-line field drops them."""
    found = _PEM.search(text.replace("\\n", "\n"))
    if found is None:
        return text
    body = "\n".join(textwrap.wrap("".join(found[2].split()), 64))
    return f"-----BEGIN {found[1]}-----\n{body}\n-----END {found[1]}-----\n"


def _token(operation: str, answer: Answer) -> Token:
    try:
        body = answer.json()
        value, expires_in = body["access_token"], float(body["expires_in"])
    except (ValueError, TypeError, KeyError) as error:
        raise unreadable(CallKind.READ, operation, answer, "without a token") from error
    if not isinstance(value, str) or not value:
        raise unreadable(CallKind.READ, operation, answer, "without a token")
    return Token(value, expires_in)
