from __future__ import annotations

from django.apps import AppConfig
from django.core import checks
from django.db.backends.signals import connection_created


class SyncConfig(AppConfig):
    name = "hub.sync"
    label = "sync"
    verbose_name = "Hub"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from hub.sync.changed_by import greet
        from hub.sync.checks import check_connectors, check_flows, check_receivers

        for check in (check_flows, check_receivers, check_connectors):
            checks.register(check)
        connection_created.connect(greet, dispatch_uid="concord origin")
