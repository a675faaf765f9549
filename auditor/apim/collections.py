"""The collections of a service: what they are called, who may read them, which input can hold them.

One table feeds every gap's remedy, the documentation and the page on what an input could not show. Paths and
actions: "Microsoft.ApiManagement permissions" and the REST reference, api-version 2024-05-01.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.inventory import SERVICE, InputKind
from auditor.model.subject import Subject

API_VERSION = "2024-05-01"
_CHILDLESS = frozenset({InputKind.AZ_CLI, InputKind.AZ_LIST, InputKind.GRAPH, InputKind.KEY_VAULT})
"""Inputs that describe services only: none of their collections."""


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection below or on a service."""

    name: str
    """Wire name of the path segment, or the full type of an extension."""
    title: str
    """For readers, in the plural."""
    exported: bool = True
    """A portal export can hold it."""
    api_version: str = API_VERSION
    nested: bool = False
    """It stands below another collection, not below the service."""
    segment: str = ""
    """Path of the request behind ``providers/``, where it is not the name."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Further members of the request's query."""

    @property
    def extension(self) -> bool:
        """It belongs to another provider and is attached to the service."""
        return "/" in self.name

    @property
    def action(self) -> str:
        """The permission that reads it."""
        if self.name == ACTIVITY:
            return "Microsoft.Insights/eventtypes/values/read"
        if self.extension:
            return f"{self.name}/read"
        return f"Microsoft.ApiManagement/service/{self.name}/read"

    def path(self, resource_id: str) -> str:
        """The request that lists it, without the host: ``az rest`` adds the cloud's own."""
        segment = f"providers/{self.segment or self.name}" if self.extension else self.name
        members = "".join(f"&{name}={value}" for name, value in self.query.items())
        return f"{resource_id}/{segment}?api-version={self.api_version}{members}"


COLLECTIONS: dict[str, Collection] = {
    collection.name.lower(): collection
    for collection in (
        Collection("apiLinks", "links to APIs", nested=True),
        Collection("apis", "APIs"),
        Collection("authorizationServers", "authorization servers"),
        Collection("backends", "backends"),
        Collection("caches", "caches"),
        Collection("certificates", "certificates"),
        Collection("diagnostics", "diagnostics"),
        Collection("gateways", "self-hosted gateways"),
        Collection("groupLinks", "links to groups", nested=True),
        Collection("groups", "groups"),
        Collection("hostnameConfigurations", "host names of self-hosted gateways", nested=True),
        Collection("identityProviders", "identity providers"),
        Collection("loggers", "loggers"),
        Collection("namedValues", "named values"),
        Collection("openidConnectProviders", "OpenID Connect providers"),
        Collection("operations", "operations", nested=True),
        Collection("policies", "policies"),
        Collection("policyFragments", "policy fragments"),
        Collection("portalconfigs", "developer portal configurations"),
        Collection("portalsettings", "developer portal settings"),
        Collection("privateEndpointConnections", "private endpoint connections", exported=False),
        Collection("products", "products"),
        Collection("subscriptions", "subscriptions"),
        Collection("tenant", "tenant access settings", exported=False),
        Collection("users", "users"),
        Collection("workspaces", "workspaces"),
        Collection(
            "Microsoft.Insights/diagnosticSettings",
            "diagnostic settings",
            exported=False,
            api_version="2021-05-01-preview",
        ),
        Collection(
            "Microsoft.Security/apiCollections",
            "APIs onboarded to Defender for APIs",
            exported=False,
            api_version="2023-11-15",
        ),
    )
}


ACTIVITY = "Microsoft.Insights/events"
"""What the activity log is called in the inventory: its entries have ids of many shapes on the wire."""
SURROUNDINGS: dict[str, Collection] = {
    collection.name.lower(): collection
    for collection in (
        Collection(
            "Microsoft.Authorization/policyAssignments",
            "Azure Policy assignments",
            exported=False,
            api_version="2023-04-01",
        ),
        Collection(
            "Microsoft.Authorization/roleAssignments",
            "role assignments",
            exported=False,
            api_version="2022-04-01",
        ),
        Collection(
            "Microsoft.Authorization/denyAssignments",
            "deny assignments",
            exported=False,
            api_version="2022-04-01",
        ),
        Collection(
            "Microsoft.Authorization/roleDefinitions",
            "custom roles",
            exported=False,
            api_version="2022-04-01",
            query={"$filter": "type eq 'CustomRole'"},
        ),
        Collection(
            ACTIVITY,
            "entries of the activity log",
            exported=False,
            api_version="2015-04-01",
            segment="Microsoft.Insights/eventtypes/management/values",
        ),
        Collection(
            "Microsoft.Security/pricings",
            "Defender plans",
            exported=False,
            api_version="2024-01-01",
        ),
    )
}
"""What is listed for a subscription: what stands at it, above it and below it."""


