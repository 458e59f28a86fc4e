from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccessConfig(AppConfig):
    name = "hub.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from hub.access.granting import grant_after_migrate

        post_migrate.connect(grant_after_migrate, dispatch_uid="concord roles")
