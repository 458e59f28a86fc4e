"""Unfold's site, which works out on every page what few pages show: here that waits until it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

if TYPE_CHECKING:
    # Unfold comes without types, and its site is Django's with another face.
    from django.contrib.admin import AdminSite

    class UnfoldAdminSite(AdminSite):
        """What we take over of it."""

        def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
            """The menu."""
            raise NotImplementedError
else:
    from unfold.sites import UnfoldAdminSite


class BackOffice(UnfoldAdminSite):
    """All pages of the back office. With eighty models its two lists took longer than most pages."""

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Every page that the reader may open, by app: nothing but the pages of single apps shows it."""
        apps = super().get_app_list
        return cast(list[Any], SimpleLazyObject(lambda: apps(request, app_label)))

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The menu; a file, an answer without a page and a redirect have none."""
        menu = super().get_sidebar_list
        return cast(list[dict[str, Any]], SimpleLazyObject(lambda: menu(request)))
