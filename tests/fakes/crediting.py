"""An ERP in memory that invoices and credits: what is tested with it is when which document is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hub.connectors.credits import Credits, CreditStage, ErpCredit, NewCredit, ReturnOrders
from hub.connectors.documents import ErpTotals, LineKind, Page
from hub.connectors.erp_parts import Confirmed
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage, SalesDocuments
from hub.errors import OutcomeUnknown, RecordRejected
from tests.fakes.drafting import DraftingErp


class InvoicingErp(DraftingErp, SalesDocuments):
    """`invoiced` orders are so whole. What is credited of them a person enters."""

    label = "Invoicing"
    document_batch = 10

    invoiced: set[str] = set()

    @classmethod
    def forget(cls):
        super().forget()
        cls.invoiced = set()

    def read_sales_documents(self, external_ids):
        return [self._whole(key) for key in external_ids if key in self.orders]

    def _whole(self, key):
        sent, order = self.documents[key], self.orders[key]
        done = key in self.invoiced
        lines = tuple(
            ErpDocumentLine(
                str(place),
                line.kind,
                line.number,
                line.description,
                line.quantity,
                invoiced_quantity=line.quantity if done else Decimal(0),
            )
            for place, line in enumerate(sent.lines)
        )
        return ErpDocument(
            key,
            f"SO{key}",
            order.reference,
            "",
            "open",
            OrderStage.INVOICED if done else OrderStage.OPEN,
            False,
            order.customer_number,
            sent.currency,
            sent.prices_include_tax,
            lines,
            order.totals,
            order.updated_at,
        )


class CreditingErp(InvoicingErp, Credits, ReturnOrders):
    """`loses` answers of creates, `rejects` them, `refuses` to post or to approve, `off_by` falsifies totals.
    Return orders begin as drafts where `returns_begin_as_drafts`, as Tryton's do. `asked_at` is when its credits were
    asked for.
    """

    label = "Crediting"
    charge_kinds = (LineKind.ACCOUNT, LineKind.ITEM)
    credit_batch = 10
    credits_begin_as_drafts = True
    returns_begin_as_drafts = False
    settle_after = timedelta(seconds=0.2)

    credits: dict[str, ErpCredit] = {}
    made: list[NewCredit] = []
    loses: str = ""
    rejects: str = ""
    refuses: str = ""
    off_by = Decimal(0)
    asked_at: list[datetime] = []

    @classmethod
    def forget(cls):
        super().forget()
        cls.credits, cls.made = {}, []
        cls.loses, cls.rejects, cls.refuses, cls.off_by, cls.asked_at = "", "", "", Decimal(0), []
        cls.returns_begin_as_drafts = False

    def create_credit(self, document):
        return self._create(document, is_return=False)

    def create_return(self, document):
        return self._create(document, is_return=True)

    def _create(self, document, *, is_return):
        cls = type(self)
        if cls.rejects:
            raise RecordRejected(cls.rejects)
        if cls.loses == "before":
            cls.loses = ""
            raise OutcomeUnknown("no answer")
        cls.made.append(document)
        is_draft = is_return and cls.returns_begin_as_drafts
        key = f"{'R' if is_return else 'C'}{len(cls.made)}"
        including = document.total_including_tax + self.off_by
        cls.credits[key] = ErpCredit(
            key,
            key,
            document.reference,
            is_return,
            "Draft",
            CreditStage.APPROVED if document.is_approved and not is_draft else CreditStage.REQUESTED,
            document.customer_number,
            document.currency,
            (),
            ErpTotals(document.currency, including - document.total_tax, document.total_tax, including),
            datetime.now(UTC),
            document.order_external_id,
        )
        if cls.loses == "after":
            cls.loses = ""
            raise OutcomeUnknown("no answer")
        return cls.credits[key]

    def post_credits(self, external_ids):
        return [self._post(key) for key in external_ids if key in self.credits]

    def _post(self, key):
        if self.refuses:
            return Confirmed(key, "Draft", RecordRejected(self.refuses))
        self.credits[key] = replace(
            self.credits[key],
            number=f"P{key}",
            status="Open",
            stage=CreditStage.CREDITED,
            updated_at=datetime.now(UTC),
        )
        return Confirmed(key, "Open")

    def approve_returns(self, external_ids):
        return [self._approve(key) for key in external_ids if key in self.credits]

    def _approve(self, key):
        if self.refuses:
            return Confirmed(key, "Draft", RecordRejected(self.refuses))
        if self.credits[key].stage is CreditStage.REQUESTED:
            self.credits[key] = replace(
                self.credits[key],
                number=f"A{key}",
                status="Open",
                stage=CreditStage.APPROVED,
                updated_at=datetime.now(UTC),
            )
        return Confirmed(key, self.credits[key].status)

    def find_credits(self, references):
        return [one for one in self.credits.values() if not one.is_return and one.reference in references]

    def find_returns(self, references):
        return [one for one in self.credits.values() if one.is_return and one.reference in references]

    def read_credits(self, external_ids):
        return [self.credits[key] for key in external_ids if key in self.credits]

    def changed_credits(self, since, after):
        self.asked_at.append(datetime.now(UTC))
        return Page(tuple(one for one in self.credits.values() if not one.is_return), None)

    def changed_returns(self, since, after):
        return Page(tuple(one for one in self.credits.values() if one.is_return), None)
