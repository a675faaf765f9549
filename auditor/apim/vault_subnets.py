"""The way from the subnet of a location to Azure Key Vault: its service endpoint, and what its group denies.

Sources: "Virtual network service endpoints for Azure Key Vault"; "Virtual network configuration reference:
API Management".
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.apim.exposure import PRIVATE_ENDPOINTS, network_of
from auditor.apim.ports import KEY_VAULT, answers
from auditor.apim.subnets import filter_at, names_subnet, subnet_of
from auditor.apim.vaults import uses_vault
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import settled, some, together
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Verdict

_ENDPOINT = "microsoft.keyvault"
_ACROSS_REGIONS = "microsoft.keyvault.global"
_VAULTS = "/providers/microsoft.keyvault/vaults/"


def _away(location: Subject) -> NotApplicable | None:
    """The verdict where nothing leads from a subnet to Key Vault; None where something does."""
    service = location.of(location.resource)
    network = network_of(service)
    if not network.injected:
        return NotApplicable(f"The service is {network.value}: it has no subnet of its own.")
    if not uses_vault(service):
        return NotApplicable("No certificate, named value or host name comes from Key Vault.")
    if location.base:
        location.text("/location")
    if location.base and not names_subnet(location):
        return NotApplicable(
            f"The additional location {location.item} names no subnet, which virtual-network judges."
        )
    return None


def service_endpoint(location: Subject) -> Verdict:
    """Whether the subnet of a location has a service endpoint to Key Vault."""
    away = _away(location)
    if away is not None:
        return away
    subnet = subnet_of(location)
    subnet.read("/properties")
    endpoints = "/properties/serviceEndpoints"
    if some(subnet.items(endpoints, key="/service"), lambda each: _leads(each, _ENDPOINT)):
        return Pass("The subnet of every location that was read has a service endpoint to Key Vault.")
    name = subnet.item or subnet.name
    if some(subnet.items(endpoints, key="/service"), lambda each: _leads(each, _ACROSS_REGIONS)):
        raise Undetermined(
            Gap(
                Reason.UNKNOWN_VALUE,
                f"whether the service endpoint Microsoft.KeyVault.Global of the subnet {name} serves API "
                "Management as Microsoft.KeyVault does: the documents do not say",
                "add the service endpoint Microsoft.KeyVault",
            )
        )
    seen = settled(lambda: some(_private_endpoints(location), _to_vault))
    if seen is not False:
        return Manual(
            f"The subnet {name} has no service endpoint to Key Vault, and a private endpoint in the input "
            "leads to a vault, or may: show that it is the vault of this service, and that the subnet finds "
            "the vault at that endpoint."
        )
    return Fail(
        f"Secrets come from Key Vault, and the subnet {name} has no service endpoint to it: add "
        "Microsoft.KeyVault to serviceEndpoints."
    )


def _leads(endpoint: Subject, service: str) -> bool:
    """Whether a service endpoint is one to a service; one that failed, or is on its way, may be none."""
    if endpoint.text("/service").value().casefold() != service:
        return False
    if not endpoint.source.declared:  # Azure reports it; what a template writes there is not taken over
        endpoint.read("/provisioningState", one_of=("Succeeded",))
    return True


def _private_endpoints(location: Subject) -> Iterator[Subject]:
    for found in location.audit.inventory.of_type(PRIVATE_ENDPOINTS):
        yield location.of(found)


def _to_vault(endpoint: Subject) -> bool:
    lists = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
    connections = together(*(endpoint.items(f"/properties/{name}", key="/name") for name in lists))
    return some(connections, lambda each: each.text("/properties/privateLinkServiceId").contains(_VAULTS))


def security_group(location: Subject) -> Verdict:
    """Whether the security group of a location's subnet lets it reach Key Vault and Microsoft Entra ID."""
    away = _away(location)
    if away is not None:
        return away
    group = filter_at(location)
    if group is None:
        return NotApplicable("The subnet has no network security group to judge, which subnet-nsg faults.")
    known, gaps = answers(group, KEY_VAULT, location)
    denied = [each for each in known if not each.let_through]
    if denied:
        group.log(location, [rule for each in denied for rule in each.rules])
        told = "; ".join(f"{each.need} by {', '.join(map(str, each.rules))}" for each in denied)
        return Fail(
            f"{group.group.name} denies what reading secrets from Key Vault takes: {told}. Allow it with a "
            "smaller priority."
        )
    if gaps:
        raise Undetermined(*gaps)
    group.log(location, [rule for each in known for rule in each.rules])
    default = [str(each.need.tag) for each in known if each.by_default]
    if default:
        return Pass(
            f"{group.group.name} lets 443 through to AzureKeyVault and AzureActiveDirectory, to "
            f"{' and '.join(default)} by its default rules alone: a rule of its own would keep that so."
        )
    return Pass(f"Rules of {group.group.name} allow 443 to AzureKeyVault and AzureActiveDirectory.")
