"""The door where a store's checkout asks for freight. Everything signed is answered 200 with rates that can be read.

Unsigned or for an unknown store: 401 or 404. Whatever is wrong with a signed request, or with those who know prices,
ends in fewer rates, never in an error; and never later than the store waits.
"""

from __future__ import annotations

import logging
import time
import uuid

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from hub.connectors.freight import FreightOffer
from orders.freight import traffic
from orders.freight.quoting import or_else, quoted
from orders.freight.standing import NO_DATABASE, Standing, standing_of

logger = logging.getLogger(__name__)

# Two thousand lines with properties are below this.
BODY_LIMIT = 2 * 1024 * 1024
# For the way here and back, and for what stands before the first line of this view.
MARGIN = 0.75
BACKUP_RATES = 503


@csrf_exempt
@require_POST
def rates(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Answer one rate request of the store with this public id."""
    began = time.monotonic()
    try:
        standing = standing_of(public_id)
    except NO_DATABASE:
        # Nothing is known of anybody, not even whose signature to expect: the store uses its backup rates.
        return HttpResponse(status=BACKUP_RATES)
    if standing is None:
        return HttpResponse(status=404)
    body = _signed_body(request, standing)
    rate = or_else(0, lambda: traffic.count(standing.store_id, is_refused=body is None))
    if body is None:
        return HttpResponse(status=401)
    ends_at = began + standing.speaks.answers_within(rate) - MARGIN
    return _answer(standing, _offers(standing, body, ends_at))


def _signed_body(request: HttpRequest, standing: Standing) -> bytes | None:
    """The raw body where the store signed it; None for everything else, also for what is too large to be read."""
    try:
        body = request.read(BODY_LIMIT + 1)
    except UnreadablePostError:
        return None
    headers = {key.lower(): value for key, value in request.headers.items()}
    if len(body) > BODY_LIMIT or not standing.signs.is_signed(headers, body, standing.keys):
        return None
    told = standing.signs.read_headers(headers).account
    return body if told.casefold() in ("", standing.account.casefold()) else None


def _offers(standing: Standing, body: bytes, ends_at: float) -> list[FreightOffer]:
    if not standing.answers:
        return []
    try:
        question = standing.speaks.parse_rate_request(body)
    except ValueError as error:
        logger.warning("freight cannot be quoted", extra={"store": standing.store_code, "why": str(error)})
        return []
    return quoted(standing, question, ends_at)


def _answer(standing: Standing, offers: list[FreightOffer]) -> HttpResponse:
    content = standing.speaks.rate_answer(offers, standing.today())
    return HttpResponse(content, content_type="application/json")
