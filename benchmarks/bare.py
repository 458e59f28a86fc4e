"""The least that a webhook door can do in Django: check the HMAC, one `objects.create` of the same body."""

from __future__ import annotations

import base64
import hashlib
import hmac

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from benchmarks.stage import SECRET
from hub.sync.models import WebhookDelivery


@csrf_exempt
def receive(request: HttpRequest, connection_id: int) -> HttpResponse:
    """Store the body in the table that the real door writes to; no worker runs meanwhile."""
    digest = hmac.new(SECRET.encode(), request.body, hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(digest).decode(), request.headers["X-Shopify-Hmac-Sha256"]):
        return HttpResponse(status=401)
    WebhookDelivery.objects.create(
        connection_id=connection_id,
        topic=request.headers["X-Shopify-Topic"],
        webhook_id=request.headers["X-Shopify-Webhook-Id"],
        body=request.body,
    )
    return HttpResponse(status=200)
