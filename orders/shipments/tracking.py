"""Parcels as a store shows them: numbers, addresses, and the carrier under the name that the store knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.connectors.fulfilments import Tracking
from hub.connectors.shipment_documents import ErpShipment, Parcel
from hub.sync.models import Connection
from orders.models import CarrierMapping


def tracking_of(shipment: ErpShipment, store: Connection, erp: Connection) -> Tracking:
    """The tracking of a shipment; carriers that were not met before get an empty mapping row."""
    parcels = [parcel for parcel in shipment.parcels if parcel.tracking_number]
    carriers = {carrier_of(shipment, parcel) for parcel in parcels} - {""}
    if not parcels:
        return Tracking()
    rows = CarrierMapping.objects.filter(store=store, erp=erp, carrier__in=carriers)
    known = dict(rows.values_list("carrier", "company"))
    new = [CarrierMapping(store=store, erp=erp, carrier=carrier) for carrier in sorted(carriers - set(known))]
    CarrierMapping.objects.bulk_create(new, ignore_conflicts=True)
    return shown(shipment, parcels, known)


def shown(shipment: ErpShipment, parcels: Sequence[Parcel], companies: Mapping[str, str]) -> Tracking:
    """A fulfilment has one company: where parcels went with several, all are named.

    Addresses are told only where there is one for each parcel, since the store pairs them by place.
    """
    names = [
        companies.get(carrier_of(shipment, parcel)) or parcel.carrier_name or parcel.carrier_code
        for parcel in parcels
    ]
    urls = tuple(parcel.url for parcel in parcels)
    return Tracking(
        company=" / ".join(dict.fromkeys(name for name in names if name)),
        numbers=tuple(parcel.tracking_number for parcel in parcels),
        urls=urls if all(urls) else (),
    )


def carrier_of(shipment: ErpShipment, parcel: Parcel) -> str:
    """What the mapping knows the carrier by: its code, else its name, else the shipping method's code."""
    return (parcel.carrier_code or parcel.carrier_name or shipment.shipping_method_code)[:100]


def says_the_same(ours: Tracking, theirs: Tracking) -> bool:
    """Whether the store shows what the shipment says; what the store added itself does not count."""
    return (
        ours.numbers == theirs.numbers
        and ours.company in ("", theirs.company)
        and ours.urls in ((), theirs.urls)
    )
