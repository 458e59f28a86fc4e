"""Start-up checks: every flow can be imported and is documented, every connector can be loaded."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.core.checks import CheckMessage, Error

from hub.connectors.registry import CONNECTORS, connector_class
from hub.sync.flows import FLOWS, RECEIVERS, receiver

HEADINGS = ("Starts", "Reads", "Writes", "Repeat", "Review")


def check_flows(**_: Any) -> list[CheckMessage]:
    """Every flow on the map has a module with `run` and the five headings in its docstring."""
    found: list[CheckMessage] = []
    for name, flow in FLOWS.items():
        try:
            module = import_module(flow.path)
        except ImportError as error:
            found.append(Error(f"Flow {name}: {flow.path} cannot be imported: {error}", id="sync.E001"))
            continue
        words = module.__doc__ or ""
        missing = [heading for heading in HEADINGS if f"\n{heading}" not in words]
        if missing:
            found.append(Error(f"Flow {name}: its docstring lacks {', '.join(missing)}.", id="sync.E002"))
        if not callable(getattr(module, "run", None)):
            found.append(
                Error(f"Flow {name}: {flow.path} has no run(connection, record_id).", id="sync.E003")
            )
    return found


def check_receivers(**_: Any) -> list[CheckMessage]:
    """Every receiver of deliveries can be imported."""
    found: list[CheckMessage] = []
    for kind in RECEIVERS:
        try:
            receiver(kind)
        except (ImportError, AttributeError) as error:
            found.append(Error(f"Receiver {kind} cannot be loaded: {error}", id="sync.E004"))
    return found


def check_connectors(**_: Any) -> list[CheckMessage]:
    """Every registered connector can be loaded."""
    found: list[CheckMessage] = []
    for key in CONNECTORS:
        try:
            connector_class(key)
        except (ImportError, AttributeError) as error:
            found.append(Error(f"Connector {key} cannot be loaded: {error}", id="sync.E005"))
    return found
