"""An ERP connector that can do nothing: for tests of the engine itself."""

from __future__ import annotations

from hub.connectors.base import Connector, Limits
from hub.connectors.capabilities import Capability


class SilentErp(Connector):
    """What its settings say that it `cannot` do, it says itself."""

    label = "Silent"
    config_fields = ()

    @classmethod
    def limits(cls, config):
        rate = float(config.get("rate", 1000))
        return Limits(points_per_second=rate, burst=rate, concurrency=int(config.get("concurrency", 20)))

    @classmethod
    def credential_name(cls, config):
        return config["account"]

    @classmethod
    def missing_capabilities(cls, config):
        return {Capability(name): "It is silent" for name in config.get("cannot", ())}

    def test(self):
        return []

    def close(self):
        return None
