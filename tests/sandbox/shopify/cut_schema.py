"""Cuts the schema that the simulated store serves out of the published one.

    python tests/sandbox/shopify/cut_schema.py PUBLISHED.graphql > hub/sandbox/shopify/schema.graphql

Only the fields named here are served, with the types, arguments, enums and inputs they reach; a field that is
not simulated is left out, so that asking for it is refused instead of answered with something made up.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from graphql import parse, print_ast
from graphql.language import ast

CONNECTION = "edges nodes pageInfo"

SERVED = {
    "QueryRoot": """
        carrierService carrierServices company companies companiesCount companyContact companyLocation companyLocations
        currentAppInstallation customer customers draftOrder draftOrders inventoryItem inventoryItems
        inventoryLevel location locations metafieldDefinition metafieldDefinitions node nodes order
        orderByIdentifier orders ordersCount paymentTermsTemplates product products productVariant
        productVariants publications shop webhookSubscription webhookSubscriptions
        webhookSubscriptionsCount
    """,
    "Mutation": """
        carrierServiceCreate carrierServiceDelete carrierServiceUpdate
        companyAssignMainContact companyContactAssignRole companyContactCreate companyContactDelete
        companyContactUpdate companyCreate companyDelete companyLocationAssignAddress
        companyLocationCreate companyLocationDelete companyLocationTaxSettingsUpdate
        companyLocationUpdate companyUpdate customerCreate customerDelete customerSet customerUpdate
        draftOrderComplete draftOrderCreate draftOrderDelete draftOrderUpdate inventoryActivate
        inventorySetQuantities locationAdd metafieldDefinitionCreate metafieldDefinitionDelete
        metafieldDefinitionUpdate metafieldsDelete metafieldsSet orderCancel orderClose orderCreate
        orderDelete orderMarkAsPaid orderOpen orderUpdate paymentTermsCreate productCreate productDelete
        productSet productUpdate webhookSubscriptionCreate webhookSubscriptionDelete webhookSubscriptionUpdate
    """,
    "Node": "id",
    "HasMetafields": "metafield metafields",
    "PageInfo": "endCursor hasNextPage hasPreviousPage startCursor",
    "Count": "count precision",
    "MoneyV2": "amount currencyCode",
    "MoneyBag": "presentmentMoney shopMoney",
    "Attribute": "key value",
    "UserError": "field message",
    "DisplayableError": "field message",
    "Job": "done id",
    "Shop": """
        id name email myshopifyDomain currencyCode taxesIncluded ianaTimezone metafield metafields
        createdAt updatedAt enabledPresentmentCurrencies plan url taxShipping
    """,
    "ShopPlan": "publicDisplayName partnerDevelopment shopifyPlus",
    "AppInstallation": "id accessScopes app",
    "App": "id title",
    "OrderApp": "id name",
    "AccessScope": "handle",
    "Publication": "id name",
    "Company": """
        id name note externalId customerSince createdAt updatedAt metafield metafields contactRoles
        contacts contactsCount locations locationsCount mainContact orders ordersCount draftOrders
        defaultRole totalSpent
    """,
    "CompanyContact": """
        id title locale isMainContact createdAt updatedAt company customer roleAssignments orders
        draftOrders
    """,
    "CompanyContactRole": "id name note",
    "CompanyContactRoleAssignment": "id role company companyContact companyLocation createdAt updatedAt",
    "CompanyLocation": """
        id name note externalId phone locale currency createdAt updatedAt metafield metafields
        billingAddress shippingAddress company taxSettings taxRegistrationId taxExemptions
        buyerExperienceConfiguration roleAssignments orders ordersCount draftOrders totalSpent
    """,
    "CompanyLocationTaxSettings": "taxExempt taxExemptions taxRegistrationId",
    "BuyerExperienceConfiguration": "checkoutToDraft editableShippingAddress paymentTermsTemplate",
    "CompanyAddress": """
        id address1 address2 city companyName country countryCode firstName lastName phone province
        recipient zip zoneCode createdAt updatedAt
    """,
    "PaymentTermsTemplate": "id name description dueInDays paymentTermsType translatedName",
    "Customer": """
        id email firstName lastName phone displayName locale note state tags taxExempt taxExemptions
        verifiedEmail dataSaleOptOut canDelete createdAt updatedAt metafield metafields defaultAddress
        defaultEmailAddress defaultPhoneNumber companyContactProfiles legacyResourceId numberOfOrders
        orders
    """,
    "CustomerEmailAddress": "emailAddress",
    "CustomerPhoneNumber": "phoneNumber",
    "MailingAddress": """
        id address1 address2 city company country countryCode countryCodeV2 firstName lastName phone
        name province provinceCode zip formattedArea latitude longitude
    """,
    "Product": """
        id title handle status vendor productType descriptionHtml tags requiresSellingPlan category
        createdAt updatedAt metafield metafields variants variantsCount legacyResourceId totalInventory
        isGiftCard
    """,
    "TaxonomyCategory": "id fullName name isLeaf level parentId",
    "ProductVariant": """
        id title displayName sku barcode price compareAtPrice taxable position inventoryItem
        inventoryPolicy inventoryQuantity product createdAt updatedAt metafield metafields
        legacyResourceId selectedOptions
    """,
    "SelectedOption": "name value",
    "ProductSetOperation": "id status userErrors product",
    "InventoryItem": """
        id sku tracked requiresShipping createdAt updatedAt inventoryLevel inventoryLevels
        legacyResourceId variant unitCost
    """,
    "InventoryLevel": "id isActive item location quantities createdAt updatedAt",
    "InventoryQuantity": "id name quantity updatedAt",
    "InventoryAdjustmentGroup": "id reason referenceDocumentUri createdAt changes",
    "InventoryChange": "delta item location name quantityAfterChange ledgerDocumentUri",
    "Location": """
        id name isActive fulfillsOnlineOrders createdAt updatedAt metafield metafields address
        legacyResourceId isFulfillmentService shipsInventory inventoryLevel inventoryLevels
    """,
    "LocationAddress": """
        address1 address2 city country countryCode phone province provinceCode zip formatted
    """,
    "Metafield": """
        id namespace key type value jsonValue compareDigest createdAt updatedAt ownerType owner
        definition legacyResourceId sizeInBytes
    """,
    "MetafieldDefinition": """
        id name namespace key ownerType type description validations pinnedPosition validationStatus
        metafieldsCount capabilities access
    """,
    "MetafieldAccess": "admin storefront customerAccount",
    "MetafieldDefinitionType": "name category",
    "MetafieldDefinitionValidation": "name value type",
    "MetafieldCapabilities": "uniqueValues adminFilterable",
    "MetafieldCapabilityUniqueValues": "enabled eligible",
    "MetafieldCapabilityAdminFilterable": "enabled eligible status",
    "MetafieldIdentifier": "ownerId namespace key",
    "MetafieldDefinitionIdentifier": "ownerType namespace key",
    "Order": """
        id name number email phone note tags test createdAt updatedAt processedAt closedAt cancelledAt
        cancelReason closed confirmed confirmationNumber currencyCode presentmentCurrencyCode
        taxesIncluded taxExempt poNumber sourceName sourceIdentifier customAttributes customer
        purchasingEntity billingAddress shippingAddress billingAddressMatchesShippingAddress
        displayFinancialStatus displayFulfillmentStatus discountCode discountCodes discountApplications
        lineItems shippingLine shippingLines taxLines currentTaxLines paymentGatewayNames paymentTerms
        transactions app legacyResourceId localizedFields localizationExtensions fullyPaid unpaid
        canMarkAsPaid edited metafield metafields cartDiscountAmountSet currentShippingPriceSet
        currentSubtotalPriceSet currentTotalDiscountsSet currentTotalPriceSet currentTotalTaxSet
        currentCartDiscountAmountSet originalTotalPriceSet subtotalPriceSet totalDiscountsSet
        totalOutstandingSet totalPriceSet totalReceivedSet totalRefundedSet totalShippingPriceSet
        totalTaxSet netPaymentSet totalTipReceivedSet subtotalLineItemsQuantity
        currentSubtotalLineItemsQuantity customerLocale statusPageUrl totalWeight dutiesIncluded refunds
        requiresShipping estimatedTaxes
    """,
    "Refund": "id createdAt note totalRefundedSet",
    "PurchasingCompany": "company contact location",
    "PurchasingEntity": "Customer PurchasingCompany",
    "LineItem": """
        id name title variantTitle vendor sku quantity currentQuantity unfulfilledQuantity
        requiresShipping taxable isGiftCard customAttributes discountAllocations discountedTotalSet
        discountedUnitPriceSet discountedUnitPriceAfterAllDiscountsSet originalTotalSet
        originalUnitPriceSet totalDiscountSet taxLines product variant nonFulfillableQuantity
        refundableQuantity
    """,
    "ShippingLine": """
        id title code source carrierIdentifier phone custom isRemoved originalPriceSet
        discountedPriceSet currentDiscountedPriceSet discountAllocations taxLines deliveryCategory
    """,
    "TaxLine": "title rate ratePercentage priceSet channelLiable source",
    "DiscountAllocation": "allocatedAmountSet discountApplication",
    "DiscountApplication": "allocationMethod index targetSelection targetType value",
    "ManualDiscountApplication": """
        allocationMethod index targetSelection targetType value title description
    """,
    "DiscountCodeApplication": "allocationMethod index targetSelection targetType value code",
    "PricingValue": "MoneyV2 PricingPercentageValue",
    "PricingPercentageValue": "percentage",
    "OrderTransaction": """
        id kind status gateway formattedGateway test amountSet createdAt processedAt
        manualPaymentGateway parentTransaction authorizationCode paymentId
    """,
    "PaymentTerms": """
        id dueInDays due overdue paymentTermsName paymentTermsType translatedName paymentSchedules
    """,
    "PaymentSchedule": "id amount balanceDue totalBalance due dueAt issuedAt completedAt",
    "LocalizedField": "key value title purpose countryCode",
    "LocalizationExtension": "key value title purpose countryCode",
    "DraftOrder": """
        id name status ready email phone note2 tags createdAt updatedAt completedAt currencyCode
        presentmentCurrencyCode taxesIncluded taxExempt poNumber customAttributes customer
        purchasingEntity billingAddress shippingAddress lineItems shippingLine subtotalPriceSet
        totalPriceSet totalTaxSet totalDiscountsSet totalShippingPriceSet order paymentTerms invoiceUrl
        legacyResourceId metafield metafields
    """,
    "DraftOrderLineItem": """
        id name title variantTitle vendor sku quantity requiresShipping taxable custom customAttributes
        originalUnitPriceSet originalTotalSet discountedTotalSet totalDiscountSet product variant
        taxLines uuid
    """,
    "WebhookSubscription": """
        id topic uri format filter includeFields metafieldNamespaces name callbackUrl endpoint
        apiVersion legacyResourceId createdAt updatedAt
    """,
    "DeliveryCarrierService": "id name formattedName callbackUrl active supportsServiceDiscovery",
    "WebhookSubscriptionEndpoint": "WebhookHttpEndpoint",
    "WebhookHttpEndpoint": "callbackUrl",
    "ApiVersion": "handle supported displayName",
    "ProductDeletePayload": "deletedProductId userErrors",
    "ProductCreatePayload": "product userErrors",
    "ProductSetPayload": "product productSetOperation userErrors",
    "CustomerDeletePayload": "deletedCustomerId userErrors",
}
UNSERVED_INPUT_FIELDS = {
    "CustomerInput": """
        emailMarketingConsent smsMarketingConsent whatsAppMarketingConsent multipassIdentifier
    """,
    "DraftOrderInput": """
        localizationExtensions localizedFields deposit transformerFingerprint sessionToken
        acceptAutomaticDiscounts discountCodes
    """,
    "DraftOrderLineItemInput": "bundleComponents components generatePriceOverride weight",
    "ProductCreateInput": "seo collectionsToJoin combinedListingRole claimOwnership productOptions",
    "ProductUpdateInput": "seo collectionsToJoin collectionsToLeave",
    "ProductSetInput": "seo collections files combinedListingRole claimOwnership",
    "ProductVariantSetInput": "file unitPriceMeasurement showUnitPrice requiresComponents",
    "OrderCreateLineItemInput": "weight fulfillmentService",
    "OrderCreateOrderInput": "fulfillment fulfillmentStatus userId",
    "OrderCreateDiscountCodeInput": "freeShippingDiscountCode",
    "MetafieldDefinitionInput": "constraints",
    "MetafieldDefinitionUpdateInput": "constraintsUpdates",
    "BuyerExperienceConfigurationInput": "deposit",
    "InventoryItemInput": "countryHarmonizedSystemCodes measurement",
    "OptionSetInput": "linkedMetafield",
    "OptionValueSetInput": "linkedMetafieldValue",
    "VariantOptionValueInput": "linkedMetafieldValue",
}
UNSERVED_ARGUMENTS = {"productCreate": "media input", "productUpdate": "media identifier input"}


def cut(published: str) -> str:
    """The served part of the published schema as SDL, types in the published order."""
    definitions = {node.name.value: node for node in parse(published).definitions if hasattr(node, "name")}
    kept: dict[str, object] = {}
    waiting = [
        "QueryRoot",
        "Mutation",
        "Node",
        "HasMetafields",
        "DiscountCodeApplication",
        "ManualDiscountApplication",
    ]
    while waiting:
        name = waiting.pop()
        if name in kept or name not in definitions:
            continue
        kept[name] = shortened(definitions[name])
        waiting += sorted(reached(kept[name]))
    directive = definitions["idempotent"]
    ordered = [kept[name] for name in definitions if name in kept]
    parts = ["schema {\n  query: QueryRoot\n  mutation: Mutation\n}", print_ast(directive)]
    return "\n\n".join(parts + [print_ast(node) for node in ordered]) + "\n"


def shortened(node):
    name = node.name.value
    changes = {"directives": ()}
    if isinstance(node, ast.UnionTypeDefinitionNode):
        changes["types"] = tuple(t for t in node.types if t.name.value in SERVED[name].split())
    if isinstance(node, (ast.ObjectTypeDefinitionNode, ast.InterfaceTypeDefinitionNode)):
        changes["interfaces"] = tuple(i for i in node.interfaces or () if i.name.value in SERVED)
        changes["fields"] = chosen_fields(node)
    if isinstance(node, ast.InputObjectTypeDefinitionNode):
        dropped = UNSERVED_INPUT_FIELDS.get(name, "").split()
        changes["fields"] = tuple(plain(f) for f in node.fields if f.name.value not in dropped)
    if isinstance(node, ast.EnumTypeDefinitionNode):
        changes["values"] = tuple(plain(v) for v in node.values)
    return replace(node, **changes)


def chosen_fields(node):
    name = node.name.value
    every = [field.name.value for field in node.fields]
    wanted = SERVED[name].split() if name in SERVED else None
    if wanted is None and name.endswith("Connection"):
        wanted = CONNECTION.split()
    if wanted is None and name.endswith("Edge"):
        wanted = ["cursor", "node"]
    if wanted is None and name.endswith(("Payload", "UserError")):
        wanted = every
    if wanted is None:
        raise SystemExit(f"{name} is reached but its served fields are not named")
    if set(wanted) - set(every):
        raise SystemExit(f"{name} has no fields {sorted(set(wanted) - set(every))}")
    return tuple(plain(with_served_arguments(f)) for f in node.fields if f.name.value in wanted)


def with_served_arguments(field):
    dropped = [*UNSERVED_ARGUMENTS.get(field.name.value, "").split(), "savedSearchId", "withCodeDiscounts"]
    return replace(
        field, arguments=tuple(plain(a) for a in field.arguments or () if a.name.value not in dropped)
    )


def plain(node):
    return replace(node, directives=())


def reached(node) -> set[str]:
    names: set[str] = set()

    def walk(value):
        if isinstance(value, ast.NamedTypeNode):
            names.add(value.name.value)
        elif isinstance(value, ast.Node):
            for key in value.keys:
                walk(getattr(value, key, None))
        elif isinstance(value, (list, tuple)):
            for item in value:
                walk(item)

    walk(node)
    return names


if __name__ == "__main__":
    sys.stdout.write(cut(Path(sys.argv[1]).read_text()))
