"""Which ERPs are under test, which cells each has, and what becomes of each capability."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from hub.connectors.base import Connector
from hub.connectors.capabilities import Capability
from hub.connectors.credits import Credits, ReturnOrders
from hub.connectors.erp_parts import AccountLimits, Confirmation, Customers, NewCustomers, SalesOrders
from hub.connectors.held_orders import HeldOrders
from hub.connectors.order_changes import OrderCancellation, OrderEditing
from hub.connectors.quotes import Quotes
from hub.connectors.sales_documents import SalesDocuments
from hub.connectors.shipment_documents import Shipments
from hub.connectors.stock import Stock
from hub.connectors.subscriptions import Notices
from tests.conformance import (
    cancel_cells,
    change_cells,
    confirm_cells,
    credit_cells,
    customer_cells,
    document_cells,
    hold_cells,
    order_cells,
    quote_cells,
    shipment_cells,
    stock_cells,
    together_cells,
    webhook_cells,
)
from tests.conformance.cells import CELLS
from tests.conformance.erp import ErpUnderTest
from tests.conformance.situations import CANNOT_APPLY, Cell, Situation

FOLDER = Path(__file__).parent / "erps"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
MEANT = (
    cancel_cells,
    change_cells,
    confirm_cells,
    credit_cells,
    customer_cells,
    document_cells,
    hold_cells,
    order_cells,
    quote_cells,
    shipment_cells,
    stock_cells,
    together_cells,
    webhook_cells,
)
"""Importing them fills CELLS."""
PARTS = {
    Capability.CREATE_ORDER: SalesOrders,
    Capability.CANCEL_ORDER: OrderCancellation,
    Capability.CHANGE_ORDER: OrderEditing,
    Capability.FIND_ORDER: SalesOrders,
    Capability.READ_TOTALS: SalesOrders,
    Capability.READ_ORDER_WHOLE: SalesDocuments,
    Capability.FOLLOW_ORDERS: SalesOrders,
    Capability.CONFIRM_ORDER: Confirmation,
    Capability.HOLD_ORDER: HeldOrders,
    Capability.QUOTES: Quotes,
    Capability.FIND_CUSTOMER_BY_NUMBER: Customers,
    Capability.FIND_CUSTOMER_BY_TAX_ID: Customers,
    Capability.FIND_CUSTOMER_BY_EMAIL: Customers,
    Capability.CREATE_CUSTOMER: NewCustomers,
    Capability.READ_LIMITS: AccountLimits,
    Capability.READ_SHIPMENTS: Shipments,
    Capability.FOLLOW_SHIPMENTS: Shipments,
    Capability.TRACKING_NUMBERS: Shipments,
    Capability.UNDO_SHIPMENT: Shipments,
    Capability.READ_STOCK: Stock,
    Capability.FOLLOW_STOCK: Stock,
    Capability.CREDIT_MEMO: Credits,
    Capability.FOLLOW_CREDITS: Credits,
    Capability.RETURN_ORDER: ReturnOrders,
    Capability.FOLLOW_RETURNS: ReturnOrders,
    Capability.TELL_CHANGES: Notices,
}
UNTOLD = (Capability.SIGN_IN, Capability.PRICES_WITH_TAX)
"""Nothing but their cells says whether they are there."""
NEEDED = {
    Capability.CREATE_TOGETHER: "together",
    Capability.SUB_CUSTOMERS: "plant_sub_customer",
    Capability.PICKING: "pick",
    Capability.DELIVERY: "deliver",
    Capability.DROP_SHIPMENTS: "ask_vendor",
}


def module_of(name: str) -> ModuleType:
    """The module that describes an ERP under test."""
    return import_module(f"tests.conformance.erps.{name}")


def connector_of(name: str) -> type[Connector]:
    """Its connector."""
    return module_of(name).UNDER_TEST.connector


def has_a_way(name: str, capability: Capability) -> bool:
    """Whether there is any way to ask this ERP for a capability, whatever its connector says of it."""
    connector, under_test = connector_of(name), module_of(name).UNDER_TEST
    if capability in PARTS:
        return issubclass(connector, PARTS[capability])
    if capability is Capability.FILL_FIELDS:
        return issubclass(connector, SalesOrders) and bool(connector.order_fields({}))
    # The far side has such a thing where the description of the ERP knows how to make or to ask for it.
    needed = NEEDED.get(capability)
    return needed is None or getattr(under_test, needed) is not getattr(ErpUnderTest, needed)


def dash(name: str, cell: Cell) -> str:
    """Why a cell has no test for this ERP; empty where it has one."""
    unsupported = connector_of(name).unsupported_capabilities
    return (
        unsupported.get(cell[0]) or CANNOT_APPLY.get(cell) or module_of(name).UNDER_TEST.exempt.get(cell, "")
    )


def every_cell() -> Iterator[Cell]:
    """All cells, row by row."""
    return ((capability, situation) for capability in Capability for situation in Situation)


def cells_of(name: str) -> list[Cell]:
    """The cells that have a test for this ERP."""
    return [cell for cell in every_cell() if not dash(name, cell)]


def cells_without_meaning() -> list[Cell]:
    """Cells that have neither a test nor a reason, or both."""
    return [cell for cell in every_cell() if (cell in CELLS) == (cell in CANNOT_APPLY)]
