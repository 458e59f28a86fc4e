"""Which simulated systems run, how they are made, and which path belongs to which."""

from __future__ import annotations

import importlib
import re
from typing import Any
from urllib.parse import unquote

from hub.sandbox.system import System

DEFAULT = "default"
STORE, ERP = "store", "erp"
# Named by module path, so that the server also runs where one of them is not installed.
CLASSES = {
    STORE: "hub.sandbox.shopify.store:ShopifyStore",
    ERP: "hub.sandbox.business_central.company:BusinessCentralCompany",
}
# What a system of a kind may be: the option `dialect` names it, the class above is the default.
DIALECTS = {
    (ERP, "business_central"): CLASSES[ERP],
    (ERP, "netsuite"): "hub.sandbox.netsuite.account:NetSuiteAccount",
    (ERP, "relay"): "hub.sandbox.relay.relay:Relay",
}
_NAMED = re.compile(r"/(?P<where>stores|erps)/(?P<name>[A-Za-z0-9_.-]{1,64})(?P<rest>/.*)")
_KIND_OF = {"stores": STORE, "erps": ERP}
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Registry:
    """All systems by kind and name. A system is made by its first mention, in the profile given here."""

    def __init__(self, profile: str, time_scale: float) -> None:
        self.profile = profile
        self.time_scale = time_scale
        self.systems: dict[tuple[str, str], System] = {}
        self.time_scales: dict[tuple[str, str], float] = {}

    def add(self, system: System) -> None:
        """Serve a system made elsewhere, as it is."""
        self.systems[system.kind, system.name] = system

    def get(self, kind: str, name: str) -> System:
        """The system of that name, made now if nobody asked for it before.

        Raises ValueError for an unknown kind.
        """
        found = self.systems.get((kind, name))
        return found if found is not None else self.create(kind, name, {})

    def create(self, kind: str, name: str, options: dict[str, Any]) -> System:
        """A fresh system in place of any of that name.

        `time_scale` among the options divides webhook retry times, `dialect` says what it speaks.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is no name for a system: letters, digits, dot, dash and underscore, at most 64"
            )
        given = dict(options)
        time_scale = given.pop("time_scale", self.time_scale)
        if not isinstance(time_scale, int | float) or time_scale <= 0:
            raise ValueError(f"time_scale must be a number above 0, not {time_scale!r}")
        profile = given.pop("profile", self.profile)
        system: System = _class_of(kind, given.pop("dialect", ""))(name, given)
        system.reset(profile)
        self.systems[kind, name] = system
        self.time_scales[kind, name] = time_scale
        return system

    def locate(self, path: str) -> tuple[System, str, str] | None:
        """The system a raw request path belongs to, its root, and the decoded path below that."""
        named = _NAMED.fullmatch(path)
        if named:
            root = f"/{named['where']}/{named['name']}"
            return self.get(_KIND_OF[named["where"]], named["name"]), root, unquote(named["rest"])
        if path.startswith("/admin/"):
            return self.get(STORE, DEFAULT), "", unquote(path)
        if path.startswith(("/v2.0/", "/services/rest/")) or path.endswith("/oauth2/v2.0/token"):
            return self.get(ERP, DEFAULT), "", unquote(path)
        return None

    def matching(self, kind: str | None, name: str | None) -> list[System]:
        """The systems that run, of one kind or name or of all, in the order they were made."""
        return [
            system
            for (its_kind, its_name), system in self.systems.items()
            if kind in (None, its_kind) and name in (None, its_name)
        ]

    def time_scale_of(self, system: System) -> float:
        """What webhook retry times of this system are divided by."""
        return self.time_scales.get((system.kind, system.name), self.time_scale)


def is_available(kind: str) -> bool:
    """Whether the class of this kind of system can be imported."""
    try:
        _class_of(kind)
    except ValueError:
        return False
    return True


def _class_of(kind: str, dialect: str = "") -> Any:
    if kind not in CLASSES:
        raise ValueError(f'unknown kind {kind!r}; there are "store" and "erp"')
    if dialect and (kind, dialect) not in DIALECTS:
        known = ", ".join(sorted(name for its_kind, name in DIALECTS if its_kind == kind)) or "none"
        raise ValueError(f"no {kind} has the dialect {dialect!r}; there are {known}")
    module_name, class_name = DIALECTS.get((kind, dialect), CLASSES[kind]).split(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise ValueError(f"this sandbox has no {kind}s: {module_name} is not there") from error
    return getattr(module, class_name)
