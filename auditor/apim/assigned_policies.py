"""Which assignments of Azure Policy watch a service: the benchmark's initiative, and what names its type.

Ids: github.com/Azure/azure-policy, built-in policy release 3.2026.0417.1 (29 April 2026). An assignment
applies at its scope and below, but for its ``notScopes``. One of a management group applies where the listing
of the service's subscription shows it, or where a state says that it was evaluated. Sources: "Azure Policy
assignment structure", "Policy Assignments - List", which lists what is assigned above a subscription as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from auditor.apim.policy_selectors import disabled, selects
from auditor.apim.policy_states import states_of
from auditor.apim.scopes import GROUPS, Standing, covers, scope_of, standing
from auditor.model.evidence import Evidence, Gap, Log, Reason, Undetermined
from auditor.model.inventory import Resource
from auditor.model.logic import settled
from auditor.model.subject import Subject

REVIEWED: Final = "2026-04-29"
"""Day of the release that the ids were read from."""
ASSIGNMENTS: Final = "Microsoft.Authorization/policyAssignments"
_DEFINITIONS: Final = "microsoft.authorization/policydefinitions"
_SETS: Final = "microsoft.authorization/policysetdefinitions"
_NAMED: Final = "microsoft.apimanagement/"

BUILT_IN: Final = {
    "3aa03346-d8c5-4994-a5bc-7652c2a2aef1": "API Management subscriptions should not be scoped to all APIs",
    "73ef9241-5d81-4cd4-b483-8443d1730fe5": (
        "API Management service should use a SKU that supports virtual networks"
    ),
    "c15dcc82-b93c-4dcb-9332-fbf121685b54": "API Management calls to API backends should be authenticated",
    "92bb331d-ac71-416a-8c91-02f2cb734ce4": (
        "API Management calls to API backends should not bypass certificate thumbprint or name validation"
    ),
    "d5448c98-e503-4fdd-bcd2-784960c00d04": (
        "API Management policies should inherit parent scope policies using <base />"
    ),
    "1b0d74ac-4b43-4c39-a15f-594385adc38d": (
        "Modify API Management to disable username and password authentication"
    ),
    "ffe25541-3853-4f4e-b71d-064422294b11": (
        "API Management should have username and password authentication disabled"
    ),
    "b741306c-968e-4b67-b916-5675e5c709f4": (
        "API Management direct management endpoint should not be enabled"
    ),
    "ee7495e7-3ba7-40b6-bfee-c29e22cc75d4": "API Management APIs should use only encrypted protocols",
    "f1cc7827-022c-473e-836e-5a51cae0b249": (
        "API Management secret named values should be stored in Azure Key Vault"
    ),
    "1dc2fc00-2245-4143-99f4-874c937f13ef": "Azure API Management platform version should be stv2",
    "df73bd95-24da-4a4f-96b9-4e8b94b402bd": (
        "API Management should disable public network access to the service configuration endpoints"
    ),
    "7ca8c8ac-3a6e-493d-99ba-c5fa35347ff2": (
        "Configure API Management services to disable access to API Management public service "
        "configuration endpoints"
    ),
    "ef619a2c-cc4d-4d03-b2ba-8c94a834d85b": "API Management services should use a virtual network",
    "567c93f7-3661-494f-a30f-0a94d9bfebf8": (
        "Enable logging by category group for API Management services to Log Analytics"
    ),
    "3a8ff864-d881-44ce-bed3-0c63ede634cb": (
        "Enable logging by category group for API Management services to Event Hub"
    ),
    "6f3f5778-f809-4755-9d8f-bd5a5a7add85": (
        "Enable logging by category group for API Management services to Storage"
    ),
    "42daa904-5969-47ef-92cb-b75df946195a": "API Management Service should be Zone Redundant",
    "8ac833bd-f505-48d5-887e-c993a1d3eea0": "API endpoints in Azure API Management should be authenticated",
    "c8acafaf-3d23-44d1-9624-978ef0f8652c": (
        "API endpoints that are unused should be disabled and removed from the Azure API Management service"
    ),
}
"""Built-in definitions whose rule names a type of API Management, without the deprecated one."""
_VNET: Final = "ef619a2c-cc4d-4d03-b2ba-8c94a834d85b"
_OF_BENCHMARK: Final = frozenset(
    {
        "3aa03346-d8c5-4994-a5bc-7652c2a2aef1",
        "c15dcc82-b93c-4dcb-9332-fbf121685b54",
        "92bb331d-ac71-416a-8c91-02f2cb734ce4",
        "b741306c-968e-4b67-b916-5675e5c709f4",
        "ee7495e7-3ba7-40b6-bfee-c29e22cc75d4",
        "f1cc7827-022c-473e-836e-5a51cae0b249",
        "1dc2fc00-2245-4143-99f4-874c937f13ef",
        "df73bd95-24da-4a4f-96b9-4e8b94b402bd",
        _VNET,
        "8ac833bd-f505-48d5-887e-c993a1d3eea0",
        "c8acafaf-3d23-44d1-9624-978ef0f8652c",
    }
)
"""Those of them that both editions of the benchmark's initiative hold."""
BENCHMARKS: Final = {
    "1f3afdf9-d0c9-4c3d-847f-89da613e70a8": "Microsoft cloud security benchmark",
    "e3ec7e09-768c-4b64-882c-fcada3772047": "Microsoft cloud security benchmark v2 (preview)",
}
_BUT_FOR_ONE: Final = ("usgov", "usdod", "china")
"""Clouds, as locations begin, whose edition holds the definition on virtual networks alone."""
_ALTERNATIVES: Final = {
    "ffe25541-3853-4f4e-b71d-064422294b11": "1b0d74ac-4b43-4c39-a15f-594385adc38d",
    "df73bd95-24da-4a4f-96b9-4e8b94b402bd": "7ca8c8ac-3a6e-493d-99ba-c5fa35347ff2",
}
"""Definitions that report, and those that put right what they report."""
EXPECTED: Final = tuple(
    guid for guid in BUILT_IN if guid in _OF_BENCHMARK or guid in _ALTERNATIVES or guid.startswith("d5448c98")
)
"""Definitions that a service is better off with."""


