"""Every resource that a built-in definition is about, with Azure Policy's verdict and ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from auditor.engine import NOT_LISTED, Finding, judge
from auditor.model.check import Check
from auditor.model.inventory import SERVICE, Inventory, Resource
from auditor.model.knowledge import Audit
from auditor.model.verdict import Status, fold
from controls import catalogue
from controls.azure_policy import BuiltIn
from tests.azure_policy.definitions import Compliance, Definition
from tests.conftest import NOW
from tests.judging import settings_of

ENDPOINTS = {"Management": "access", "Git": "gitAccess", "Gateway Configuration": "gatewayAccess"}
"""The values of ``endpointType``, with the tenant setting each asks for (REST specification, ``tenant``)."""

SAME = {
    Compliance.COMPLIANT: Status.PASS,
    Compliance.NON_COMPLIANT: Status.FAIL,
    Compliance.NOT_APPLICABLE: Status.NOT_APPLICABLE,
    Compliance.UNDETERMINED: Status.UNKNOWN,
}
"""What of ours says the same as a compliance state. Anything else is a disagreement."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What is said of one resource there and here."""

    built_in: BuiltIn
    inventory: Inventory
    resource: Resource
    theirs: Compliance
    findings: tuple[Finding, ...]
    endpoint: str = ""
    """The value of ``endpointType``, where the definition has that parameter."""
    documents: tuple[Resource, ...] = ()
    """All policies that our one verdict is about; ``theirs`` is the worst that is said of one of them."""

    @property
    def ours(self) -> Status | None:
        """Our verdict; None where nothing of ours speaks of the resource."""
        return fold(finding.status for finding in self.findings) if self.findings else None

    @property
    def agree(self) -> bool:
        return self.ours is SAME[self.theirs]

    @property
    def service(self) -> Resource | None:
        """The service that the resource is or belongs to; None where it has no name to be found by."""
        return service_of(self.inventory, self.resource)

    def __str__(self) -> str:
        said = "; ".join(finding.message for finding in self.findings[:2])
        where = f"{self.resource.input.path} {self.resource.id[-100:]} {self.endpoint}"
        return (
            f"{self.built_in.name}\n    {self.theirs.name} there, {self.ours} here: {where}\n    {said[:300]}"
        )


def service_of(inventory: Inventory, resource: Resource) -> Resource | None:
    """The service of a resource."""
    key = resource.key
    for _ in range(resource.type.count("/") - 1):
        key = key.rpartition("/")[0].rpartition("/")[0]
    found = inventory.by_key.get(key)
    return found if found is not None and found.type == SERVICE else None


@cache
def _checks() -> Mapping[str, Check]:
    return {check.id: check for check in catalogue().checks}


class Judged:
    """Our findings on one inventory, each check run once."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._audit = Audit(inventory, catalogue().knowledge, NOW, settings_of(inventory))
        self._found: dict[tuple[str, str], list[Finding]] = {}

    def of(self, check_id: str, service: Resource) -> list[Finding]:
        """What a check says of a service and what is in it."""
        key = (check_id, service.key)
        if key not in self._found:
            self._found[key] = list(judge(_checks()[check_id], self._audit, service))
        return self._found[key]

    def on(self, check_id: str, resource: Resource, subject: str) -> tuple[Finding, ...]:
        """What a check says of the subject that a resource falls to.

        Args:
            check_id: The check.
            resource: What Azure Policy judges.
            subject: Key of what we judge for it: the resource itself, or what it is a setting of.
        """
        service = service_of(self.inventory, resource)
        if service is None:
            return ()
        found = self.of(check_id, service)
        own = tuple(each for each in found if each.resource.key == subject and each.item != NOT_LISTED)
        # Where it was not listed, one finding stands for the rest; where a gate closed, one for them all.
        rest = tuple(each for each in found if each.item == NOT_LISTED)
        return own or rest or (tuple(found) if len(found) == 1 and found[0].resource is service else ())


def pairs(built_in: BuiltIn, definition: Definition, judged: Judged) -> Iterator[Pair]:
    """Both verdicts on everything in an inventory that a definition is about."""
    inventory = judged.inventory
    if not built_in.checks:
        for resource in definition.types(inventory):
            yield Pair(built_in, inventory, resource, definition.judge(inventory, resource), ())
        return
    if "endpointType" in definition.parameters:
        for endpoint, name in ENDPOINTS.items():
            assigned = definition.assigned(endpointType=endpoint)
            for service in assigned.types(inventory):
                theirs = assigned.judge(inventory, service)
                found = _setting(built_in, judged, service, f"{service.key}/tenant/{name.lower()}")
                yield Pair(built_in, inventory, service, theirs, found, endpoint)
        return
    together: dict[str, list[Resource]] = {}
    for resource in definition.types(inventory):
        if resource.type == SERVICE or resource.type.startswith(f"{SERVICE}/"):
            together.setdefault(_subject(resource), []).append(resource)
    for subject, resources in together.items():
        said = [definition.judge(inventory, each) for each in resources]
        theirs = min(said, key=_WORST.index)
        worst = resources[said.index(theirs)]
        if worst.type.endswith("/tenant"):
            found = _setting(built_in, judged, worst, subject)
        else:
            found = judged.on(built_in.checks[0], worst, subject)
        yield Pair(built_in, inventory, worst, theirs, found, documents=tuple(resources))


_WORST = (
    Compliance.NON_COMPLIANT,
    Compliance.UNDETERMINED,
    Compliance.COMPLIANT,
    Compliance.NOT_APPLICABLE,
)


def _subject(resource: Resource) -> str:
    """Key of what our checks judge for it: of a policy its API, of a portal setting the service."""
    kind = resource.type.rpartition("/")[2]
    if kind == "portalconfigs":
        return resource.parent_key
    if kind != "policies":
        return resource.key
    holder = resource.parent_key
    if resource.type.endswith("/operations/policies"):
        return holder.rpartition("/")[0].rpartition("/")[0]
    return holder


def _setting(built_in: BuiltIn, judged: Judged, resource: Resource, key: str) -> tuple[Finding, ...]:
    """What is said of one tenant setting; the direct management API has a check of its own."""
    direct, others = built_in.checks
    check = direct if key.endswith("/access") else others
    found = judged.on(check, resource, key)
    # The endpoints of one service are items of one check, of which another may be the one on the service.
    return tuple(each for each in found if each.item in ("", NOT_LISTED))
