"""How requests are signed: assertions for tokens, tokens renewed, OAuth 1.0 request by request."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from urllib.parse import parse_qs, quote, unquote

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub.connectors.erps.netsuite.access import Certificate, assertion
from hub.errors import ConnectionBroken, Unreachable
from tests.connectors.netsuite.far_side import (
    CREATED,
    KEY,
    ORDER_ROW,
    ROOT,
    SECRETS,
    TOKEN_CONFIG,
    TOKEN_SECRETS,
    FarSide,
    document,
    payload,
    rows,
)
from tests.fakes.hooks import FreeHooks

AUDIENCE = f"{ROOT}/auth/oauth2/v1/token"


def pem_of(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (rsa.generate_private_key(public_exponent=65537, key_size=2048), "PS256"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
    ],
    ids=["rsa", "p256", "p384"],
)
def test_an_assertion_is_signed_by_the_kind_of_key(key, algorithm):
    made = assertion(Certificate("client-1", "kid-1", pem_of(key)), AUDIENCE)

    header = jwt.get_unverified_header(made)
    claims = jwt.decode(made, key.public_key(), algorithms=[algorithm], audience=AUDIENCE)
    assert (header["alg"], header["kid"], header["typ"]) == (algorithm, "kid-1", "JWT")
    assert (claims["iss"], claims["scope"]) == ("client-1", ["rest_webservices"])
    assert 0 < claims["exp"] - claims["iat"] < 3600


@pytest.mark.parametrize("spoil", [lambda pem: pem.replace("\n", ""), lambda pem: pem.replace("\n", "\\n")])
def test_a_key_that_lost_its_line_breaks_in_a_form_is_read(spoil):
    certificate = Certificate("client-1", "kid-1", spoil(SECRETS["private_key"]))

    claims = jwt.decode(
        assertion(certificate, AUDIENCE), KEY.public_key(), algorithms=["ES256"], audience=AUDIENCE
    )

    assert claims["iss"] == "client-1"


@pytest.mark.parametrize(
    "text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
)
def test_a_key_that_is_none_says_how_to_enter_it(text):
    with pytest.raises(ConnectionBroken, match="PEM, unencrypted"):
        assertion(Certificate("client-1", "kid-1", text), AUDIENCE)


def test_a_key_of_another_kind_is_refused():
    with pytest.raises(ConnectionBroken, match="RSA or a NIST curve"):
        assertion(Certificate("client-1", "kid-1", pem_of(ec.generate_private_key(ec.SECP256K1()))), AUDIENCE)


def test_the_private_key_is_in_no_representation():
    assert "PRIVATE" not in repr(Certificate("client-1", "kid-1", SECRETS["private_key"]))


def test_one_token_serves_all_requests(far_side):
    hooks = FreeHooks()
    erp = far_side.connector(hooks)

    erp.read_sales_orders(["1"])
    erp.read_sales_orders(["2"])

    (asked,) = far_side.to("POST token")
    form = {name: values[0] for name, values in parse_qs(asked.text).items()}
    assert form["grant_type"] == "client_credentials"
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    claims = jwt.decode(form["client_assertion"], KEY.public_key(), algorithms=["ES256"], audience=AUDIENCE)
    assert claims["iss"] == "client-1"
    assert far_side.sent[-1].headers["authorization"] == "Bearer token-1"
    assert all("assertion=ey" not in record.request_body for record in hooks.records)


def test_D1_a_token_that_ends_midway_is_renewed_and_the_create_goes_out_once_more(far_side):
    far_side.answers("PUT salesOrder", CREATED)
    erp = far_side.connector()
    erp.get_ready()
    erp.create_sales_order(document())
    far_side.valid = "token-2"

    created = erp.create_sales_order(document())

    assert created.external_id == "50001"
    assert [sent.headers["authorization"] for sent in far_side.to("PUT salesOrder")] == [
        "Bearer token-1",
        "Bearer token-1",
        "Bearer token-2",
    ]


def test_a_token_of_other_credentials_is_not_used(far_side):
    hooks = FreeHooks()
    far_side.connector(hooks).read_sales_orders(["1"])
    changed = far_side.connector(hooks, certificate_id="kid-2")

    changed.read_sales_orders(["1"])
    changed.read_sales_orders(["1"])
    far_side.connector(hooks).read_sales_orders(["1"])

    used = [sent.headers["authorization"] for sent in far_side.sent if sent.subject != "token"]
    assert used == ["Bearer token-1", "Bearer token-2", "Bearer token-2", "Bearer token-1"]


def test_a_token_of_our_own_is_renewed_as_well(far_side):
    hooks = FreeHooks()
    far_side.connector(hooks).read_sales_orders(["1"])
    changed = far_side.connector(hooks, certificate_id="kid-2")
    changed.read_sales_orders(["1"])
    far_side.valid = "token-3"

    changed.read_sales_orders(["1"])

    assert far_side.sent[-1].headers["authorization"] == "Bearer token-3"


def test_credentials_that_are_refused_twice_break_the_connection(far_side):
    far_side.valid = "never"
    erp = far_side.connector()

    with pytest.raises(ConnectionBroken, match="REST Web Services"):
        erp.read_sales_orders(["1"])

    assert len(far_side.to("POST token")) == 2


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("invalid_client", "integration record must be enabled"),
        ("invalid_grant", "certificate may have expired"),
        ("invalid_scope", "Tick the scope REST Web Services"),
        ("invalid_request", "Check client id, certificate id and private key"),
    ],
)
def test_a_refused_sign_in_says_what_to_check(far_side, code, advice):
    far_side.answers("POST token", (400, {"error": code}))

    with pytest.raises(ConnectionBroken, match=advice) as caught:
        far_side.connector().read_sales_orders(["1"])

    assert code in str(caught.value)
    assert "OAuth 2.0 Client Credentials (M2M) Setup" in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>maintenance</html>"),
        (200, {"expires_in": 3600}),
        (200, {"access_token": "", "expires_in": 1}),
    ],
)
def test_E6_an_unreadable_sign_in_is_tried_later(far_side, answer):
    far_side.answers("POST token", answer)

    with pytest.raises(Unreachable):
        far_side.connector().read_sales_orders(["1"])


def fields_of(header):
    return {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', header)}


def signature_of(method, url, fields):
    """RFC 5849, 3.4: written here a second time, by hand."""
    address, _, query = url.partition("?")
    pairs = [tuple(map(unquote, pair.partition("=")[::2])) for pair in query.split("&") if pair]
    pairs += [(name, value) for name, value in fields.items() if name not in ("realm", "oauth_signature")]
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
    parameters = "&".join(f"{name}={value}" for name, value in encoded)
    base = "&".join(quote(part, safe="~") for part in (method, address, parameters))
    return base64.b64encode(hmac.new(b"cs&ts", base.encode(), hashlib.sha256).digest()).decode()


def test_token_based_requests_are_signed_one_by_one_with_their_query():
    far_side = FarSide()
    far_side.answers("PUT salesOrder", CREATED)
    far_side.answers("POST suiteql transaction", rows(ORDER_ROW))
    erp = far_side.connector(secrets=TOKEN_SECRETS, **TOKEN_CONFIG)

    erp.create_sales_order(document())
    erp.read_sales_orders(["50001"])

    assert far_side.to("POST token") == []
    signed = [(sent, fields_of(sent.headers["authorization"])) for sent in far_side.sent]
    for sent, fields in signed:
        assert fields["oauth_signature"] == signature_of(sent.method, sent.url, fields)
        assert (fields["realm"], fields["oauth_signature_method"]) == ("1234567_SB1", "HMAC-SHA256")
        assert (fields["oauth_consumer_key"], fields["oauth_token"]) == ("ck", "tk")
        assert abs(int(fields["oauth_timestamp"]) - time.time()) < 60
    assert len({fields["oauth_nonce"] for _, fields in signed}) == len(signed)
    assert {sent.query.get("replace") for sent, _ in signed} == {None, "item"}


def test_refused_token_based_credentials_are_not_tried_again(far_side):
    far_side.answers("POST suiteql transaction", (401, payload("invalid_login")))
    erp = far_side.connector(secrets=TOKEN_SECRETS, **TOKEN_CONFIG)

    with pytest.raises(ConnectionBroken, match="Invalid login attempt"):
        erp.read_sales_orders(["1"])

    assert len(far_side.sent) == 1


def test_token_based_credentials_that_are_not_entered_are_named(far_side):
    erp = far_side.connector(secrets={"consumer_secret": "cs"}, **TOKEN_CONFIG)

    with pytest.raises(ConnectionBroken, match="needs token secret"):
        erp.read_sales_orders(["1"])

    assert far_side.sent == []
