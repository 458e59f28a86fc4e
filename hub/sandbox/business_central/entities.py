"""The entities that the sandbox company serves: names, types, lengths, enum values and read-only flags.

After the published page sources of API v2.0 (Business Central up to version 28). One field is `name:Type`,
with `!` for read-only; enum values stand as they travel, blanks and other signs written `_x0020_`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NULL_GUID = "00000000-0000-0000-0000-000000000000"
NULL_DATE = "0001-01-01"

_TABLE = """
customers customer
    id:Guid! number:Code[20] displayName:Text[100] type:Enum(Company|Person) addressLine1:Text[100]
    addressLine2:Text[50] city:Text[30] state:Text[30] country:Code[10] postalCode:Code[20]
    phoneNumber:Text[30] email:Text[80] website:Text[255] salespersonCode:Code[20] balanceDue:Decimal!
    creditLimit:Decimal taxLiable:Boolean taxAreaId:Guid taxAreaDisplayName:Text!
    taxRegistrationNumber:Text[50] currencyId:Guid currencyCode:Text paymentTermsId:Guid
    shipmentMethodId:Guid paymentMethodId:Guid blocked:Enum(_x0020_|Ship|Invoice|All)
    lastModifiedDateTime:DateTime
items item
    id:Guid! number:Code[20] displayName:Text[100] displayName2:Text[50]
    type:Enum(Inventory|Service|Non_x002D_Inventory) itemCategoryId:Guid itemCategoryCode:Code[20]
    blocked:Boolean gtin:Code[14] inventory:Decimal unitPrice:Decimal priceIncludesTax:Boolean
    unitCost:Decimal taxGroupId:Guid taxGroupCode:Code[20] baseUnitOfMeasureId:Guid
    baseUnitOfMeasureCode:Code[10] generalProductPostingGroupId:Guid
    generalProductPostingGroupCode:Code[20] inventoryPostingGroupId:Guid
    inventoryPostingGroupCode:Code[20] lastModifiedDateTime:DateTime!
paymentTerms paymentTerm
    id:Guid! code:Code[10] displayName:Text[100] dueDateCalculation:Text[32]
    discountDateCalculation:Text[32] discountPercent:Decimal calculateDiscountOnCreditMemos:Boolean
    lastModifiedDateTime:DateTime
shipmentMethods shipmentMethod
    id:Guid! code:Code[10] displayName:Text[100] lastModifiedDateTime:DateTime
currencies currency
    id:Guid! code:Code[10] displayName:Text[30] symbol:Text[10] amountDecimalPlaces:Text[5]
    amountRoundingPrecision:Decimal lastModifiedDateTime:DateTime
countriesRegions countryRegion
    id:Guid! code:Code[10] displayName:Text[50]
    addressFormat:Enum(Post_x0020_Code_x002B_City|City_x002B_Post_x0020_Code|City_x002B_County_x002B_Post_x0020_Code|Blank_x0020_Line_x002B_Post_x0020_Code_x002B_City|Custom)
    lastModifiedDateTime:DateTime
taxGroups taxGroup
    id:Guid! code:Code[20] displayName:Text[100] taxType:Enum(Sales_x0020_Tax|VAT)!
    lastModifiedDateTime:DateTime
taxAreas taxArea
    id:Guid! code:Code[20] displayName:Text[100] taxType:Enum(Sales_x0020_Tax|VAT)!
    lastModifiedDateTime:DateTime!
locations location
    id:Guid! code:Code[10] displayName:Text[100] contact:Text[100] addressLine1:Text[100]
    addressLine2:Text[50] city:Text[30] state:Text[30] country:Code[10] postalCode:Code[20]
    phoneNumber:Text[30] email:Text[80] website:Text[255] lastModifiedDateTime:DateTime!
accounts account
    id:Guid! number:Code[20] displayName:Text[100]
    category:Enum(_x0020_|Assets|Liabilities|Equity|Income|Cost_x0020_of_x0020_Goods_x0020_Sold|Expense)
    subCategory:Text[80] blocked:Boolean
    accountType:Enum(Posting|Heading|Total|Begin_x002D_Total|End_x002D_Total) directPosting:Boolean
    netChange:Decimal
    consolidationTranslationMethod:Enum(Average_x0020_Rate_x0020__x0028_Manual_x0029_|Closing_x0020_Rate|Historical_x0020_Rate|Composite_x0020_Rate|Equity_x0020_Rate)
    consolidationDebitAccount:Code[20] consolidationCreditAccount:Code[20]
    excludeFromConsolidation:Boolean lastModifiedDateTime:DateTime
