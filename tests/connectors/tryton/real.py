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


class Company:
    """One test's view of the company on the server."""

    def __init__(self, address):
        self.address = address
        self.office = Tryton(address)
        self.hooks = FreeHooks()
        self.opened = []
        self.erp = self.connector()

    def close(self):
        for erp in self.opened:
            erp.close()
        self.office.http.close()

    def connector(self, user=USER, password=PASSWORD, **config):
        """A connector for this server; all of a test share what the engine remembers."""
        settings = {"url": self.address, "database": DATABASE, "user": user, "web_shops": "Shopify"}
        made = Connector(settings | config, {"password": password}, self.hooks)
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

    def operations(self, method=None):
        """What the connector asked so far, in order."""
        return [record.operation for record in self.hooks.records]
