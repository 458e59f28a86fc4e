from __future__ import annotations

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Inventory asks orders for what they promise of stock."""
        from inventory.demand import register
        from orders.demand import uncontained

        register(uncontained)