unitsOfMeasure unitOfMeasure
    id:Guid! code:Code[10] displayName:Text[50] internationalStandardCode:Code[10] symbol:Text[10]
    lastModifiedDateTime:DateTime
companyInformation companyInformation
    id:Guid! displayName:Text[100] addressLine1:Text[100] addressLine2:Text[50] city:Text[30]
    state:Text[30] country:Code[10] postalCode:Code[20] phoneNumber:Text[30] faxNumber:Text[30]
    email:Text[80] website:Text[255] taxRegistrationNumber:Text[50] currencyCode:Code[10]!
    currentFiscalYearStartDate:Date! industry:Text[30] experience:Text lastModifiedDateTime:DateTime
salesOrders salesOrder
    id:Guid! number:Code[20]! externalDocumentNumber:Code[35] orderDate:Date postingDate:Date
    customerId:Guid customerNumber:Code[20] customerName:Text[100]! billToName:Text[100]!
    billToCustomerId:Guid billToCustomerNumber:Code[20] shipToName:Text[100] shipToContact:Text[100]
    sellToAddressLine1:Text[100] sellToAddressLine2:Text[50] sellToCity:Text[30] sellToCountry:Code[10]
    sellToState:Text[30] sellToPostCode:Code[20] billToAddressLine1:Text[100]!
    billToAddressLine2:Text[50]! billToCity:Text[30]! billToCountry:Code[10]! billToState:Text[30]!
    billToPostCode:Code[20]! shipToAddressLine1:Text[100] shipToAddressLine2:Text[50]
    shipToCity:Text[30] shipToCountry:Code[10] shipToState:Text[30] shipToPostCode:Code[20]
    shortcutDimension1Code:Code[20] shortcutDimension2Code:Code[20] currencyId:Guid currencyCode:Text
    pricesIncludeTax:Boolean paymentTermsId:Guid shipmentMethodId:Guid salesperson:Code[20]
    partialShipping:Boolean requestedDeliveryDate:Date discountAmount:Decimal
    discountAppliedBeforeTax:Boolean! totalAmountExcludingTax:Decimal! totalTaxAmount:Decimal!
    totalAmountIncludingTax:Decimal! fullyShipped:Boolean status:Enum(Draft|In_x0020_Review|Open)!
    lastModifiedDateTime:DateTime! phoneNumber:Text[30] email:Text[80]
salesOrderLines salesOrderLine
    id:Guid! documentId:Guid sequence:Integer itemId:Guid accountId:Guid
    lineType:Enum(Comment|Account|Item|Resource|Fixed_x0020_Asset|Charge|Allocation_x0020_Account)
    lineObjectNumber:Code[20] description:Text[100] description2:Text[50] unitOfMeasureId:Guid
    unitOfMeasureCode:Code[10] quantity:Decimal unitPrice:Decimal discountAmount:Decimal
    discountPercent:Decimal discountAppliedBeforeTax:Boolean! amountExcludingTax:Decimal!
    taxCode:Code[50] taxPercent:Decimal! totalTaxAmount:Decimal! amountIncludingTax:Decimal!
    invoiceDiscountAllocation:Decimal! netAmount:Decimal! netTaxAmount:Decimal!
    netAmountIncludingTax:Decimal! shipmentDate:Date shippedQuantity:Decimal invoicedQuantity:Decimal
    invoiceQuantity:Decimal shipQuantity:Decimal itemVariantId:Guid locationId:Guid
