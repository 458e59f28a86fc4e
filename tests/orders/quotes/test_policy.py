from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from hub.sync.models import Connection
from orders.models import QuotePolicy


def test_an_erp_that_makes_no_quotes_is_refused_with_its_reason():
    QuotePolicy(erp=Connection(system="netsuite")).clean()

    with pytest.raises(ValidationError, match="Tryton: a quotation is the sale itself"):
        QuotePolicy(erp=Connection(system="tryton")).clean()
