"""An ERP connector that can do nothing: for tests of the engine itself."""

from __future__ import annotations

from hub.connectors.base import Connector, Limits


class SilentErp(Connector):
    label = "Silent"
    config_fields = ()

    @classmethod
    def limits(cls, config):
        rate = float(config.get("rate", 1000))
        return Limits(points_per_second=rate, burst=rate, concurrency=int(config.get("concurrency", 20)))

    @classmethod
    def credential_name(cls, config):
        return config["account"]

    def test(self):
        return []

    def close(self):
        return None
