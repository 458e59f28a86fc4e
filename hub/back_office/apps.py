"""Django's admin with our site."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    """Stands in INSTALLED_APPS for the admin itself."""

    default_site = "hub.back_office.site.BackOffice"
