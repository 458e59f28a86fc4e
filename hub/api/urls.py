"""Addresses of the engine's part of the API. hub/urls.py puts those of the domain apps beside them."""

from __future__ import annotations

from django.urls import path

from hub.api import docs, flows, health, reviews

urlpatterns = [
    path("reviews", reviews.Reviews.as_view()),
    path("reviews/<str:review_id>", reviews.OneReview.as_view()),
    path("flows", flows.Flows.as_view()),
    path("health", health.Health.as_view()),
    path("openapi.json", docs.Description.as_view(), name="openapi"),
    path("docs", docs.Swagger.as_view(), name="docs"),
]
