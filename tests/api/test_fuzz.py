"""The whole API against what it says of itself: Schemathesis makes requests that fit, and many that do not."""

from __future__ import annotations

import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
OPERATIONS = [found.ok() for found in schema.get_all_operations()]
# Schemathesis' own decorator gives all operations one name, of which a run in several processes tests the first alone.
operations = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)


@pytest.fixture
def key_of_a_partner(transactional_db, world, socket_enabled):
    """There are orders of every kind, so that answers have something in them; the key reads everything."""
    for _ in range(3):
        world.ask(world.sent())
        world.ask(world.order())
    return world.key()


def may_be_refused(case):
    """Which texts are cursors of ours no pattern says, nor that none has a NUL, nor what may not be empty in a body."""
    query = case.query or {}
    return "cursor" in query or case.method == "POST" or "\0" in "".join(map(str, query.values()))


@operations
def test_no_request_breaks_what_the_description_promises(operation, live_server, key_of_a_partner):
    fitting, other = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

    @settings(
        max_examples=30,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(fitting | other)
    def holds(case):
        case.call_and_validate(
            base_url=live_server.url,
            headers={"Authorization": f"Bearer {key_of_a_partner}"},
            excluded_checks=[positive_data_acceptance] if may_be_refused(case) else [],
        )

    holds()


def test_every_operation_is_asked():
    assert len({operation.label for operation in OPERATIONS}) == len(OPERATIONS) >= 14
