"""Which value of a document Business Central has no record for, where its refusal says so.

It says "The Item does not exist. Identification fields and values: No.='X'", with the table's caption in English (the
client asks for it). A value counts only where the document holds it in that place: nothing is guessed from words.
"""

from __future__ import annotations

import re

from hub.connectors.documents import LineKind, SalesOrder
from hub.errors import CodeKind, CodeUnknown, RecordRejected, UnknownCode

_NO_RECORD = re.compile(
    r"The (?P<table>[^.]+) does not exist\. Identification fields and values: (?P<keys>.+)"
)
_VALUE = re.compile(r"(?:No\.|Code)='([^']*)'")
_NO_CUSTOMER = re.compile(r"The (?:[\w-]+ )?customer cannot be found")
_KINDS = {
    "Item": CodeKind.ITEM,
    "G/L Account": CodeKind.CHARGE,
    "Item Charge": CodeKind.CHARGE,
    "Tax Group": CodeKind.TAX_CODE,
    "VAT Product Posting Group": CodeKind.TAX_CODE,
}


def explained(error: RecordRejected, document: SalesOrder) -> RecordRejected:
    """The refusal as CodeUnknown where it names a value of the document that is not there, else as it is."""
    words = str(error.evidence.get("message", ""))
    if _NO_CUSTOMER.match(words):
        code = UnknownCode(CodeKind.CUSTOMER, document.customer_number)
        return CodeUnknown(str(error), codes=[code], evidence=error.evidence)
    found = _NO_RECORD.search(words)
    kind = _KINDS.get(found["table"]) if found else None
    if found is None or kind is None:
        return error
    values = {value.upper() for value in _VALUE.findall(found["keys"])}
    codes = [UnknownCode(kind, code) for code in _codes(document, kind) if code.upper() in values]
    return CodeUnknown(str(error), codes=codes, evidence=error.evidence) if codes else error


def _codes(document: SalesOrder, kind: CodeKind) -> list[str]:
    """The document's values of this kind, each once."""
    if kind is CodeKind.TAX_CODE:
        return list(dict.fromkeys(line.tax_code for line in document.lines if line.tax_code))
    is_item = kind is CodeKind.ITEM
    lines = [line for line in document.lines if (line.kind is LineKind.ITEM) == is_item and line.number]
    return list(dict.fromkeys(line.number for line in lines))
