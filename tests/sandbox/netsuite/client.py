"""A small client of the simulated account, and what it signs in with."""

from __future__ import annotations

import base64
import json
import time

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

TOKEN = "/services/rest/auth/oauth2/v1/token"
RECORD = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
COLLECTION = "application/vnd.oracle.resource+json; type=collection"
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = (
    KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def assertion(audience, key=KEY, header=None, **claims):
    """A client assertion signed ES256 as NetSuite wants it; `header` and `claims` change it."""
    head = {"typ": "JWT", "alg": "ES256", "kid": "cert-1", **(header or {})}
    body = {"iss": "sandbox", "scope": "rest_webservices", "aud": audience}
    body |= {"iat": int(time.time()), "exp": int(time.time()) + 300, **claims}
    signed = b".".join(encoded(json.dumps(part).encode()) for part in (head, body))
    r, s = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return (signed + b"." + encoded(r.to_bytes(32) + s.to_bytes(32))).decode()


class Client:
    """Speaks to one account with a bearer token."""

    def __init__(self, server_url, name="ns"):
        self.http = httpx.Client(timeout=120, verify=False)
        self.server_url = server_url
        self.name = name
        self.root = f"{server_url}/erps/{name}"
        self.sign_in()

    def fetch_token(self, text=None, **form):
        body = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": text or assertion(self.root + TOKEN),
        }
        return self.http.post(self.root + TOKEN, data=body | form)

    def sign_in(self):
        self.http.headers["Authorization"] = f"Bearer {self.fetch_token().json()['access_token']}"

    def call(self, method, address, json=None, headers=None, **params):
        url = f"{self.root}{RECORD}/{address}"
        return self.http.request(method, url, json=json, headers=headers, params=params or None)

    def put(self, external_id, order, status=204, **params):
        answer = self.call("PUT", f"salesOrder/eid:{external_id}", json=order, **params)
        assert answer.status_code == status, answer.text
        return answer

    def order(self, external_id):
        answer = self.call("GET", f"salesOrder/eid:{external_id}", expandSubResources="true")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, order, status=400, external_id="PO-1"):
        """The code, words and path of the refusal of an upsert."""
        detail = self.put(external_id, order, status).json()["o:errorDetails"][0]
        return detail["o:errorCode"], detail["detail"], detail.get("o:errorPath", "")

    def ask(self, sql, headers=None, **params):
        headers = {"Prefer": "transient"} if headers is None else headers
        return self.http.post(self.root + SUITEQL, json={"q": sql}, headers=headers, params=params or None)

    def rows(self, sql, **params):
        answer = self.ask(sql, **params)
        assert answer.status_code == 200, answer.text
        return [
            {name: value for name, value in row.items() if name != "links"} for row in answer.json()["items"]
        ]

    def control(self, verb, **body):
        answer = self.http.post(f"{self.server_url}/_sandbox/{verb}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, action, **data):
        return self.control("act", kind="erp", name=self.name, action=action, data=data)

    def seed(self, **data):
        return self.control("seed", kind="erp", name=self.name, data=data)

    def truth(self):
        return self.http.get(f"{self.server_url}/_sandbox/truth", params={"name": self.name}).json()["erps"][
            self.name
        ]


def ids_of(client):
    names = {"customer": "entityid", "item": "itemid", "shipitem": "itemid", "salestaxitem": "itemid"}
    names |= {"term": "name", "currency": "symbol", "subsidiary": "name", "location": "name"}
    return {
        row["name"]: row["id"]
        for table, column in names.items()
        for row in client.rows(f"SELECT id, {column} AS name FROM {table}")
    }