SURROUNDINGS_KEY = (
    "What applies to a subscription, wherever it stands, is listed once for the subscription, and only "
    "a snapshot tells whether such a list is whole. Networks, security groups, vaults, identities, "
    "firewalls and the states of Azure Policy come from Resource Graph; parts of Front Doors and DNS records "
    "are listed below each; whether the tenant has opted in to Customer Lockbox comes from the tenant."
)
FILES: tuple[tuple[str, str, str], ...] = (
    (
        "role assignments",
        "`az role assignment list --all`",
        "names of principals are left out; with `--include-classic-administrators` these are counted",
    ),
    ("custom roles", "`az role definition list --custom-role-only`", ""),
    ("policy assignments", "`az policy assignment list --scope ID --disable-scope-strict-match`", ""),
    (
        "definitions and initiatives of your own",
        "`az policy definition list`, `az policy set-definition list`",
        "rules are searched for the type of API Management",
    ),
    (
        "states of Azure Policy",
        "`az policy state list --resource ID`, or POST `policyStates/latest/queryResults`",
        "the newest state of each evaluation counts",
    ),
    (
        "the activity log",
        "`az monitor activity-log list --resource-id ID --offset 90d --max-events 1000`",
        "entries on backups and regenerated keys are kept, without who did it and from where",
    ),
    ("Defender plans", "`az security pricing list`", ""),
    (
        "certificates of a vault",
        "`az keyvault certificate show --id IDENTIFIER`",
        "key, validity, issuer's name and lifetime actions are kept",
    ),
    (
        "any of the first five",
        '`az graph query -q "authorizationresources"`, `policyresources`, `securityresources`',
        "Resource Graph leaves out what you may not read, without a word",
    ),
)
"""What stands around services, as files: what, how to get it, what to know."""
FILES_KEY = (
    'The same comes as files, told by content, in the form of the management API (`{"value": [...]}`) '
    "or in that of `az`. What is in them is judged; that something is *not* in them says nothing unless "
    "`--complete` does."
)


def collection(name: str) -> Collection:
    """The collection with a wire name, known to the tables or not."""
    folded = name.lower()
    return COLLECTIONS.get(folded) or SURROUNDINGS.get(folded) or Collection(name, name)


def uncollected(subject: Subject, name: str) -> Gap:
    """Why a collection is not there, and how to get it; see ``Knowledge.uncollected``."""
    wanted = collection(name)
    source = subject.source
    remedy = listing_command(subject, wanted)
    if name.lower() in SURROUNDINGS:
        return Gap(Reason.INPUT, f"the {wanted.title} of the subscription of {subject.name}", remedy)
    needed = f"the {wanted.title} of {subject.name}"
    if source.kind in _CHILDLESS or (source.exported and not wanted.exported):
        return Gap(Reason.INPUT, needed, remedy)
    if source.declared:
        or_none = "audit the deployed service" if source.whole else "say --complete if there are none"
        return Gap(Reason.NOT_DECLARED, needed, f"declare them in the template, or {or_none}")
    return Gap(Reason.ABSENT, needed, remedy)


def listing_command(subject: Subject, wanted: Collection) -> str:
    """The command that lists a collection of a deployed service, and the permission it needs."""
    if wanted.name.lower() in SURROUNDINGS:
        subscription = full_id(subject).split("/")[2]
        return f"auditor collect --subscription {subscription} -o snapshot.json.gz (needs {wanted.action})"
    return f'az rest --method get --url "{wanted.path(full_id(subject))}" (needs {_action(subject, wanted)})'


def _action(subject: Subject, wanted: Collection) -> str:
    """The permission that reads a collection below this very resource: an API, a gateway, a workspace."""
    if wanted.extension:
        return wanted.action
    above = full_id(subject).rpartition("/service/")[2].split("/")[1::2]
    return "/".join(("Microsoft.ApiManagement/service", *above, wanted.name, "read"))


def full_id(subject: Subject) -> str:
    """The id to ask Azure with; a template does not know its subscription and resource group."""
    if "/service/" not in subject.resource.id and subject.resource.id.lower().startswith("/subscriptions/"):
        return subject.resource.id
    head, _, name = subject.resource.id.rpartition("/service/")
    service, *below = name.split("/")
    resource_id = "/".join((f"{head}/service/{'SERVICE' if '[' in service else service}", *below))
    if resource_id.lower().startswith("/subscriptions/"):
        return resource_id
    return f"/subscriptions/SUBSCRIPTION/resourceGroups/GROUP{resource_id}"


_READ_ONLY = {
    "/properties/platformversion",
    "/properties/createdatutc",
    "/properties/privateendpointconnections",
    "/properties/provisioningstate",
    "/properties/keyvault/laststatus",
    "/properties/expirationdate",
    "/properties/subject",
    "/properties/thumbprint",
    "/properties/gatewayurl",
    "/properties/privateipaddresses",
    "/properties/publicipaddresses",
}
"""Members that only a deployed service reports; a template or an export does not carry them."""


def planned(subject: Subject) -> bool:
    """Whether the input tells what a deployment would set, and nothing that a service has reported."""
    return subject.source.declared and not subject.source.exported


def reported(subject: Subject, pointer: str) -> None:
    """Raise where the input cannot tell a member that only a deployed service reports.

    A template that states it all the same is not believed: no deployment takes it over.
    """
    if planned(subject):
        raise Undetermined(missing(subject, f"{subject.base}{pointer}"))


def missing(subject: Subject, pointer: str) -> Gap:
    """Why a member is not there, and how to get it; see ``Knowledge.missing``."""
    resource = subject.resource
    needed = f"{pointer.lstrip('/')} of {resource.name}"
    remedy = f'az rest --method get --url "{full_id(subject)}?api-version={API_VERSION}"'
    if not resource.type.startswith(SERVICE):
        shown = f"az resource show --ids {resource.id}"
        return Gap(Reason.ABSENT, needed, "state it" if resource.input.declared else shown)
    if resource.implied:
        needed = f"{needed}: the input holds children of the service, not the service itself"
        return Gap(Reason.ABSENT, needed, remedy)
    folded = pointer.casefold()
    if resource.input.declared and (
        folded in _READ_ONLY or "/certificate/" in folded or folded.endswith("/certificate")
    ):
        return Gap(Reason.INPUT, f"{needed}, which only the deployed service reports", remedy)
    return Gap(Reason.ABSENT, needed, remedy)