salesQuotes salesQuote
    id:Guid! number:Code[20]! externalDocumentNumber:Code[35] documentDate:Date postingDate:Date
    dueDate:Date customerId:Guid customerNumber:Code[20] customerName:Text[100]! billToName:Text[100]!
    billToCustomerId:Guid billToCustomerNumber:Code[20] shipToName:Text[100] shipToContact:Text[100]
    sellToAddressLine1:Text[100] sellToAddressLine2:Text[50] sellToCity:Text[30] sellToCountry:Code[10]
    sellToState:Text[30] sellToPostCode:Code[20] billToAddressLine1:Text billToAddressLine2:Text
    billToCity:Text billToCountry:Text billToState:Text billToPostCode:Text
    shipToAddressLine1:Text[100] shipToAddressLine2:Text[50] shipToCity:Text[30] shipToCountry:Code[10]
    shipToState:Text[30] shipToPostCode:Code[20] shortcutDimension1Code:Code[20]
    shortcutDimension2Code:Code[20] currencyId:Guid currencyCode:Text paymentTermsId:Guid
    shipmentMethodId:Guid salesperson:Code[20] discountAmount:Decimal totalAmountExcludingTax:Decimal!
    totalTaxAmount:Decimal! totalAmountIncludingTax:Decimal!
    status:Enum(Draft|Sent|Accepted|Expired_x0020_)! sentDate:DateTime validUntilDate:Date
    acceptedDate:Date lastModifiedDateTime:DateTime! phoneNumber:Text[30] email:Text[80]
salesQuoteLines salesQuoteLine
    id:Guid! documentId:Guid sequence:Integer itemId:Guid accountId:Guid
    lineType:Enum(Comment|Account|Item|Resource|Fixed_x0020_Asset|Charge|Allocation_x0020_Account)
    lineObjectNumber:Code[20] description:Text[100] description2:Text[50] unitOfMeasureId:Guid
    unitOfMeasureCode:Code[10] unitPrice:Decimal quantity:Decimal discountAmount:Decimal
    discountPercent:Decimal discountAppliedBeforeTax:Boolean! amountExcludingTax:Decimal!
    taxCode:Code[50] taxPercent:Decimal! totalTaxAmount:Decimal! amountIncludingTax:Decimal!
    netAmount:Decimal netTaxAmount:Decimal! netAmountIncludingTax:Decimal! itemVariantId:Guid
    locationId:Guid
salesInvoices salesInvoice
    id:Guid! number:Code[20]! externalDocumentNumber:Code[35] invoiceDate:Date postingDate:Date
    dueDate:Date promisedPayDate:Date customerPurchaseOrderReference:Text[35] customerId:Guid
    customerNumber:Code[20] customerName:Text[100]! billToName:Text[100]! billToCustomerId:Guid
    billToCustomerNumber:Code[20] shipToName:Text[100] shipToContact:Text[100]
    sellToAddressLine1:Text[100] sellToAddressLine2:Text[50] sellToCity:Text[30] sellToCountry:Code[10]
    sellToState:Text[30] sellToPostCode:Code[20] billToAddressLine1:Text! billToAddressLine2:Text!
    billToCity:Text! billToCountry:Text! billToState:Text! billToPostCode:Text!
    shipToAddressLine1:Text[100] shipToAddressLine2:Text[50] shipToCity:Text[30] shipToCountry:Code[10]
    shipToState:Text[30] shipToPostCode:Code[20] currencyId:Guid shortcutDimension1Code:Code[20]
    shortcutDimension2Code:Code[20] currencyCode:Text orderId:Guid! orderNumber:Code[20]!
    paymentTermsId:Guid shipmentMethodId:Guid salesperson:Code[20] disputeStatusId:Guid
    disputeStatus:Code[10] pricesIncludeTax:Boolean! remainingAmount:Decimal! discountAmount:Decimal
    discountAppliedBeforeTax:Boolean! totalAmountExcludingTax:Decimal! totalTaxAmount:Decimal!
    totalAmountIncludingTax:Decimal!
    status:Enum(_x0020_|Draft|In_x0020_Review|Open|Paid|Canceled|Corrective)!
    lastModifiedDateTime:DateTime! phoneNumber:Text[30] email:Text[80]
salesInvoiceLines salesInvoiceLine
    id:Guid! documentId:Guid sequence:Integer itemId:Guid accountId:Guid
    lineType:Enum(Comment|Account|Item|Resource|Fixed_x0020_Asset|Charge|Allocation_x0020_Account)
    lineObjectNumber:Code[20] description:Text[100] description2:Text[50] unitOfMeasureId:Guid
    unitOfMeasureCode:Code[10] quantity:Decimal unitPrice:Decimal discountAmount:Decimal
    discountPercent:Decimal discountAppliedBeforeTax:Boolean! amountExcludingTax:Decimal!
    taxCode:Code[50] taxPercent:Decimal! totalTaxAmount:Decimal! amountIncludingTax:Decimal!
    invoiceDiscountAllocation:Decimal! netAmount:Decimal! netTaxAmount:Decimal!
    netAmountIncludingTax:Decimal! shipmentDate:Date itemVariantId:Guid locationId:Guid
