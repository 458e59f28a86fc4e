"""An ERP connector without a far side, for measuring the engine alone."""

from __future__ import annotations

from collections.abc import Mapping

from hub.connectors.base import Check, Connector, Limits


class SilentErp(Connector):
    """Plays no part; its limits are out of the way."""

    label = "Silent"
    config_fields = ()

    @classmethod
    def limits(cls, config: Mapping[str, str]) -> Limits:
        return Limits(points_per_second=1e6, burst=1e6, concurrency=50)

    @classmethod
    def credential_name(cls, config: Mapping[str, str]) -> str:
        return config["account"]

    def test(self) -> list[Check]:
        return []

    def close(self) -> None:
        return None
