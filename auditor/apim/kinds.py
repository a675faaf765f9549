"""The kinds of subject that checks are judged on, and how all of a service's are found."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.apim.portal import setting
from auditor.apim.tiers import Capability, supports
from auditor.model.check import Kind
from auditor.model.evidence import Evidence
from auditor.model.logic import together, within
from auditor.model.subject import Subject


def _service(service: Subject) -> Iterator[Subject]:
    yield service


def below(service: Subject, collection: str, *, workspaces: bool = True) -> Iterator[Subject]:
    """The items of a collection of a service and of its workspaces, then ``Undetermined`` for the rest.

    A template that mentions no workspace deploys none; of a deployed service that was read, workspaces that
    were not listed may exist where the tier has them.
    """
    if not workspaces:
        return service.children(collection)
    return together(service.children(collection), _in_workspaces(service, collection))


def _workspaces(service: Subject) -> Iterator[Subject]:
    seen = service.audit.inventory.children(service.key, f"{service.resource.type}/workspaces")
    if seen or not (service.source.declared or not supports(service, Capability.WORKSPACES)):
        yield from service.children("workspaces")


def _in_workspaces(service: Subject, collection: str) -> Iterator[Subject]:
    return within(_workspaces(service), lambda workspace: workspace.children(collection))


def _collection(name: str, collection: str, *, workspaces: bool = True) -> Kind:
    def find(service: Subject) -> Iterator[Subject]:
        return below(service, collection, workspaces=workspaces)

    return Kind(name, find)


def _locations(service: Subject) -> Iterator[Subject]:
    """The primary location (the service itself), then each additional one."""
    yield service
    yield from service.items("/properties/additionalLocations", key="/location")


def _host_names(service: Subject) -> Iterator[Subject]:
    return service.items("/properties/hostnameConfigurations", key="/hostName")


def _gateway_host_names(service: Subject) -> Iterator[Subject]:
    """The host names of self-hosted gateways."""
    return within(service.children("gateways"), lambda gateway: gateway.children("hostnameConfigurations"))


def _tenant_settings(service: Subject) -> Iterator[Subject]:
    return service.children("tenant")


def _tenant_access(service: Subject) -> Iterator[Subject]:
    yield setting(service, "tenant", "access")


def _diagnostics(service: Subject) -> Iterator[Subject]:
    """What a service, its workspaces and each of their APIs send to loggers."""
    of_apis = within(below(service, "apis"), lambda api: api.children("diagnostics"))
    return together(below(service, "diagnostics"), of_apis)


SERVICE = Kind("service", _service)
LOCATION = Kind("location", _locations)
HOST_NAME = Kind("host name", _host_names)
TENANT_SETTING = Kind("tenant setting", _tenant_settings)
TENANT_ACCESS = Kind("tenant access setting", _tenant_access)
NAMED_VALUE = _collection("named value", "namedValues")
CERTIFICATE = _collection("certificate", "certificates")
BACKEND = _collection("backend", "backends")
API = _collection("API", "apis")
PRODUCT = _collection("product", "products")
SUBSCRIPTION = _collection("subscription", "subscriptions")
LOGGER = _collection("logger", "loggers")
CACHE = _collection("cache", "caches", workspaces=False)
IDENTITY_PROVIDER = _collection("identity provider", "identityProviders", workspaces=False)
AUTHORIZATION_SERVER = _collection("authorization server", "authorizationServers", workspaces=False)
GATEWAY_HOST_NAME = Kind("self-hosted gateway host name", _gateway_host_names)


def in_workspace(subject: Subject) -> bool:
    """Whether a resource stands in a workspace: without a managed identity it cannot use Key Vault."""
    within_workspace = "/workspaces/" in subject.resource.type
    if within_workspace:
        subject.log.add(Evidence(subject.resource, "#type", subject.resource.type))
    return within_workspace


def owner(subject: Subject) -> Subject:
    """The service or the workspace that a child resource belongs to.

    Raises:
        Undetermined: It is not in the input.
    """
    return subject.related(subject.resource.id.rpartition("/")[0].rpartition("/")[0])


ADDRESSES_IN_POLICIES = "addresses in policies"
CREDENTIALS_IN_POLICIES = "credentials in policies"
"""Items of a scope that is judged for what its policies hold, not for an address or credential of its own."""


def service_of(subject: Subject) -> Subject:
    """The service that a resource belongs to, or the service itself."""
    key = subject.key
    for _ in range(subject.resource.type.count("/") - 1):
        key = key.rpartition("/")[0].rpartition("/")[0]
    return subject.of(subject.audit.inventory.by_key[key])


def _addresses(service: Subject) -> Iterator[Subject]:
    """What has an address of its own, then every scope again for the addresses in its policies."""
    called = _in_policies(service, ADDRESSES_IN_POLICIES)
    return together(below(service, "apis"), below(service, "backends"), called)


def _in_policies(service: Subject, item: str) -> Iterator[Subject]:
    """Every scope with policies, told apart from the same resource as something else."""
    for scope in _policy_scopes(service):
        yield Subject(scope.audit, scope.resource, scope.log, item=item)


def _certificates(service: Subject) -> Iterator[Subject]:
    """Every certificate a service holds: client and backend ones, those of its host names, its CA list."""
    listed = service.items("/properties/certificates", key="/certificate/thumbprint")
    return together(_own_certificates(service), listed)


def _own_certificates(service: Subject) -> Iterator[Subject]:
    """The certificates that can come from Key Vault."""
    return together(below(service, "certificates"), _host_names(service))


def _portal_children(service: Subject, collection: str) -> Iterator[Subject]:
    """What only a developer portal uses: a tier without one has none, unless the input shows some."""
    seen = service.audit.inventory.children(service.key, f"{service.resource.type}/{collection.lower()}")
    if seen or supports(service, Capability.DEVELOPER_PORTAL):
        yield from service.children(collection)


def _credential_holders(service: Subject) -> Iterator[Subject]:
    """The service itself and every resource of it that has a field for a credential."""
    # Named, so that it is told apart from the finding that stands for what was not listed.
    own = Subject(service.audit, service.resource, service.log, item="certificates of the service")
    return together(
        (own,),
        below(service, "backends"),
        below(service, "loggers"),
        below(service, "certificates"),
        service.children("caches"),
        _portal_children(service, "identityProviders"),
        _portal_children(service, "authorizationServers"),
        _portal_children(service, "openidConnectProviders"),
        _in_policies(service, CREDENTIALS_IN_POLICIES),
    )


def _policy_scopes(service: Subject) -> Iterator[Subject]:
    """Whatever policies hang on; an API stands for its operations too, and a fragment for itself."""
    # Named, so that it is told apart from the finding that stands for what was not listed.
    own = Subject(service.audit, service.resource, service.log, item="policy of the service")
    return together(
        (own,),
        _workspaces(service),
        below(service, "products"),
        below(service, "apis"),
        below(service, "policyFragments"),
    )


ADDRESS = Kind("API, backend or policy", _addresses)
POLICY_SCOPE = Kind("policy", _policy_scopes)
CALLED = Kind(
    "backend or policy", lambda service: together(below(service, "backends"), _policy_scopes(service))
)
"""What says where the gateway sends requests."""
ANY_CERTIFICATE = Kind("certificate", _certificates)
OWN_CERTIFICATE = Kind("certificate or host name", _own_certificates)
CREDENTIAL_HOLDER = Kind("resource with a credential", _credential_holders)
DIAGNOSTIC = Kind("diagnostic", _diagnostics)