salesShipments salesShipment
    id:Guid! number:Code[20]! externalDocumentNumber:Code[35] invoiceDate:Date postingDate:Date
    dueDate:Date customerPurchaseOrderReference:Text[35] customerId:Guid customerNumber:Code[20]
    customerName:Text[100]! billToCustomerId:Guid billToName:Text[100]! billToCustomerNumber:Code[20]
    shipToName:Text[100] shipToContact:Text[100] sellToAddressLine1:Text[100]
    sellToAddressLine2:Text[50] sellToCity:Text[30] sellToCountry:Code[10] sellToState:Text[30]
    sellToPostCode:Code[20] billToAddressLine1:Text! billToAddressLine2:Text! billToCity:Text!
    billToCountry:Text! billToState:Text! billToPostCode:Text! shipToAddressLine1:Text[100]
    shipToAddressLine2:Text[50] shipToCity:Text[30] shipToCountry:Code[10] shipToState:Text[30]
    shipToPostCode:Code[20] currencyCode:Text orderNumber:Code[20]! paymentTermsCode:Code[10]
    shipmentMethodCode:Code[10] salesperson:Code[20] pricesIncludeTax:Boolean!
    lastModifiedDateTime:DateTime! phoneNumber:Text[30] email:Text[80]
salesShipmentLines salesShipmentLine
    id:Guid! documentId:Guid! documentNo:Code[20] sequence:Integer
    lineType:Enum(_x0020_|G_x002F_L_x0020_Account|Item|Resource|Fixed_x0020_Asset|Charge_x0020__x0028_Item_x0029_|Allocation_x0020_Account)
    lineObjectNumber:Code[20] description:Text[100] description2:Text[50] unitOfMeasureCode:Code[10]
    unitPrice:Decimal quantity:Decimal discountPercent:Decimal taxPercent:Decimal! shipmentDate:Date
salesCreditMemos salesCreditMemo
    id:Guid! number:Code[20]! externalDocumentNumber:Code[35] creditMemoDate:Date postingDate:Date
    dueDate:Date customerId:Guid customerNumber:Code[20] customerName:Text[100]! billToName:Text[100]!
    billToCustomerId:Guid billToCustomerNumber:Code[20] sellToAddressLine1:Text[100]
    sellToAddressLine2:Text[50] sellToCity:Text[30] sellToCountry:Code[10] sellToState:Text[30]
    sellToPostCode:Code[20] billToAddressLine1:Text[100] billToAddressLine2:Text[50]
    billToCity:Text[30] billToCountry:Code[10] billToState:Text[30] billToPostCode:Code[20]
    shortcutDimension1Code:Code[20] shortcutDimension2Code:Code[20] currencyId:Guid currencyCode:Text
    paymentTermsId:Guid shipmentMethodId:Guid salesperson:Code[20] pricesIncludeTax:Boolean!
    discountAmount:Decimal discountAppliedBeforeTax:Boolean! totalAmountExcludingTax:Decimal!
    totalTaxAmount:Decimal! totalAmountIncludingTax:Decimal!
    status:Enum(_x0020_|Draft|In_x0020_Review|Open|Canceled|Corrective|Paid)!
    lastModifiedDateTime:DateTime! invoiceId:Guid invoiceNumber:Code[20] phoneNumber:Text[30]
    email:Text[80] customerReturnReasonId:Guid
salesCreditMemoLines salesCreditMemoLine
    id:Guid! documentId:Guid sequence:Integer itemId:Guid accountId:Guid
    lineType:Enum(Comment|Account|Item|Resource|Fixed_x0020_Asset|Charge|Allocation_x0020_Account)
    lineObjectNumber:Code[20] description:Text[100] description2:Text[50] unitOfMeasureId:Guid
    unitOfMeasureCode:Code[10] unitPrice:Decimal quantity:Decimal discountAmount:Decimal
    discountPercent:Decimal discountAppliedBeforeTax:Boolean! amountExcludingTax:Decimal!
    taxCode:Code[50] taxPercent:Decimal! totalTaxAmount:Decimal! amountIncludingTax:Decimal!
    invoiceDiscountAllocation:Decimal! netAmount:Decimal! netTaxAmount:Decimal!
    netAmountIncludingTax:Decimal! shipmentDate:Date itemVariantId:Guid locationId:Guid
