"""The pages that have a picture, in the order in which docs/back-office.md shows them."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from screenshots.scene import Scene


@dataclass(frozen=True, slots=True)
class Picture:
    """A page's address; `press` names the button whose page is meant, `form` where its form is sent."""

    name: str
    address: str
    press: str = ""
    form: str = ""
    is_on_phone: bool = False


def pictures(scene: Scene) -> list[Picture]:
    """All of them, of this scene."""
    review = reverse("admin:sync_reviewitem_change", args=[scene.question])
    order = reverse("admin:orders_storeorder_change", args=[scene.order])
    store = reverse("admin:sync_store_change", args=[scene.store])
    mappings = reverse("admin:inventory_itemmapping_changelist")
    return [
        Picture("start", reverse("admin:index")),
        Picture("orders", reverse("admin:orders_storeorder_changelist")),
        Picture("order", order),
        Picture("held-order", reverse("admin:orders_storeorder_change", args=[scene.held_order])),
        Picture("reviews", reverse("admin:sync_reviewitem_changelist")),
        Picture("review", review),
        Picture("mappings", mappings),
        Picture("order-fields", reverse("admin:orders_orderfieldmapping_changelist")),
        Picture("mapping-import", reverse("admin:inventory_itemmapping_import")),
        Picture("connection", store),
        Picture(
            "connection-test",
            store,
            press="Test connection",
            form=reverse("admin:sync_store_test", args=[scene.store]),
        ),
        Picture("tasks", reverse("admin:sync_synctask_changelist")),
        Picture("api", reverse("api:docs")),
        Picture("phone-orders", reverse("admin:orders_storeorder_changelist"), is_on_phone=True),
        Picture("phone-order", order, is_on_phone=True),
        Picture("phone-review", review, is_on_phone=True),
        Picture("phone-mappings", mappings, is_on_phone=True),
    ]
