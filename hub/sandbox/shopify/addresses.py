"""Mailing addresses in their GraphQL shape and in the shape of webhooks."""

from __future__ import annotations

from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.shop import Shop

_COUNTRIES = {
    "AT": "Austria",
    "AU": "Australia",
    "BE": "Belgium",
    "CA": "Canada",
    "CH": "Switzerland",
    "DE": "Germany",
    "DK": "Denmark",
    "ES": "Spain",
    "FR": "France",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "IT": "Italy",
    "JP": "Japan",
    "NL": "Netherlands",
    "PL": "Poland",
    "PT": "Portugal",
    "SE": "Sweden",
    "US": "United States",
}
_KEYS = ["address1", "address2", "city", "company", "firstName", "lastName", "phone", "zip"]


def country_name(code: str | None) -> str | None:
    """The country's English name; its code where the sandbox has no name for it."""
    return _COUNTRIES.get(code or "", code)


def mailing_address(shop: Shop, given: Record | None) -> Record | None:
    """A MailingAddress of an input with the same keys."""
    if not given:
        return None
    code = given.get("countryCode")
    names = " ".join(part for part in (given.get("firstName"), given.get("lastName")) if part)
    area = ", ".join(
        part for part in (given.get("city"), given.get("provinceCode"), country_name(code)) if part
    )
    return {
        "__typename": "MailingAddress",
        "id": shop.new_gid("MailingAddress"),
        **{key: given.get(key) for key in _KEYS},
        "name": given.get("name") or names or None,
        "countryCode": code,
        "countryCodeV2": code,
        "country": given.get("country") or country_name(code),
        "provinceCode": given.get("provinceCode"),
        "province": given.get("province") or given.get("provinceCode"),
        "formattedArea": area or None,
        "latitude": None,
        "longitude": None,
    }


_SNAKE = {
    "address1": "address1",
    "address2": "address2",
    "city": "city",
    "company": "company",
    "country_code": "countryCode",
    "first_name": "firstName",
    "last_name": "lastName",
    "name": "name",
    "phone": "phone",
    "province": "province",
    "province_code": "provinceCode",
    "zip": "zip",
}


def input_of_person(given: Record | None) -> Record | None:
    """The input of a MailingAddress given by snake_case keys; raises ValueError for unknown ones."""
    if not given:
        return None
    unknown = sorted(set(given) - set(_SNAKE))
    if unknown:
        raise ValueError(f"an address has no {', '.join(unknown)}; it knows {', '.join(_SNAKE)}")
    return {_SNAKE[key]: value for key, value in given.items()}


def from_company_address(address: Record | None, company: str) -> Record | None:
    """The input of a MailingAddress that says what a CompanyAddress says."""
    if address is None:
        return None
    kept = {
        key: address[key] for key in ("address1", "address2", "city", "phone", "zip", "firstName", "lastName")
    }
    recipient = address["recipient"]
    return {
        **kept,
        "company": company,
        "name": recipient,
        "countryCode": address["countryCode"],
        "provinceCode": address["zoneCode"],
    }


def address_body(address: Record | None) -> Record | None:
    """As webhooks word an address of an order."""
    if address is None:
        return None
    return {
        "first_name": address["firstName"],
        "address1": address["address1"],
        "phone": address["phone"],
        "city": address["city"],
        "zip": address["zip"],
        "province": address["province"],
        "country": address["country"],
        "last_name": address["lastName"],
        "address2": address["address2"],
        "company": address["company"],
        "latitude": address["latitude"],
        "longitude": address["longitude"],
        "name": address["name"],
        "country_code": address["countryCode"],
        "province_code": address["provinceCode"],
    }


def input_of_body(body: Record | None) -> Record | None:
    """The input of a MailingAddress that a webhook's address describes."""
    if not body:
        return None
    kept = {ours: body.get(theirs) for theirs, ours in _SNAKE.items()}
    return {**kept, "country": body.get("country")}
