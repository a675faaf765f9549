"""IM-1, what products open to whom: the part of im_1.py that is judged per product. Words in im_1.md."""

from __future__ import annotations

from auditor.apim.kinds import PRODUCT
from auditor.apim.products import api_name, has_open_group, members, requires_key
from auditor.apim.tiers import Capability, needs
from auditor.model.logic import either, every
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, NotApplicable, Pass, Severity, Verdict
from controls.declare import check

LOCAL = "Local Authentication Methods for Data Plane Access"
_UNPUBLISHED = "The product is not published."


def _answers_without(member: Subject) -> Verdict:
    if requires_key(member):
        return Fail(f"the API {api_name(member)}")
    return Pass("The API requires no key.")


@check(
    "apim.im-1.product-subscription",
    feature=LOCAL,
    on=PRODUCT,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
)
def product_subscription(product: Subject) -> Verdict:
    """A published product can be used with a subscription only."""
    if not _published(product):
        return NotApplicable(_UNPUBLISHED)
    if product.flag("/properties/subscriptionRequired"):
        return Pass("The product requires a subscription.")
    exposed = every(members(product), _answers_without, "No API in it requires a key.")
    if isinstance(exposed, Fail):
        return Fail(
            f"Product {product.name} is published without subscription and so opens {exposed.message}, "
            "which requires a key of its own and answers without one: set subscriptionRequired of the "
            "product to true, or take the API out of it.",
            severity=Severity.HIGH,
        )
    return Fail(
        f"Product {product.name} is published and subscriptionRequired is false: whatever it holds answers "
        "without a key. Set it to true, or unpublish the product."
    )


def _published(product: Subject) -> bool:
    return product.read("/properties/state", one_of=("notPublished", "published")) == "published"


@check(
    "apim.im-1.self-service-product",
    feature=LOCAL,
    on=PRODUCT,
    severity=Severity.INFO,
    outcomes="pass fail unknown not_applicable",
    needs=needs(Capability.DEVELOPER_PORTAL),
)
def self_service_product(product: Subject) -> Verdict:
    """Which products every developer, or everybody, can subscribe to without anyone's approval."""
    if not _published(product):
        return NotApplicable(_UNPUBLISHED)
    if not product.flag("/properties/subscriptionRequired"):
        return NotApplicable("A product without subscription is judged by apim.im-1.product-subscription.")
    if either(product, lambda p: p.flag("/properties/approvalRequired"), lambda p: not has_open_group(p)):
        return Pass("Developers and guests cannot subscribe to the product without approval.")
    return Fail(
        f"Product {product.name} is for the group Developers or Guests and approvalRequired is false: "
        "whoever opens an account gets a key to it. Set approvalRequired to true, or give the product to a "
        "group of its own."
    )
