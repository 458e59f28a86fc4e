"""The first ownership matrix: what an order is belongs to the store, what became of it belongs to the ERP."""

from __future__ import annotations

from django.db import migrations

STORE_FIELDS = (
    "attributes",
    "cancellation",
    "contact",
    "lines",
    "note",
    "payment_state",
    "payment_terms",
    "po_number",
    "shipping_address",
    "shipping_charge",
    "shipping_method",
    "taxes",
)
ERP_FIELDS = ("erp_number", "erp_status")


def add_owners(apps, schema_editor):
    owner = apps.get_model("sync", "FieldOwner")
    rows = [owner(object="order", field=field, owner="store", on_conflict="review") for field in STORE_FIELDS]
    rows += [owner(object="order", field=field, owner="erp", on_conflict="owner") for field in ERP_FIELDS]
    owner.objects.bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("sync", "0001_start")]
    operations = [migrations.RunPython(add_owners, migrations.RunPython.noop)]
