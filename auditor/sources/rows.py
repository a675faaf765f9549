"""Rows about resources that are none: what happened, what Azure Policy found, what a vault holds.

None of them comes as a resource with an id of the management API. An entry of the activity log, a state of
Azure Policy and a certificate in a vault are given one here, the same whichever way they came; of each only
what is judged is kept. Sources: "Azure Monitor activity log event schema"; REST reference, ``PolicyState``,
``ComponentPolicyState`` and ``CertificateBundle``.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from auditor.model.inventory import InputKind, Origin
from auditor.model.values import Json, member
from auditor.redaction import activity
from auditor.sources.shape import Found

EVENTS: Final = "microsoft.insights/events"
STATES: Final = "Microsoft.PolicyInsights/policyStates"
COMPONENT_STATES: Final = "Microsoft.PolicyInsights/componentPolicyStates"
CERTIFICATES: Final = "microsoft.keyvault/vaults/certificates"
_CLASSIC: Final = "Microsoft.Authorization/classicAdministrators"
_OF_STATE: Final = (
    "complianceState", "componentId", "componentName", "componentType", "policyAssignmentId",
    "policyDefinitionAction", "policyDefinitionId", "policyDefinitionReferenceId", "policySetDefinitionId",
    "resourceId", "resourceType", "timestamp",
)  # fmt: skip
_NAMES_A_STATE: Final = ("policyAssignmentId", "policyDefinitionId", "policyDefinitionReferenceId",
                         "componentId", "timestamp")  # fmt: skip
_OF_CERTIFICATE: Final = {
    "attributes": ("enabled", "nbf", "exp", "notBefore", "expires"),
    "policy": (
        "key_props", "x509_props", "issuer", "lifetime_actions",
        "keyProperties", "x509CertificateProperties", "issuerParameters", "lifetimeActions",
    ),
}  # fmt: skip
_OF_SUBJECT: Final = frozenset({"validity_months", "validityInMonths"})
"""What is kept of a certificate's own properties: its subject and alternative names may be people's."""
_FLATTENED: Final = frozenset(
    {
        "microsoft.authorization/policyassignments",
        "microsoft.authorization/policydefinitions",
        "microsoft.authorization/policysetdefinitions",
        "microsoft.authorization/roleassignments",
        "microsoft.authorization/roledefinitions",
        "microsoft.security/pricings",
    }
)
"""Types that az prints with the members of ``properties`` beside the id."""
_ENVELOPE: Final = frozenset({"id", "name", "type", "location", "identity", "systemdata", "resourcegroup"})
_WIRE_NAMES: Final = {"roleType": "type"}
"""What az calls otherwise than the wire does."""


is_entry = activity.is_entry


def row(item: Mapping[str, Json], origin: Origin) -> tuple[InputKind, list[Found]] | None:
    """What a row is about, and of which kind of input it is; None where it is none of these."""
    if activity.is_entry(item):
        found = event(item, origin)
        return InputKind.REST, [] if found is None else [found]
    state = _state(item, origin)
    if state is not None:
        return InputKind.REST, [state]
    certificate = _certificate(item, origin)
    if certificate is not None:
        return InputKind.KEY_VAULT, [certificate]
    classic = _classic(item, origin)
    return None if classic is None else (InputKind.AZ_LIST, [classic])


def event(
    item: Mapping[str, Json], origin: Origin, subscription: str = "", api_version: str = ""
) -> Found | None:
    """An entry of the activity log; None where it is not one, or its operation is not judged.

    Args:
        item: As Azure or a snapshot has it.
        origin: Where it stands.
        subscription: ``/subscriptions/ID`` of the log; by default that of the resource it is about.
        api_version: That it was read with.
    """
    body = activity.kept(item)
    name = item.get("eventDataId")
    if body is None or not isinstance(name, str) or not name:
        return None
    about = item.get("resourceId")
    scope = subscription or _subscription(about if isinstance(about, str) else "")
    return Found(f"{scope}/providers/{EVENTS}/{name}", EVENTS, body, origin, api_version)


def _subscription(resource_id: str) -> str:
    parts = resource_id.casefold().split("/")
    return "/".join(parts[:3]) if len(parts) > 2 and parts[1] == "subscriptions" else ""


def flattened(item: Mapping[str, Json], type_: str) -> dict[str, Json] | None:
    """The wire's body of what az prints without ``properties``; None where it is not such a thing."""
    if type_ not in _FLATTENED or member(item, "properties") is not None:
        return None
    properties = {
        _WIRE_NAMES.get(name, name): value
        for name, value in item.items()
        if name.casefold() not in _ENVELOPE and name != "principalName"
    }
    if not properties:
        return None
    kept = {name: item[name] for name in item if name.casefold() in ("location", "identity")}
    return {**kept, "properties": properties}


def _state(item: Mapping[str, Json], origin: Origin) -> Found | None:
    """A state of Azure Policy, of a resource or of something in one; it has no id of its own."""
    about = item.get("resourceId")
    told = isinstance(item.get("complianceState"), str) and isinstance(item.get("policyDefinitionId"), str)
    if not told or not isinstance(about, str) or isinstance(item.get("id"), str):
        return None
    body = {name: item[name] for name in _OF_STATE if item.get(name) is not None}
    type_ = COMPONENT_STATES if "componentId" in body else STATES
    spelled = "\n".join(str(item.get(name, "")).casefold() for name in _NAMES_A_STATE)
    name = sha256(spelled.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    resource_id = f"{about.rstrip('/')}/providers/{type_}/{name}"
    where = Origin(origin.pointer, origin.document, origin.request, flat=True)
    return Found(resource_id, type_.lower(), {"properties": body}, where)


def _certificate(item: Mapping[str, Json], origin: Origin) -> Found | None:
    """A certificate as its vault tells of it, by the identifier without the version."""
    identifier = item.get("id")
    if not isinstance(identifier, str) or not identifier.lower().startswith("https://"):
        return None
    host, *path = identifier.rstrip("/").split("/")[2:] or [""]
    if (
        not host
        or len(path) not in (2, 3)
        or path[0].lower() != "certificates"
        or not isinstance(item.get("policy"), dict)
    ):
        return None
    properties = {
        name: {part: _trimmed(part, parts[part]) for part in wanted if parts.get(part) is not None}
        for name, wanted in _OF_CERTIFICATE.items()
        if isinstance(parts := item.get(name), dict)
    }
    where = Origin(origin.pointer, origin.document, origin.request, flat=True)
    return Found(f"https://{host}/certificates/{path[1]}", CERTIFICATES, {"properties": properties}, where)


def _trimmed(name: str, value: Json) -> Json:
    if name in ("x509_props", "x509CertificateProperties") and isinstance(value, dict):
        return {key: inner for key, inner in value.items() if key in _OF_SUBJECT}
    return value


def _classic(item: Mapping[str, Json], origin: Origin) -> Found | None:
    """A classic administrator among role assignments, as az lists them on request; its name is left out."""
    scope, name = item.get("scope"), item.get("id")
    if not isinstance(scope, str) or not isinstance(name, str) or not name.startswith("NA("):
        return None
    number = origin.pointer.rpartition("/")[2]
    properties = {"role": item.get("roleDefinitionName")}
    resource_id = f"{scope.rstrip('/')}/providers/{_CLASSIC}/{number}"
    return Found(resource_id, _CLASSIC.lower(), {"properties": properties}, origin)
