"""A shop whose answers a test scripts; the wire is httpx.MockTransport."""

from __future__ import annotations

import json
from collections import defaultdict, deque

import httpx

from hub.connectors.stores.shopify.connector import ShopifyStore
from tests.fakes import FreeHooks

CONFIG = {"shop_domain": "example.myshopify.com", "plan": "standard", "client_id": "app1"}
SECRETS = {"client_secret": "s3cret"}
END = {"hasNextPage": False, "endCursor": None}
BUCKET = {"maximumAvailable": 2000, "currentlyAvailable": 1900, "restoreRate": 100}


def cost(requested=10, actual=5, available=1900):
    return {
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": {**BUCKET, "currentlyAvailable": available},
    }


def more(cursor):
    return {"hasNextPage": True, "endCursor": cursor}


class ScriptedShop:
    """Answers each operation with what was scripted for it, in order; the last script repeats.

    A script is `data` (dict), a whole httpx.Response, an exception, or a function of the variables.
    """

    def __init__(self, config=None, secrets=None):
        self.scripts = defaultdict(deque)
        self.calls = []
        self.tokens = []
        self.hooks = FreeHooks()
        self.store = ShopifyStore(
            {**CONFIG, **(config or {})},
            secrets or SECRETS,
            self.hooks,
            transport=httpx.MockTransport(self.handle),
        )

    def script(self, operation, *answers):
        self.scripts[operation].extend(answers)
        return self

    def sent(self, operation):
        return [variables for name, variables in self.calls if name == operation]

    def handle(self, request):
        if request.url.path.endswith("/admin/oauth/access_token"):
            self.calls.append(("FetchToken", dict(httpx.QueryParams(request.content.decode()))))
            token = {
                "access_token": f"token-{len(self.sent('FetchToken'))}",
                "expires_in": 86399,
                "scope": "",
            }
            return (
                self.answer("FetchToken", None)
                if self.scripts["FetchToken"]
                else httpx.Response(200, json=token)
            )
        assert request.method == "POST"
        assert request.url.path.endswith("/admin/api/2026-07/graphql.json")
        body = json.loads(request.content)
        self.tokens.append(request.headers["x-shopify-access-token"])
        self.calls.append((body["operationName"], body["variables"]))
        return self.answer(body["operationName"], body["variables"])

    def answer(self, operation, variables):
        scripts = self.scripts[operation]
        assert scripts, f"{operation} was not expected"
        answer = scripts.popleft() if len(scripts) > 1 else scripts[0]
        if callable(answer):
            answer = answer(variables)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else good(answer)


def good(data, **extensions):
    headers = {"X-Shopify-API-Version": "2026-07", "X-Request-Id": "r1"}
    return httpx.Response(
        200, json={"data": data, "extensions": {"cost": cost(), **extensions}}, headers=headers
    )


def errors(code, message="no", data=None, **extensions):
    body = {"errors": [{"message": message, "extensions": {"code": code, **extensions}}]}
    if data is not None:
        body["data"] = data
    body["extensions"] = {"cost": cost(requested=500, actual=None, available=100)}
    return httpx.Response(200, json=body)
