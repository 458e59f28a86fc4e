"""Sign-in by certificate or tokens, permissions and limits of the simulated account."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tests.sandbox.netsuite.client import PEM, RECORD, TOKEN, assertion, encoded

pytestmark = pytest.mark.enable_socket


def login_error(answer):
    detail = answer.json()["o:errorDetails"][0]
    return answer.status_code, detail["o:errorCode"]


def test_a_certificate_signed_assertion_gives_a_bearer_token_for_an_hour(ns):
    answer = ns.fetch_token()

    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in ("token_type", "expires_in")} == {
        "token_type": "bearer",
        "expires_in": "3600",
    }


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"iss": "someone"}, "invalid_grant"),
        ({"aud": "https://elsewhere.example/token"}, "invalid_grant"),
        ({"exp": 1}, "invalid_grant"),
        ({"exp": 2**33}, "invalid_grant"),
        ({"iat": None}, "invalid_request"),
        ({"scope": "restlets"}, "invalid_scope"),
        ({"header": {"kid": "other"}}, "invalid_grant"),
        ({"header": {"alg": "RS256"}}, "invalid_grant"),
        ({"header": {"alg": "PS256"}}, "invalid_grant"),
        ({"key": ec.generate_private_key(ec.SECP256R1())}, "invalid_grant"),
    ],
)
def test_a_wrong_assertion_is_refused_without_a_reason(ns, changes, error):
    answer = ns.fetch_token(assertion(ns.root + TOKEN, **changes))

    assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert ns.truth()["loginAuditTrail"] != []


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "jwt"}, "invalid_request"),
        ({"client_assertion": "no.jwt"}, "invalid_request"),
    ],
)
def test_a_wrong_token_request_is_refused(ns, form, error):
    answer = ns.fetch_token(**form)

    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_an_rsa_certificate_signs_ps256_and_never_rs256(ns_with):
    key = rsa.generate_private_key(65537, 3072)
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    ns = ns_with()
    ns.act("rotate_certificate", id="rsa-1", pem=key.public_key().public_bytes(*form).decode())

    def signed(algorithm, pad):
        now = int(time.time())
        claims = {"iss": "sandbox", "scope": ["rest_webservices"], "aud": ns.root + TOKEN}
        claims |= {"iat": now, "exp": now + 3600}
        parts = [{"typ": "JWT", "alg": algorithm, "kid": "rsa-1"}, claims]
        text = b".".join(encoded(json.dumps(part).encode()) for part in parts)
        return (text + b"." + encoded(key.sign(text, pad, hashes.SHA256()))).decode()

    right = ns.fetch_token(signed("PS256", padding.PSS(padding.MGF1(hashes.SHA256()), 32)))
    wrong = ns.fetch_token(signed("RS256", padding.PKCS1v15()))

    assert (right.status_code, wrong.status_code) == (200, 400)


def test_a_revoked_certificate_signs_in_nobody_and_its_tokens_can_die_with_it(ns):
    ns.act("rotate_certificate", revoke="cert-1", expire_tokens=True)

    assert ns.fetch_token().json() == {"error": "invalid_grant"}
    assert login_error(ns.call("GET", "currency")) == (401, "INVALID_LOGIN")


def test_a_weak_key_cannot_be_registered(ns):
    key = rsa.generate_private_key(65537, 1024)
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    pem = key.public_key().public_bytes(*form).decode()

    data = {"id": "weak", "pem": pem}
    body = {"kind": "erp", "name": "ns", "action": "rotate_certificate", "data": data}
    answer = ns.http.post(f"{ns.server_url}/_sandbox/act", json=body)

    assert answer.status_code == 400


def test_a_token_expires(ns_with):
    ns = ns_with(token_lifetime=1)
    before = ns.call("GET", "currency").status_code
    time.sleep(1.05)

    assert (before, login_error(ns.call("GET", "currency"))) == (200, (401, "INVALID_LOGIN"))


def tba(ns, method, url, secret="sandbox&sandbox", **changes):
    """An OAuth 1.0 header signed by hand after RFC 5849."""
    given = {
        "oauth_consumer_key": "sandbox",
        "oauth_token": "sandbox",
        "oauth_nonce": f"{time.monotonic_ns():020}",
        "oauth_timestamp": str(int(time.time())),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_version": "1.0",
    }
    realm = changes.pop("realm", "TSTDRV1")
    given |= changes
    base, _, query = url.partition("?")
    pairs = [*given.items(), *(part.split("=") for part in query.split("&") if part)]
    joined = "&".join(sorted(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in pairs))
    text = "&".join(quote(part, safe="~") for part in (method, base, joined))
    signature = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
    parts = {"realm": realm, **given, "oauth_signature": signature}
    return "OAuth " + ", ".join(f'{name}="{quote(value, safe="~")}"' for name, value in parts.items())


def test_token_based_authentication_signs_every_request(ns):
    url = f"{ns.root}{RECORD}/currency?limit=2&offset=0"
    header = tba(ns, "GET", url)

    first = ns.http.get(url, headers={"Authorization": header})
    replayed = ns.http.get(url, headers={"Authorization": header})

    assert first.status_code == 200
    assert login_error(replayed) == (401, "INVALID_LOGIN")
    assert ns.truth()["loginAuditTrail"] == ["NonceUsed"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"realm": "OTHER"}, "InvalidRealm"),
        ({"oauth_consumer_key": "x"}, "ConsumerKeyUnknown"),
        ({"oauth_token": "x"}, "TokenUnknown"),
        ({"oauth_signature_method": "HMAC-SHA1"}, "UnsupportedSignatureMethod"),
        ({"oauth_timestamp": "1600000000"}, "InvalidTimestamp"),
        ({"oauth_nonce": "abc"}, "NonceRejected"),
        ({"secret": "sandbox&wrong"}, "InvalidSignature"),
    ],
)
def test_a_wrong_signature_is_refused_and_only_the_audit_trail_says_why(ns, changes, reason):
    url = f"{ns.root}{RECORD}/currency"

    answer = ns.http.get(url, headers={"Authorization": tba(ns, "GET", url, **changes)})

    assert login_error(answer) == (401, "INVALID_LOGIN")
    assert ns.truth()["loginAuditTrail"] == [reason]


def test_changed_secrets_shut_out_who_has_the_old_ones(ns):
    ns.act("change_secret", token_secret="new")
    url = f"{ns.root}{RECORD}/salesOrder/eid:A1-24"

    old = ns.http.get(url, headers={"Authorization": tba(ns, "GET", url)})
    new = ns.http.get(url, headers={"Authorization": tba(ns, "GET", url, secret="sandbox&new")})

    assert (old.status_code, new.status_code) == (401, 404)


@pytest.mark.parametrize(
    ("permission", "method", "address"),
    [
        ("Transactions -> Sales Order", "PUT", "salesOrder/eid:PO-1"),
        ("Lists -> Customers", "GET", "customer"),
        ("Lists -> Items", "GET", "inventoryItem"),
        ("Setup -> REST Web Services", "GET", "currency"),
        ("Setup -> Log in using OAuth 2.0 Access Tokens", "GET", "currency"),
    ],
)
def test_a_missing_permission_is_403_and_named(ns, permission, method, address):
    ns.act("revoke_permission", permission=permission)
    refused = ns.call(method, address, json={} if method == "PUT" else None)
    ns.act("grant_permission", permission=permission)

    detail = refused.json()["o:errorDetails"][0]
    assert (refused.status_code, detail["o:errorCode"]) == (403, "INSUFFICIENT_PERMISSION")
    assert f"'{permission}'" in detail["detail"]
    assert ns.call(method, address, json={} if method == "PUT" else None).status_code != 403


def test_suiteql_needs_its_own_permission_and_hides_tables_of_others(ns):
    ns.act("revoke_permission", permission="Lists -> Customers")
    hidden = ns.ask("SELECT id FROM customer")
    ns.act("revoke_permission", permission="Reports -> SuiteAnalytics Workbook")
    refused = ns.ask("SELECT id FROM currency")

    assert (hidden.status_code, hidden.json()["o:errorDetails"][0]["o:errorCode"]) == (
        400,
        "INVALID_PARAMETER",
    )
    assert "Record 'customer' was not found" in hidden.text
    assert refused.status_code == 403


def test_the_account_takes_only_so_many_requests_at_once_whoever_sends_them(ns_with):
    ns = ns_with(concurrency=2, latency=0.4)
    url = f"{ns.root}{RECORD}/currency"

    def call(place):
        headers = {"Authorization": tba(ns, "GET", url)} if place % 2 else None
        return ns.http.get(url, headers=headers)

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(call, range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429, 429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["o:errorDetails"][0]["o:errorCode"] == "CONCURRENCY_LIMIT_EXCEEDED"


def test_the_limit_can_change_while_it_runs(ns_with):
    ns = ns_with(concurrency=4, latency=0.3)
    ns.act("set_concurrency", concurrency=1)

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: ns.call("GET", "currency").status_code, range(3)))

    assert sorted(answers) == [200, 429, 429]


def test_limits_are_told_to_administrators_only(ns_with):
    path = "/services/rest/system/v1/governanceLimits"
    plain = ns_with(concurrency=15)
    refused = plain.http.get(plain.root + path)
    administrator = ns_with(concurrency=15, is_admin_role=True)

    told = administrator.http.get(administrator.root + path)

    assert refused.status_code == 403
    assert told.json() == {
        "accountConcurrencyLimit": 15,
        "accountUnallocatedConcurrencyLimit": 15,
        "integrationLimitType": "accountLimit",
    }


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        ({"kind": "status", "status": 429}, 429, "CONCURRENCY_LIMIT_EXCEEDED"),
        ({"kind": "throttled"}, 429, "CONCURRENCY_LIMIT_EXCEEDED"),
        ({"kind": "status", "status": 503}, 503, "SERVICE_UNAVAILABLE"),
        ({"kind": "expired_token"}, 401, "INVALID_LOGIN"),
    ],
)
def test_scripted_refusals_are_worded_as_netsuite_words_them(ns, rule, status, code):
    rules = [{"id": "r", "system": "erp", "operation": "GET currency", "first": 1, **rule}]
    ns.control("faults", seed=1, rules=rules)

    answer = ns.call("GET", "currency")

    assert login_error(answer) == (status, code)
    assert answer.json()["status"] == status


def test_operations_and_keys_tell_requests_apart(ns, order):
    ns.control("faults", seed=1, rules=[{"id": "r", "kind": "latency", "seconds": 0}])

    ns.put("A1", order)
    ns.rows("SELECT id FROM currency")
    ns.fetch_token()

    seen = [
        (entry["operation"], entry["key"])
        for entry in ns.http.get(f"{ns.server_url}/_sandbox/faults").json()["log"]
    ]
    assert seen == [("PUT salesOrder", "A1"), ("POST suiteql", ""), ("POST token", "")]
    noted = ns.http.get(f"{ns.server_url}/_sandbox/requests", params={"operation": "PUT salesOrder"}).json()
    assert noted["requests"][-1]["externalId"] == "A1"


def test_the_system_without_a_name_can_play_netsuite_as_well(ns):
    body = {"kind": "erp", "options": {"dialect": "netsuite", "certificates": {"cert-1": PEM}}}
    ns.http.post(f"{ns.server_url}/_sandbox/systems", json=body).raise_for_status()

    form = {"client_assertion": assertion(ns.server_url + TOKEN)}
    ns.root = ns.server_url

    assert ns.fetch_token(**form).status_code == 200


def test_an_unknown_dialect_or_option_is_refused(ns):
    bodies = [
        {"dialect": "odoo"},
        {"dialect": "netsuite", "nonsense": 1},
        {"dialect": "netsuite", "tax": "none"},
    ]

    answers = [
        ns.http.post(
            f"{ns.server_url}/_sandbox/systems", json={"kind": "erp", "name": "x", "options": options}
        )
        for options in bodies
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
