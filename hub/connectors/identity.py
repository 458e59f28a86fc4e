"""The machine identity of a store order as text, the same in every ERP: store code, dash, order id in base 36, check.

    A1-24KD131Q3IE

5 to 20 characters of A-Z, 0-9 and one dash, so that it fits fields that keep upper case only. Identities that people
typed are told from ours by form and check characters (ISO/IEC 7064 MOD 1271-36: one mistyped or two swapped characters
never pass, and of foreign codes that happen to have the form, one in 1271 does). How a document carries it is each
ERP's own recipe.
"""

from __future__ import annotations

import re

from hub.connectors.documents import OrderIdentity

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MODULUS, _RADIX = 1271, 36
_STORE_CODE = re.compile(r"[A-Z0-9]{1,4}")
_ORDER_ID = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)
_TOKEN = re.compile(r"([A-Z0-9]{1,4})-([1-9A-Z][0-9A-Z]{0,12})([0-9A-Z]{2})")
_LARGEST_ORDER_ID = 2**64 - 1


def identity_token(identity: OrderIdentity) -> str:
    """The identity as every reference carries it: 5 to 20 characters of A-Z, 0-9 and one dash.

    An order id counts by its number, what follows its last slash: "gid://…/Order/123" and "123" are one
    order, and `identity_of_token` answers with the number.
    Raises ValueError for a store code that is not 1 to 4 of A-Z and 0-9, or an order id that is no number.
    """
    order_id = identity.order_id.rpartition("/")[2]
    if not _STORE_CODE.fullmatch(identity.store_code):
        raise ValueError(f"store code {identity.store_code!r} is not 1 to 4 of A-Z and 0-9")
    if not _ORDER_ID.fullmatch(order_id) or int(order_id) > _LARGEST_ORDER_ID:
        raise ValueError(f"order id {order_id!r} is not a plain number of at most 64 bits")
    number = _base36(int(order_id))
    return f"{identity.store_code}-{number}{_check_characters(identity.store_code + number)}"


def identity_of_token(text: str) -> OrderIdentity | None:
    """The identity that this text is the token of, or None where it is not one of ours."""
    found = _TOKEN.fullmatch(text.strip())
    if found is None:
        return None
    store_code, number, check = found.groups()
    order_id = int(number, _RADIX)
    if check != _check_characters(store_code + number) or order_id > _LARGEST_ORDER_ID:
        return None
    return OrderIdentity(store_code, str(order_id))


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, _RADIX)
        digits = _DIGITS[digit] + digits
    return digits


def _check_characters(core: str) -> str:
    """ISO/IEC 7064 MOD 1271-36: the whole string, read in base 36, leaves 1 when divided by 1271."""
    high, low = divmod((1 - int(core, _RADIX) * _RADIX**2) % _MODULUS, _RADIX)
    return _DIGITS[high] + _DIGITS[low]
