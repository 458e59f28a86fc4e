"""Tokens, permissions, limits and customers of the simulated company, over real HTTP."""

from __future__ import annotations

import threading

import pytest

from hub.errors import ConnectionBroken, RateLimited, Unreachable
from tests.connectors.business_central.simulated import order
from tests.fakes.hooks import FreeHooks


def test_D1_tokens_that_end_in_the_middle_are_renewed_once(company):
    hooks = FreeHooks()
    erp = company.connect(hooks)
    erp.create_sales_order(order(0))
    company.act("expire_tokens")
    failures = []

    def send(number):
        try:
            erp.create_sales_order(order(number))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert hooks.fetches == 2
    assert len(company.orders()) == 5


def test_D4_a_changed_secret_breaks_the_connection(company):
    erp = company.connect()
    erp.create_sales_order(order())
    company.act("change_secret", secret="other", expire_tokens=True)

    with pytest.raises(ConnectionBroken, match="AADSTS7000215"):
        erp.create_sales_order(order(2))

    assert len(company.orders()) == 1


def test_E1_a_429_is_a_rate_limit_and_nothing_was_done(company):
    erp = company.connect()
    company.fault("status", "POST salesOrders", status=429, retry_after=3)

    with pytest.raises(RateLimited) as caught:
        erp.create_sales_order(order())

    assert caught.value.after == 3
    assert company.orders() == []


def test_a_503_to_a_read_is_tried_later(company):
    erp = company.connect()
    company.fault("status", "GET salesOrders", status=503)

    with pytest.raises(Unreachable):
        erp.find_sales_orders([order().reference])


def test_D6_a_revoked_permission_breaks_the_connection_and_shows_in_the_test(company):
    erp = company.connect()
    company.act("revoke_permission", set="salesOrders")

    with pytest.raises(ConnectionBroken, match="permission"):
        erp.create_sales_order(order())

    assert [check.name for check in erp.test() if not check.is_ok] == ["Read salesOrders"]


def test_a_good_company_passes_the_connection_test(company):
    assert [check.name for check in company.connect().test() if not check.is_ok] == []


def test_customers_are_found_by_each_key(company):
    erp = company.connect()

    by_number = erp.customers_by_number(["C1", "C999"])
    by_tax_id = erp.customers_by_tax_id("de123456789")
    by_email = erp.customers_by_email("Buyer@adatum.de")

    assert [each.number for each in by_number] == ["C1"]
    assert by_number == by_tax_id == by_email
    assert (by_number[0].currency, by_number[0].is_blocked) == ("EUR", False)
