"""Gateway host names, and whether the gateway asks the callers that use them for a certificate.

Which switch makes it ask depends on the tier: one per host name on the classic tiers, one for the whole
service on Consumption and v2. Sources: "How to secure APIs using client certificate authentication in API
Management" (2025), the REST specification's property texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from auditor.apim.tiers import Capability, is_v2, supports
from auditor.model.check import Kind
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import derived, some, within
from auditor.model.subject import Subject

_HOSTS = "/properties/hostnameConfigurations"
_DEFAULT_DOMAINS = (".azure-api.net", ".azure-api.us", ".azure-api.cn")
_UNLISTED = "the default host name"
_DEMANDS = "require_client_certificates"


class HostType(StrEnum):
    """What answers under a host name."""

    PROXY = "Proxy"
    PORTAL = "Portal"
    MANAGEMENT = "Management"
    SCM = "Scm"
    DEVELOPER_PORTAL = "DeveloperPortal"
    CONFIGURATION_API = "ConfigurationApi"


def gateway_hosts(service: Subject) -> Iterator[Subject]:
    """The names the gateway answers under, with the default one where the input does not list it.

    The default host name keeps answering beside custom ones. Names of portals and of management endpoints
    are left out; one whose type is not known is left out too, and ``Undetermined`` raised for it at the end.
    """
    return within(_names(service), _of_gateway)


def _names(service: Subject) -> Iterator[Subject]:
    yield from service.items(_HOSTS, key="/hostName")
    if not some(service.items(_HOSTS, key="/hostName"), _is_default):
        yield Subject(service.audit, service.resource, service.log, item=_UNLISTED)


def _of_gateway(host: Subject) -> Iterator[Subject]:
    if not host.base or _serves_apis(host):
        yield host


def _serves_apis(host: Subject) -> bool:
    require_name(host)
    return host.read("/type", one_of=HostType) is HostType.PROXY


def _is_default(host: Subject) -> bool:
    if not _serves_apis(host):
        return False
    name = host.text("/hostName")
    if not name.tail:
        raise name.undecided()
    return name.tail.casefold().endswith(_DEFAULT_DOMAINS)


def _switches(service: Subject) -> Iterator[Subject]:
    if supports(service, Capability.HOST_NEGOTIATION):
        yield from gateway_hosts(service)
    else:
        yield service


GATEWAY_HOST = Kind("gateway host name", _switches)
"""What has a switch of its own: each host name on the classic tiers, the service on the others."""


def require_name(host: Subject) -> None:
    """Raise where an entry in the list of host names has no name: nothing is known about such an entry."""
    if host.item.startswith(_HOSTS):
        host.text("/hostName")


def negotiates(host: Subject) -> bool:
    """Whether the gateway asks for a certificate under a host name of a classic tier.

    Raises:
        Undetermined: It is the default host name of a deployed service, and the input does not list it.
    """
    if host.base:
        return host.flag("/negotiateClientCertificate")
    if not host.source.declared:
        raise Undetermined(
            Gap(
                Reason.ABSENT,
                f"the default host name of {host.name}, which is not among the host names that were read",
                "read the service with api-version 2024-05-01 or newer",
            )
        )
    # What a deployment does not list is set back to its default, which is not to ask.
    host.read(_HOSTS)
    return False


def service_asks(service: Subject) -> bool:
    """Whether the one switch of a Consumption or v2 service is on.

    Raises:
        Undetermined: It is off on v2, where no document of Microsoft's says that this is the switch.
    """
    if service.flag("/properties/enableClientCertificate"):
        return True
    if is_v2(service):
        raise Undetermined(
            Gap(
                Reason.EXTERNAL,
                f"whether {service.name} requests client certificates: enableClientCertificate is not on, "
                "and the documents do not settle that it is the switch of the v2 tiers",
                "look at Custom domains > Request client certificate in the portal, and attest what it says",
            )
        )
    return False


@derived
def certificates_arrive(service: Subject) -> bool:
    """Whether the gateway asks for certificates under at least one host name."""
    if not supports(service, Capability.HOST_NEGOTIATION):
        return service_asks(service)
    return some(gateway_hosts(service), negotiates)


def demanded_of(service: Subject) -> bool:
    """Whether the user's configuration demands client certificates under any host name of a service.

    Every API answers under every gateway host name, so one is enough for all of them.

    Raises:
        Undetermined: Host names are demanded by name, and those of the service are not all known.
    """
    if not service.audit.settings.get(_DEMANDS, ()):
        return False
    if not supports(service, Capability.HOST_NEGOTIATION):
        return demanded(service)
    return some(gateway_hosts(service), demanded)


def demanded(host: Subject) -> bool:
    """Whether the user's configuration demands client certificates under a host name, or for a service."""
    wanted = host.audit.settings.get(_DEMANDS, ())
    names = {str(name).casefold() for name in ([wanted] if isinstance(wanted, str) else wanted)}
    if not names:
        return False
    if "*" in names or host.item.casefold() in names:
        return True
    if host.base:
        return False
    if any(name.startswith(f"{host.name}.azure-api.".casefold()) for name in names):
        return True
    # A service with one switch: a demand for any of its host names is a demand on it.
    return host.item != _UNLISTED and some(host.items(_HOSTS, key="/hostName"), demanded)
