"""Sign-in, permissions, limits and customers against the simulated account, over real HTTP."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from hub.connectors.base import ObservedLimits
from hub.connectors.customer_documents import NewCustomer
from hub.errors import CodeUnknown, ConnectionBroken
from tests.connectors.netsuite.far_side import PEM, address
from tests.connectors.netsuite.simulated import CERTIFICATE, order
from tests.fakes.hooks import FreeHooks

TOKENS = {"authentication": "tokens", "consumer_key": "sandbox", "token_id": "sandbox"}
SECRETS = {"consumer_secret": "sandbox", "token_secret": "sandbox"}
NEW = NewCustomer(
    reference="A1-LOC-77",
    name="Kiel",
    company_name="Nordwind GmbH",
    tax_registration_id="DE811128135",
    email="kiel@nordwind.example",
    phone="0431 1",
    currency="EUR",
    address=address(),
)


def problems(checks):
    return {check.name: check.detail for check in checks if not check.is_ok}


@pytest.mark.parametrize(
    ("config", "secrets"), [({}, None), (TOKENS, SECRETS)], ids=["certificate", "tokens"]
)
def test_both_ways_to_sign_in_create_and_read_an_order(account, config, secrets):
    erp = account.connect(secrets=secrets, **config)

    created = erp.create_sales_order(order())

    assert problems(erp.test()) == {}
    assert erp.read_sales_orders([created.external_id])[0].reference == order().reference


def test_an_RSA_certificate_signs_in_as_well(open_account):
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    account = open_account(certificates={"kid-1": public})

    assert problems(account.connect(secrets={"private_key": pem}).test()) == {}


def test_D1_tokens_that_all_end_are_renewed_once(account):
    hooks = FreeHooks()
    erp = account.connect(hooks)
    erp.create_sales_order(order(1))
    account.act("expire_tokens")

    erp.create_sales_order(order(2))
    erp.create_sales_order(order(3))

    assert len(account.orders()) == 3
    assert hooks.fetches == 2


@pytest.mark.parametrize(
    ("config", "secrets"),
    [
        ({"certificate_id": "kid-2"}, None),
        ({"client_id": "another"}, None),
        (TOKENS, SECRETS | {"token_secret": "wrong"}),
        (TOKENS | {"account_id": "OTHER"}, SECRETS),
    ],
    ids=["certificate", "client", "secret", "realm"],
)
def test_D4_wrong_credentials_break_the_connection_and_are_told_in_a_test(account, config, secrets):
    erp = account.connect(secrets=secrets, **config)

    with pytest.raises(ConnectionBroken):
        erp.create_sales_order(order())
    (check,) = erp.test()

    assert (check.name, check.is_ok) == ("Sign in", False)
    assert account.orders() == []


def test_a_certificate_that_was_revoked_is_told(account):
    erp = account.connect()
    erp.get_ready()
    account.act("rotate_certificate", revoke="kid-1", expire_tokens=True)

    assert "certificate may have expired or been revoked" in erp.test()[0].detail

    account.act("rotate_certificate", id="kid-1", pem=CERTIFICATE)
    assert problems(account.connect(secrets={"private_key": PEM.replace("\n", "")}).test()) == {}


def test_secrets_that_were_changed_are_told(account):
    erp = account.connect(secrets=SECRETS, **TOKENS)
    account.act("change_secret", token_secret="new")

    assert "does not accept the credentials" in erp.test()[0].detail


@pytest.mark.parametrize(
    ("permission", "failing"),
    [
        ("Lists -> Customers", ["Read customer"]),
        ("Lists -> Items", ["Read item"]),
    ],
)
def test_D6_a_permission_that_was_taken_away_is_named(account, permission, failing):
    account.act("revoke_permission", permission=permission)

    found = problems(account.connect().test())

    assert set(failing) <= set(found)
    assert permission in found[failing[0]]
    assert "Setup > Users/Roles" in found[failing[0]]


def test_D6_orders_without_the_permission_break_the_connection_by_its_name(account):
    account.act("revoke_permission", permission="Transactions -> Sales Order")

    erp = account.connect()

    with pytest.raises(ConnectionBroken, match="permission 'Transactions -> Sales Order'"):
        erp.create_sales_order(order())
    assert "Sales orders" in problems(erp.test())


@pytest.mark.parametrize(("is_admin", "expected"), [(True, 15), (False, None)])
def test_limits_are_told_to_administrators_only(open_account, is_admin, expected):
    account = open_account(is_admin_role=is_admin, concurrency=15)

    assert account.connect().read_limits() == ObservedLimits(concurrency=expected)


def test_a_wrong_time_zone_is_found(open_account):
    account = open_account(timezone="Europe/Berlin")
    account.connect().create_sales_order(order())

    assert list(problems(account.connect().test())) == ["Time zone"]
    assert problems(account.connect(time_zone="Europe/Berlin").test()) == {}


def test_customers_are_found_by_all_that_identifies_them(account):
    erp = account.connect()

    (by_number,) = erp.customers_by_number(["c1"])
    (by_tax_id,) = erp.customers_by_tax_id("DE123456789")
    (by_email,) = erp.customers_by_email("buyer@ADATUM.de")
    (sub_customer,) = erp.customers_by_number(["C2"])

    assert by_number == by_tax_id == by_email
    assert (by_number.name, by_number.currency, by_number.is_blocked) == ("Adatum", "EUR", False)
    assert (by_number.parent_number, sub_customer.parent_number) == ("", "C1")
    assert erp.customers_by_number(["x' OR 1=1 --"]) == []


def test_an_inactive_customer_is_seen_and_refused(account):
    erp = account.connect()
    account.act("set_customer_inactive", name="C1")

    assert erp.customers_by_number(["C1"])[0].is_blocked


def test_a_customer_is_created_once_and_takes_orders(account):
    erp = account.connect(subsidiary="Concord Trading")

    made = erp.create_customer(NEW)
    again = erp.create_customer(NEW)
    erp.create_sales_order(order(customer_number=made.number))

    assert made == again
    assert (made.name, made.tax_registration_id, made.email) == (
        "Nordwind GmbH",
        NEW.tax_registration_id,
        NEW.email,
    )
    assert erp.customers_by_reference([NEW.reference]) == [made]
    (kept,) = [each for each in account.truth()["customers"] if each["id"] == made.external_id]
    assert len(kept["addressBook"]) == 1
    assert account.orders()[0]["entityName"] == made.number


def test_a_sub_customer_is_created_below_its_parent(account):
    erp = account.connect(subsidiary="Concord Trading")

    made = erp.create_customer(
        NewCustomer("R-2", "Lübeck", "Adatum", "", "", "", "EUR", None, parent_number="C1")
    )

    assert (made.name, made.parent_number) == ("Lübeck", "C1")
    with pytest.raises(CodeUnknown):
        erp.create_customer(NewCustomer("R-3", "X", "", "", "", "", "EUR", None, parent_number="C99"))
