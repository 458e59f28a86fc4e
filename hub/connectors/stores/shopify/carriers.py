"""The carrier service of this app in one shop: a shop has one active carrier of an app, and asks it at the checkout."""

from __future__ import annotations

from collections.abc import Mapping

from hub.connectors.carrier_services import CarrierService
from hub.connectors.stores.shopify.client import (
    AdminClient,
    QueryRefused,
    Reply,
    ScopeMissing,
    payload_of,
    refusal,
)
from hub.connectors.stores.shopify.operations import Operation, operation
from hub.connectors.stores.shopify.paging import completed
from hub.connectors.stores.shopify.shapes import Node, flag, member, members, text
from hub.errors import RecordRejected

# (requests a minute, seconds): below so many the shop waits so long (DeliveryCarrierService of 2026-07).
_WAITS = ((1500, 10.0), (3000, 5.0))
_SHORTEST_WAIT = 3.0
ADVICE = (
    "Shopify asks other carriers on the Advanced plan and above, on the Shopify plan that is paid by the year or with "
    "the carrier feature added, and in development stores; a change of plan switches it off. Change the plan, or let "
    "the store own shipping (freight policy)."
)


def answers_within(requests_per_minute: int) -> float:
    """Seconds that a shop waits for rates at this rate of requests."""
    return next((wait for below, wait in _WAITS if requests_per_minute < below), _SHORTEST_WAIT)


class CarrierKeeper:
    """Lists, makes, changes and deletes carrier services. Safe to share between threads."""

    def __init__(self, client: AdminClient) -> None:
        self.client = client

    def _run(self, asking: Operation, variables: Mapping[str, object]) -> Reply:
        """A shop without scopes for shipping still has orders: that is refused, and breaks nothing else."""
        try:
            return self.client.run(asking, dict(variables))
        except ScopeMissing as error:
            raise RecordRejected(str(error)) from error

    def list_carriers(self) -> list[CarrierService]:
        """Every carrier service that the shop shows to this app."""
        whole = completed(self._page(None), self._page)
        return [_carrier(node) for node in members(whole, "nodes")]

    def _page(self, cursor: str | None) -> Node:
        reply = self._run(operation("CarrierServices"), {"after": cursor})
        return member(reply.data, "carrierServices")

    def create_carrier(self, name: str, address: str) -> CarrierService:
        """Make one, active. A merchant may have the shop ask it with dummy data (service discovery)."""
        given = {"name": name, "callbackUrl": address, "supportsServiceDiscovery": True, "active": True}
        return self._written(operation("CreateCarrierService"), given, "carrierServiceCreate")

    def update_carrier(self, external_id: str, name: str, address: str) -> CarrierService:
        """Name, address and activity; only the app that made it may do so."""
        given = {"id": external_id, "name": name, "callbackUrl": address, "active": True}
        return self._written(operation("UpdateCarrierService"), given, "carrierServiceUpdate")

    def _written(self, writing: Operation, given: dict[str, object], root: str) -> CarrierService:
        payload = payload_of(writing, self._run(writing, {"input": given}), root)
        if errors := members(payload, "userErrors"):
            raise refusal(writing, errors)
        return _carrier(member(payload, "carrierService"))

    def delete_carrier(self, external_id: str) -> None:
        """Delete one; one that is gone already is fine."""
        deleting = operation("DeleteCarrierService")
        try:
            reply = self._run(deleting, {"id": external_id})
        except QueryRefused as error:
            if error.code != "RESOURCE_NOT_FOUND":
                raise
            return
        errors = members(payload_of(deleting, reply, "carrierServiceDelete"), "userErrors")
        if errors and external_id in {one.external_id for one in self.list_carriers()}:
            raise refusal(deleting, errors)


def _carrier(node: Node) -> CarrierService:
    return CarrierService(
        external_id=text(node, "id"),
        name=text(node, "name"),
        address=text(node, "callbackUrl"),
        is_active=flag(node, "active"),
    )