@dataclass(frozen=True, slots=True)
class Watch:
    """An assignment that watches a service, and by what."""

    name: str
    """Of the initiative or the definition."""
    definition: str
    """Its GUID or name, lower case."""
    assignment: Resource
    enforcement: str = ""
    """As written; empty where it does not say."""
    built_in: frozenset[str] = field(default_factory=frozenset)
    """GUIDs of the built-in definitions in it."""
    own: tuple[str, ...] = ()
    """Names of the custom definitions in it that name a type of API Management."""


def watches(service: Subject, assignment: Subject) -> bool:
    """Whether an assignment applies to a service and looks at it; what decides is logged.

    Raises:
        Undetermined: Whether it applies, or what it assigns, is not known.
    """
    return _watch(service, assignment) is not None and applies(service, assignment)


def watching(service: Subject) -> list[Watch]:
    """All assignments that are known to watch a service; nothing is logged."""
    quiet = service.with_log(Log())
    found = []
    for resource in service.audit.inventory.of_type(ASSIGNMENTS.lower()):
        assignment = quiet.of(resource)
        watch = settled(partial(_watch, quiet, assignment))
        if isinstance(watch, Watch) and settled(partial(applies, quiet, assignment)) is True:
            found.append(watch)
    return found


def covered(found: list[Watch]) -> frozenset[str]:
    """GUIDs of the built-in definitions that are assigned, or have one that puts right what they report."""
    held = frozenset().union(*(watch.built_in for watch in found))
    return held | {guid for guid, other in _ALTERNATIVES.items() if other in held}


# -- whether it applies ----------------------------------------------------------------------------------


def applies(service: Subject, assignment: Subject) -> bool:
    """Whether an assignment applies to a service.

    Raises:
        Undetermined: It stands at a management group that may be elsewhere, or leaves one out.
    """
    where = standing(service, assignment.resource)
    here = where is Standing.WITHIN and covers(scope_of(assignment.resource), service.resource.id)
    if where is Standing.GROUP:
        _known_above(service, assignment)
    elif not here and where is not Standing.ABOVE:
        return False
    return not _left_out(service, assignment) and selects(service, assignment)


def _known_above(service: Subject, assignment: Subject) -> None:
    own = "/".join(service.resource.id.lower().split("/")[:3])
    origins = (assignment.resource.origin, *(origin for origin, _ in assignment.resource.overlays))
    for origin in origins:
        if origin.request.lower().startswith(f"get {own}/providers/"):
            told = Evidence(assignment.resource, "#listed", origin.request.partition("?")[0], origin=origin)
            assignment.log.add(told)
            return
    for states in states_of(service).values():
        for state in states:
            if state.assignment == assignment.resource.id.lower():
                assignment.of(state.source).read("/properties/policyAssignmentId")
                return
    group = scope_of(assignment.resource).rpartition("/")[2]
    needed = f"whether the management group {group} is above {service.name}"
    command = f"auditor collect --subscription {own.rpartition('/')[2]} -o snapshot.json.gz"
    raise Undetermined(Gap(Reason.INPUT, needed, command))


