from __future__ import annotations

import pytest

from hub.connectors.erps.tryton.places import (
    address_values,
    default_address,
    find_address,
    is_at,
    place_of,
)
from tests.connectors.tryton.far_side import address, address_row, party_row

FOUND = 2


def find(store_address, *rows):
    return find_address(party_row(**{"addresses.": list(rows) or [address_row()]}), place_of(store_address))


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"name": "Somebody Else", "phone": "+49 1"},
        {"company": "ADATUM gmbh"},
        {"company": "", "name": ""},
        {"line1": " Hauptstr.  1 ", "city": "köln"},
    ],
    ids=str,
)
def test_the_same_place_is_found(same):
    assert find(address(**same)) == FOUND


@pytest.mark.parametrize(
    "other",
    [
        {"company": "Adatum Filiale"},
        {"company": "", "name": "Rita Müller"},
        {"line1": "Hauptstr. 11"},
        {"line2": "Tor 3"},
        {"postal_code": "50668"},
        {"city": "Bonn"},
        {"country_code": "AT"},
    ],
    ids=str,
)
def test_another_place_is_not(other):
    assert find(address(**other)) is None


def test_the_second_line_and_a_comma_are_one_street():
    row = address_row(street="Hauptstr. 1\nTor 3")

    assert find(address(line2="Tor 3"), row) == FOUND
    assert find(address(line1="Hauptstr. 1, Tor 3"), row) == FOUND


def test_the_first_of_equal_addresses_is_taken():
    assert find(address(), address_row(id=4, city="Bonn"), address_row(id=5), address_row(id=6)) == 5


@pytest.mark.parametrize("code", ["IL", "US-IL"])
def test_a_province_is_compared_by_its_international_code(code):
    chicago = address(country_code="US", province_code=code, province="Illinois")
    row = address_row(**{"country.": {"id": 6, "code": "US"}})

    assert find(chicago, row | {"subdivision.": {"id": 3, "code": "US-IL"}}) == FOUND
    assert find(chicago, row | {"subdivision.": None}) == FOUND
    assert find(chicago, row | {"subdivision.": {"id": 4, "code": "US-NY"}}) is None


def test_a_new_address_is_found_again():
    place = place_of(address(company="Filiale Süd", line2="Tor 3", country_code="US", province_code="IL"))
    party = party_row()

    values = address_values(place, party, country=6, subdivision=3)

    assert values == {
        "party": 5,
        "party_name": "Filiale Süd",
        "street": "Hauptstr. 1\nTor 3",
        "postal_code": "50667",
        "city": "Köln",
        "country": 6,
        "subdivision": 3,
    }
    stored = values | {"id": 9, "country.": {"code": "US"}, "subdivision.": {"code": "US-IL"}}
    assert find_address(party | {"addresses.": [stored]}, place) == 9


def test_a_province_that_tryton_does_not_know_is_the_streets_last_line_and_found_again():
    place = place_of(address(country_code="US", province_code="ZZ", province="Zanzia"))
    party = party_row()

    values = address_values(place, party, country=6, subdivision=None)

    assert (values["street"], values["subdivision"], values["party_name"]) == (
        "Hauptstr. 1\nZanzia",
        None,
        "",
    )
    stored = values | {"id": 9, "country.": {"code": "US"}}
    assert find_address(party | {"addresses.": [stored]}, place) == 9
    assert is_at(address(country_code="US", line2="Zanzia"), place)
    assert not is_at(address(country_code="US", line2="Gate 3"), place)


def test_the_address_for_a_purpose_is_trytons_choice():
    first, invoice = address_row(id=1, invoice=False), address_row(id=2, delivery=False)
    party = party_row(**{"addresses.": [first, invoice]})

    assert (default_address(party, "invoice"), default_address(party, "delivery")) == (2, 1)
    assert default_address(party_row(**{"addresses.": []}), "invoice") is None
