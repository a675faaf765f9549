"""What the reasons for a disagreement look at: the wire JSON itself, read apart from our checks.

Tiers and words stand here again, and are not taken from the checks' own tables: a mistake there must not
explain itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

from auditor.model.evidence import Reason
from auditor.model.inventory import SERVICE, Resource
from auditor.model.values import Partial, PartialList, PartialObject, Sealed, Unresolved, member, walk
from auditor.model.verdict import Status
from tests.azure_policy.comparing import Pair
from tests.azure_policy.definitions import Compliance

ALL_APIS, SKU, BACKEND, PLATFORM = "3aa03346", "73ef9241", "c15dcc82", "1dc2fc00"
DIRECT, NETWORK, NAMED_VALUE, PROTOCOLS, BASE, LOGS = (
    "b741306c",
    "ef619a2c",
    "f1cc7827",
    "ee7495e7",
    "d5448c98",
    "187242f4",
)
GOOD, BAD, OPEN = Compliance.COMPLIANT, Compliance.NON_COMPLIANT, Compliance.UNDETERMINED
PASS, FAIL, UNKNOWN, MANUAL = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.MANUAL
NOT_APPLICABLE = Status.NOT_APPLICABLE
SECTIONS: Final = ("inbound", "backend", "outbound", "on-error")
MINOR: Final = frozenset(
    {"base", "cache-store", "cache-store-value", "cors", "cross-domain", "emit-metric", "find-and-replace"}
    | {"forward-request", "json-to-xml", "log-to-eventhub", "redirect-content-urls", "rewrite-uri"}
    | {"set-backend-service", "set-body", "set-header", "set-method", "set-query-parameter", "set-status"}
    | {"set-variable", "trace", "xml-to-json", "xsl-transform"}
)
"""Statements that protect nothing by themselves. Of any other statement the loss may matter: more than the
check's own list, as a reason must not hide a mistake."""
CODE: Final = re.compile(r"=\"@[({].*?[)}]\"(?=[\s/>])", re.DOTALL)
"""An expression in an attribute, which may hold quotes and angle brackets as they are."""
_REFERENCE: Final = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
NOT_THERE: Final = frozenset(
    {Reason.ABSENT, Reason.INPUT, Reason.NOT_DECLARED, Reason.TRUNCATED, Reason.API_VERSION}
)

UNREAD: Final = NOT_THERE | {Reason.UNREAD_POLICY}


def of(pair: Pair) -> str:
    """The first part of the definition's id: one of the names above."""
    return pair.built_in.id[:8]


def said(pair: Pair, theirs: Compliance, *ours: Status | None) -> bool:
    """Whether this is how the two verdicts differ."""
    return pair.theirs is theirs and pair.ours in ours


def raw(resource: Resource | None, path: str) -> Any:
    """The value at a path such as ``properties.tls``, matched without case; None where there is none."""
    value: Any = resource.body if resource is not None else None
    for name in path.split("."):
        found = member(value, name) if isinstance(value, Mapping) else None
        value = found[1] if found else None
    return value


def text(resource: Resource | None, path: str) -> str:
    """A text in lower case; empty where there is none, or it is not known."""
    value = raw(resource, path)
    if isinstance(value, Sealed):
        return value.text
    return str(value).casefold() if isinstance(value, (str, bool, Partial)) else ""


def tier(pair: Pair) -> str:
    """The tier in lower case; empty where it is not told."""
    return text(pair.service, "sku.name")


def is_open(value: Any) -> bool:
    """Whether an expression, or what an input lacks, leaves a part of a value open."""
    opens = (Unresolved, Partial, PartialObject, PartialList)
    return any(isinstance(each, opens) for _, each in walk(value))


def reasons(pair: Pair) -> set[Reason]:
    """Why ours is unknown."""
    return {gap.reason for each in pair.findings for gap in each.gaps if each.status is Status.UNKNOWN}


