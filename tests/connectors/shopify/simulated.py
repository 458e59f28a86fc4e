"""The connector speaking to the simulated store without sockets: the wire is httpx.MockTransport."""

from __future__ import annotations

import json

import httpx

from hub.connectors.stores.shopify.connector import ShopifyStore
from hub.sandbox.system import Request
from tests.connectors.shopify.scripted import CONFIG
from tests.fakes import FreeHooks


def connected(client, before=None):
    """A connector of the simulated store that this sandbox client holds; `before` each call is told its operation."""

    def handle(request):
        if before is not None:
            before(json.loads(request.content)["operationName"])
        headers = {key.lower(): value for key, value in request.headers.items()}
        asked = Request(request.method, request.url.path, "", headers, request.content)
        answer = client.store.handle(asked)
        return httpx.Response(answer.status, content=answer.body, headers=answer.headers)

    config = {**CONFIG, "auth": "static_token"}
    secrets = {"client_secret": "s3cret", "access_token": "sandbox"}
    return ShopifyStore(config, secrets, FreeHooks(), transport=httpx.MockTransport(handle))