def _left_out(service: Subject, assignment: Subject) -> bool:
    """Whether the assignment leaves the service out."""
    groups = []
    for excluded in assignment.items("/properties/notScopes"):
        scope = excluded.text("").value().strip()
        if covers(scope, service.resource.id):
            return True
        if scope.lower().startswith(GROUPS):
            groups.append(scope)
    if groups and not _evaluated(service, assignment):
        needed = f"whether {service.name} is in {groups[0]}, which {assignment.name} leaves out"
        raise Undetermined(
            Gap(Reason.INPUT, needed, "az account management-group show --name GROUP --expand")
        )
    return False


def _evaluated(service: Subject, assignment: Subject) -> bool:
    own = assignment.resource.id.lower()
    return any(state.assignment == own for states in states_of(service).values() for state in states)


# -- what it looks at ------------------------------------------------------------------------------------


def _watch(service: Subject, assignment: Subject) -> Watch | None:
    """What an assignment looks at, of a service; None where it looks at nothing of it."""
    target = assignment.text("/properties/policyDefinitionId")
    identifier = target.value() if target.complete else f"/subscriptions/?{target.tail}"
    guid = identifier.rstrip("/").rpartition("/")[2].lower()
    if not guid:
        raise target.undecided()
    enforcement = assignment.stated("/properties/enforcementMode")
    if disabled(assignment):
        return None
    if "/policysetdefinitions/" in identifier.lower():
        return _initiative(service, assignment, identifier, guid, enforcement)
    if guid in BUILT_IN:
        return Watch(BUILT_IN[guid], guid, assignment.resource, enforcement, frozenset({guid}))
    if not _names_service(assignment, identifier):
        return None
    return Watch(guid, guid, assignment.resource, enforcement, own=(guid,))


def _initiative(
    service: Subject, assignment: Subject, identifier: str, guid: str, enforcement: str
) -> Watch | None:
    defined = _defined(assignment, _SETS, identifier)
    if defined is None and guid in BENCHMARKS:
        location = service.with_log(Log()).stated("/location").replace(" ", "").casefold()
        held = frozenset({_VNET}) if location.startswith(_BUT_FOR_ONE) else _OF_BENCHMARK
        return Watch(BENCHMARKS[guid], guid, assignment.resource, enforcement, held)
    if defined is None:
        needed = f"what the initiative {identifier} holds, which {assignment.name} assigns"
        raise Undetermined(Gap(Reason.ABSENT, needed, f"az policy set-definition show --name {guid}"))
    built_in, own = set(), []
    gaps: list[Gap] = []
    for entry in defined.items("/properties/policyDefinitions", key="/policyDefinitionReferenceId"):
        inner = entry.text("/policyDefinitionId").value()
        name = inner.rstrip("/").rpartition("/")[2].lower()
        named = name in BUILT_IN or settled(partial(_names_service, assignment, inner))
        if isinstance(named, Undetermined):
            gaps += named.gaps
        elif named and name in BUILT_IN:
            built_in.add(name)
        elif named:
            own.append(name)
    if not built_in and not own:
        if gaps:
            raise Undetermined(*gaps[:1])
        return None
    title = BENCHMARKS.get(guid) or defined.stated("/properties/displayName") or guid
    return Watch(title, guid, assignment.resource, enforcement, frozenset(built_in), tuple(own))


def _names_service(assignment: Subject, identifier: str) -> bool:
    """Whether the rule of a definition that is not in the table names a type of API Management.

    Raises:
        Undetermined: It is a custom one that is not in the input.
    """
    defined = _defined(assignment, _DEFINITIONS, identifier)
    if defined is not None:
        defined.read("/properties/policyRule")
        rule = defined.with_log(Log()).read("/properties/policyRule")
        return any(_NAMED in text.casefold() for text in _texts(rule))
    if identifier.lower().startswith(f"/providers/{_DEFINITIONS}/"):
        return False
    needed = f"the rule of {identifier}, which {assignment.name} assigns"
    name = identifier.rpartition("/")[2]
    raise Undetermined(Gap(Reason.ABSENT, needed, f"az policy definition show --name {name}"))


def _defined(assignment: Subject, type_: str, identifier: str) -> Subject | None:
    """A definition in the input, by its id, or in a template by its end."""
    wanted = identifier.rstrip("/").lower()
    found = assignment.audit.inventory.by_key.get(wanted)
    if found is not None:
        return assignment.of(found)
    if assignment.source.declared:
        for resource in assignment.audit.inventory.of_type(type_):
            same = resource.input.path == assignment.source.path
            if same and wanted.endswith(resource.id.lower().rpartition("/providers/")[2]):
                return assignment.of(resource)
    return None


def _texts(value: Any) -> Iterator[str]:
    """Every name and text in a rule."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)
