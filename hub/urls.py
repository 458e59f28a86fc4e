"""Which app answers where."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from hub import health, metrics
from hub.api import urls as engine
from hub.sync import webhooks
from orders import api as orders
from orders.freight import views as freight

api = [*orders.urlpatterns, *engine.urlpatterns]

urlpatterns = [
    path("api/v1/", include((api, "api"))),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
    path("carrier/<uuid:public_id>/rates", freight.rates, name="carrier_rates"),
    path("webhooks/<uuid:public_id>/", webhooks.receive, name="webhook"),
]