def conditional(pair: Pair) -> bool:
    """Whether the resource, or one it belongs to, is deployed under a condition that is not known."""
    key = pair.resource.key
    while key.count("/") > 3:
        found = pair.inventory.by_key.get(key)
        if found is not None and found.condition is not None:
            return True
        key = key.rpartition("/")[0].rpartition("/")[0]
    return False


def children(pair: Pair, type_: str) -> list[Resource]:
    """What the input holds of a collection of the service."""
    service = pair.service
    return pair.inventory.children(service.key, f"{SERVICE}/{type_}") if service is not None else []


def delegated(pair: Pair, service: str) -> bool:
    """Whether a subnet of the input is delegated to a service."""
    networks = [
        each for each in pair.inventory.by_key.values() if each.type.startswith("microsoft.network/v")
    ]
    return any(
        isinstance(value, str) and value.casefold() == service
        for each in networks
        for _, value in walk(each.body)
    )


def policy_texts(pair: Pair) -> Iterator[tuple[Resource, str]]:
    """Every policy and fragment of the service; an empty text where it is not known."""
    service = pair.service
    for found in pair.inventory.by_key.values():
        kind = found.type.rpartition("/")[2]
        mine = service is not None and found.key.startswith(service.key + "/")
        if mine and kind in ("policies", "policyfragments"):
            yield found, text(found, "properties.value") or text(found, "properties.policyContent")


def root_of(policy: str) -> Element | None:
    """A policy as XML, its expressions made comparable; None where it is none, or not well-formed even so."""
    quoted = CODE.sub(lambda code: "=" + quoteattr(code[0][2:-1]), policy)
    for text_ in (policy, quoted):
        try:
            root = ET.fromstring(text_)  # noqa: S314 - our fixtures and the corpus
        except ET.ParseError:
            continue
        return root if root.tag in ("policies", "fragment") else None
    return None


def root(document: Resource) -> Element | None:
    """The XML of a policy resource."""
    return root_of(text(document, "properties.value") or text(document, "properties.policyContent"))


def readable(pair: Pair) -> bool:
    """Whether the input says that it is whole, and holds every policy as XML, with what they refer to.

    A deployed service has a policy of its own, so that without that one the input is not whole.
    """
    named = {each.name.casefold() for each in children(pair, "policyfragments")}
    values = {
        text(each, "properties.displayName")
        for each in children(pair, "namedvalues")
        if text(each, "properties.secret") != "true" and text(each, "properties.value")
    }
    for _, policy in policy_texts(pair):
        found = root_of(policy)
        if found is None or not {name.casefold() for name in _REFERENCE.findall(policy)} <= values:
            return False
        if any(
            each.get("fragment-id", "").casefold() not in named for each in found.iter("include-fragment")
        ):
            return False
    return pair.resource.input.whole and bool(children(pair, "policies"))


def wider(pair: Pair, document: Resource) -> list[Element | None]:
    """The policies of the scopes above a document: the service's, the products', the API's; None: not XML."""
    holder = document.parent_key
    found = []
    for other, policy in policy_texts(pair):
        place = other.parent_key
        if other is not document and (holder.startswith(place + "/") or "/products/" in place):
            found.append(root_of(policy))
    return found


def statements(document: Element | None, section: str) -> list[Element]:
    """What stands directly in a section."""
    part = document.find(section) if document is not None else None
    return list(part) if part is not None else []


def written(element: Element) -> str:
    """A statement as text, the same however it is laid out."""
    return ET.canonicalize(ET.tostring(element, "unicode"), strip_text=True)


def kept_out(pair: Pair, document: Resource, section: str) -> list[Element] | None:
    """The statements above a document in one of its sections; None where one of the policies is not XML."""
    above = wider(pair, document)
    if None in above:
        return None
    return [each for policy in above for each in statements(policy, section) if each.tag != "base"]


def without_base(policy: Element) -> list[str]:
    """The sections whose first element is not ``<base/>``, or that are not there."""
    found = ((name, statements(policy, name)) for name in SECTIONS)
    return [name for name, own in found if not own or own[0].tag != "base"]
