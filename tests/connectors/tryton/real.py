"""The real Tryton as a test sees it: connectors to it, and a person who looks and works there by themselves."""

from __future__ import annotations

import itertools
import os
from datetime import UTC, datetime

import pytest

from hub.connectors.documents import OrderIdentity
from hub.connectors.erps.tryton.connector import Tryton as Connector
from hub.connectors.identity import identity_token
from hub.demo.tryton import tryton_server
from hub.demo.tryton.environment import TrytonUnavailable
from hub.demo.tryton.rpc import DATABASE, PASSWORD, USER, Tryton
from tests.connectors.tryton.far_side import document
from tests.fakes.hooks import FreeHooks

_orders = itertools.count(os.getpid() * 100_000)


@pytest.fixture(scope="session")
def tryton_address():
    """A server on a fresh copy of the prepared database; one line says why where it cannot be had."""
    try:
        with tryton_server() as address:
            yield address
    except TrytonUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def tryton_office(tryton_address):
    """A person at that server. Signing in takes a quarter of a second of hashing: once for all tests."""
    with Tryton(tryton_address) as office:
        yield office


class Company:
    """One test's view of the company on the server."""

    session = None
    """The hub's session at Tryton, kept from test to test as the engine keeps it."""

    def __init__(self, office, address):
        self.address = address
        self.office = office
        self.hooks = FreeHooks()
        self.hooks._token = Company.session
        self.opened = []
        self.erp = self.connector()

    def close(self):
        Company.session = self.hooks._token
        for erp in self.opened:
            erp.close()

    def connector(self, **other):
        """A connector for this server, as the hub's user with the session that is kept, or as somebody `other`."""
        settings = {"url": self.address, "database": DATABASE, "user": USER, "web_shops": "Shopify"}
        secret = other.pop("password", PASSWORD)
        is_ours = secret == PASSWORD and not other
        made = Connector(settings | other, {"password": secret}, self.hooks if is_ours else FreeHooks())
        self.opened.append(made)
        return made

    def document(self, **changes):
        """An order that was never sent, of today."""
        identity = OrderIdentity("EU", str(next(_orders)))
        return document(
            identity=identity,
            reference=identity_token(identity),
            order_date=datetime.now(UTC).date(),
            **changes,
        )

    def create(self, **changes):
        """Send a new order; answers with what the connector answers."""
        return self.erp.create_sales_order(self.document(**changes))

    def sale(self, external_id, *fields):
        """The sale as a person at Tryton sees it."""
        [row] = self.office.find("sale.sale", [["id", "=", int(external_id)]], *fields)
        return row

    def press(self, button, external_id):
        """A person presses a button on a sale."""
        self.office.call(f"model.sale.sale.{button}", [int(external_id)])

    def operations(self):
        """What the connector asked so far, in order."""
        return [record.operation for record in self.hooks.records]