purchaseOrders purchaseOrder
    id:Guid! number:Code[20]! orderDate:Date postingDate:Date vendorId:Guid vendorNumber:Code[20]
    vendorName:Text[100]! currencyId:Guid currencyCode:Text pricesIncludeTax:Boolean purchaser:Code[20]
    requestedReceiptDate:Date totalAmountExcludingTax:Decimal! totalTaxAmount:Decimal!
    totalAmountIncludingTax:Decimal! fullyReceived:Boolean status:Enum(Draft|In_x0020_Review|Open)!
    lastModifiedDateTime:DateTime!
purchaseOrderLines purchaseOrderLine
    id:Guid! documentId:Guid sequence:Integer itemId:Guid accountId:Guid
    lineType:Enum(Comment|Account|Item|Resource|Fixed_x0020_Asset|Charge|Allocation_x0020_Account)
    lineObjectNumber:Code[20] description:Text[100] description2:Text[50] unitOfMeasureId:Guid
    unitOfMeasureCode:Code[10] quantity:Decimal directUnitCost:Decimal amountExcludingTax:Decimal!
    expectedReceiptDate:Date receivedQuantity:Decimal invoicedQuantity:Decimal invoiceQuantity:Decimal
    receiveQuantity:Decimal itemVariantId:Guid locationId:Guid
itemLedgerEntries itemLedgerEntry
    id:Guid! entryNumber:Integer! itemNumber:Code[20] postingDate:Date
    entryType:Enum(Purchase|Sale|Positive_x0020_Adjmt_x002E_|Negative_x0020_Adjmt_x002E_|Transfer|Consumption|Output|_x0020_|Assembly_x0020_Consumption|Assembly_x0020_Output)
    sourceNumber:Code[20] documentNumber:Code[20]
    documentType:Enum(_x0020_|Sales_x0020_Shipment|Sales_x0020_Invoice|Sales_x0020_Return_x0020_Receipt|Sales_x0020_Credit_x0020_Memo|Purchase_x0020_Receipt|Purchase_x0020_Invoice|Purchase_x0020_Return_x0020_Shipment|Purchase_x0020_Credit_x0020_Memo|Transfer_x0020_Shipment|Transfer_x0020_Receipt|Service_x0020_Shipment|Service_x0020_Invoice|Service_x0020_Credit_x0020_Memo|Posted_x0020_Assembly|Inventory_x0020_Receipt|Inventory_x0020_Shipment|Direct_x0020_Transfer)
    description:Text[100] quantity:Decimal lastModifiedDateTime:DateTime
companies company
    id:Guid! systemVersion:Text! name:Text! displayName:Text! businessProfileId:Text!
"""  # noqa: E501 - lists of enum values are longer than a line
_FIELD = re.compile(r"(?P<name>\w+):(?P<type>\w+)(?:\[(?P<length>\d+)\]|\((?P<values>[^)]*)\))?(?P<fixed>!)?")


@dataclass(frozen=True, slots=True)
class Field:
    """One property. `length` is 0 where there is no limit; `values` are the enum's, as they travel."""

    name: str
    type: str
    length: int
    values: tuple[str, ...]
    is_read_only: bool


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity set and its properties in order."""

    set_name: str
    name: str
    fields: dict[str, Field]


def _read(table: str) -> dict[str, Entity]:
    entities: dict[str, Entity] = {}
    for line in table.strip().splitlines():
        if not line.startswith(" "):
            set_name, name = line.split()
            entities[set_name] = Entity(set_name, name, {})
            continue
        for match in _FIELD.finditer(line):
            entities[set_name].fields[match["name"]] = _field(match)
    return entities


def _field(match: re.Match[str]) -> Field:
    values = tuple((match["values"] or "").split("|")) if match["values"] else ()
    return Field(match["name"], match["type"], int(match["length"] or 0), values, bool(match["fixed"]))


ENTITIES = _read(_TABLE)
# The lines of a document travel with it on request ($expand) and have an address of their own below it.
LINES_OF = {
    "salesOrders": "salesOrderLines",
    "salesQuotes": "salesQuoteLines",
    "salesInvoices": "salesInvoiceLines",
    "salesShipments": "salesShipmentLines",
    "salesCreditMemos": "salesCreditMemoLines",
    "purchaseOrders": "purchaseOrderLines",
}
