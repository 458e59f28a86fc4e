"""The ERPs that the demonstration, chaos runs and benchmarks can be played with: `make demo ERP=…`."""

from __future__ import annotations

from hub.demo.erps.business_central import BusinessCentralSide
from hub.demo.erps.far_erp import FarErp
from hub.demo.erps.netsuite import NetSuiteSide
from hub.demo.erps.tryton import TrytonSide

DEFAULT = BusinessCentralSide.system
FAR_ERPS: dict[str, type[FarErp]] = {
    far.system: far for far in (BusinessCentralSide, NetSuiteSide, TrytonSide)
}


def far_erp(system: str = DEFAULT) -> FarErp:
    """The far side of the ERP with this connector's key; raises KeyError for one that is not here."""
    return FAR_ERPS[system]()
