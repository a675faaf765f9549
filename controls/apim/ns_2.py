"""NS-2: secure cloud services with network controls. Words in ns_2.md."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from auditor.apim.admission import Admission, admission_at
from auditor.apim.collections import full_id
from auditor.apim.exposure import (
    Network,
    PublicAccess,
    Reach,
    approved_endpoint,
    describe_admission,
    describe_network,
    endpoint_declared,
    gateway_reach,
    network_of,
)
from auditor.apim.kinds import SERVICE
from auditor.apim.policy_states import State, states_of, unreadable_states
from auditor.apim.portal import Portal, setting
from auditor.apim.tiers import Capability, is_v2, needs, supports, tier_of
from auditor.model.check import Kind
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import either, some, together
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict
from controls.apim import ns_2_addresses, ns_2_policies
from controls.declare import check

_LINK = "Azure Private Link"
_PUBLIC = "Disable Public Network Access"


@check(
    "apim.ns-2.private-endpoint",
    feature=_LINK,
    on=SERVICE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
    needs=needs(Capability.PRIVATE_ENDPOINT, "Show a compensating control: see gateway-not-public."),
)
def private_endpoint(service: Subject) -> Verdict:
    """A service outside a virtual network has an approved private endpoint."""
    network = network_of(service)
    if network.injected and is_v2(service):
        raise Undetermined(
            Gap(
                Reason.EXTERNAL,
                f"whether the injected v2 service {service.name} needs or can have a private endpoint: "
                "the documents leave it open",
                "attest how clients reach the service",
            )
        )
    if network.injected:
        return NotApplicable(f"A service {network.value} cannot have a private endpoint.")
    if service.source.declared and endpoint_declared(service):
        raise Undetermined(
            Gap(
                Reason.INPUT,
                f"whether the private endpoint to {service.name} is approved: that shows after deployment",
                "read the deployed service",
            )
        )
    if service.source.declared and not service.source.exported:
        if not service.source.whole:
            # Endpoints are often made beside their network, by another template than the service's.
            raise Undetermined(
                Gap(
                    Reason.NOT_DECLARED,
                    f"whether there is a private endpoint to {service.name}: this template creates none",
                    "declare it in the template, or say --complete if there is none",
                )
            )
        return Fail(
            "The deployment creates no private endpoint to the service, and no virtual network holds it: "
            "add a Microsoft.Network/privateEndpoints for its Gateway."
        )
    if approved_endpoint(service):
        return Pass("A private endpoint connection is Approved.")
    return Fail(
        "No private endpoint connection for the gateway is Approved, and no virtual network holds the "
        "service: create one with the group Gateway, or approve the one that waits."
    )


@check(
    "apim.ns-2.gateway-not-public",
    feature=_PUBLIC,
    on=SERVICE,
    severity=Severity.HIGH,
    outcomes="pass fail manual unknown",
)
def gateway_not_public(service: Subject) -> Verdict:
    """Clients on the internet cannot reach the gateway."""
    match gateway_reach(service):
        case Reach.PRIVATE:
            return Pass(f"The gateway is reached only from private networks ({describe_network(service)}).")
        case Reach.SETTLED_AFTER_DEPLOYMENT:
            gap = Gap(
                Reason.INPUT,
                f"whether public access to {service.name} is off: it can be switched off only once a private "
                "endpoint is approved, after the service was created",
                "read the deployed service",
            )
            return Unknown("A template cannot settle public network access.", None, (gap,))
        case Reach.NARROWED:
            return Pass(
                f"At 443 and 80, {describe_admission(service, Admission.NAMED)} "
                f"({describe_network(service)}): the gateway is narrowed."
            )
        case Reach.SHARED:
            return Manual(
                f"At 443 and 80, {describe_admission(service, Admission.SHARED)}, which other customers of "
                "Azure use too: show that the gateway knows its own caller there (for Front Door, a check "
                "of the header X-Azure-FDID)."
            )
        case Reach.PUBLIC:
            return _public(service)


def _public(service: Subject) -> Verdict:
    if not supports(service, Capability.CLOSING_PUBLIC_ACCESS):
        return Manual(
            f"The {tier_of(service)} tier cannot close its gateway: show the compensating control (an "
            "ip-filter policy, a check of the Front Door id, a certificate demanded of every caller)."
        )
    if network_of(service) is Network.EXTERNAL:
        return Fail(
            f"The internet reaches the gateway ({describe_network(service)}): "
            f"{describe_admission(service, Admission.ANYBODY)}. Name the addresses of the clients there, or "
            "choose virtualNetworkType Internal."
        )
    return Fail(
        f"{_why_public(service)} ({describe_network(service)}). It closes with an approved private endpoint "
        "and publicNetworkAccess Disabled"
        + (
            ", or in a virtual network of type Internal."
            if supports(service, Capability.VNET_INJECTION)
            else "."
        )
    )


def _why_public(service: Subject) -> str:
    access = service.read("/properties/publicNetworkAccess", one_of=PublicAccess)
    if access is PublicAccess.DISABLED:
        return (
            "publicNetworkAccess is Disabled, and no private endpoint connection to the gateway is Approved"
        )
    return "The gateway answers the internet: publicNetworkAccess is Enabled, which is also the default"


class _LegacyApi(StrEnum):
    ENABLED = "Enabled"
    DISABLED = "Disabled"


def _gateway_exists(service: Subject) -> bool:
    """Whether there is a self-hosted gateway, for which the configuration endpoints are."""
    return some(service.children("gateways"), lambda _: True)


def _git(service: Subject) -> Iterator[Subject]:
    yield setting(service, "tenant", "gitAccess")


def _gateway_access(service: Subject) -> Iterator[Subject]:
    """The setting where the input holds it; it is missed only where there is a self-hosted gateway."""
    type_ = f"{service.resource.type}/tenant"
    seen = service.audit.inventory.children(service.key, type_)
    shown = any(found.name.casefold() == "gatewayaccess" for found in seen)
    if shown or (supports(service, Capability.SELF_HOSTED_GATEWAY) and _gateway_exists(service)):
        yield setting(service, "tenant", "gatewayAccess")


def _configuration_api(service: Subject) -> Iterator[Subject]:
    """The service itself, whose property it is, where the tier has gateways that would use it."""
    if supports(service, Capability.SELF_HOSTED_GATEWAY):
        yield Subject(service.audit, service.resource, service.log, item="configuration API")


def _endpoints(service: Subject) -> Iterator[Subject]:
    return together(_git(service), _gateway_access(service), _configuration_api(service))


@check(
    "apim.ns-2.configuration-endpoints",
    feature=_PUBLIC,
    on=Kind("configuration endpoint", _endpoints),
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    filed=("PV-2",),
    needs=needs(Capability.DIRECT_MANAGEMENT),
)
def configuration_endpoints(endpoint: Subject) -> Verdict:
    """The endpoints that hand out the configuration are switched off."""
    if endpoint.resource.parent_key:
        if endpoint.flag("/properties/enabled"):
            return Fail(
                f"The configuration endpoint tenant/{endpoint.name} is enabled; set enabled to false."
            )
        return Pass("Every Git and gateway configuration endpoint that was read is off.")

    def legacy_off(service: Subject) -> bool:
        stated = service.read("/properties/configurationApi/legacyApi", one_of=_LegacyApi)
        return stated is _LegacyApi.DISABLED

    if either(endpoint, lambda service: not _gateway_exists(service), legacy_off):
        return Pass("The old configuration API is disabled, or no self-hosted gateway could use it.")
    return Fail(
        "There are self-hosted gateways and configurationApi.legacyApi is Enabled, so that their old "
        "configuration endpoint answers; set it to Disabled once every gateway runs version 2."
    )


@check(
    "apim.ns-2.portal-exposure",
    feature=_PUBLIC,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    needs=needs(Capability.DEVELOPER_PORTAL),
)
def portal_exposure(service: Subject) -> Verdict:
    """The developer portal and the management endpoint are not open to the internet."""
    network = network_of(service)
    if network is Network.INTERNAL:
        return Pass(
            "Internal injection closes the developer portal and the management endpoint to the internet."
        )
    if service.read("/properties/developerPortalStatus", one_of=Portal) is Portal.DISABLED:
        return NotApplicable("The developer portal is disabled.")
    if network is Network.EXTERNAL:
        return _portal_behind_group(service)
    if network is Network.INJECTED:
        raise Undetermined(
            Gap(
                Reason.EXTERNAL,
                f"whether the internet reaches the portal of the injected v2 service {service.name}: the "
                "documents do not settle it",
                "test the portal's address from outside, and attest the result",
            )
        )
    return Fail(
        "The developer portal is enabled (developerPortalStatus, whose default is Enabled), and a private "
        "endpoint would cover the gateway only: disable the portal (developerPortalStatus Disabled)"
        + (" or inject the service, type Internal." if supports(service, Capability.VNET_INJECTION) else ".")
    )


def _portal_behind_group(service: Subject) -> Verdict:
    """The portal stands in the primary location, behind the same security group as the gateway there."""
    admitted = admission_at(service)
    match admitted.whom:
        case Admission.ANYBODY:
            return Fail(
                f"The developer portal is enabled, and the internet reaches it: {admitted.why}. Disable the "
                "portal (developerPortalStatus Disabled), name its users' addresses in that rule, or choose "
                "virtualNetworkType Internal."
            )
        case Admission.NAMED:
            return Pass(f"At 443 and 80, where the developer portal answers too, {admitted.why}.")
        case Admission.SHARED:
            raise Undetermined(
                Gap(
                    Reason.EXTERNAL,
                    f"who reaches the developer portal of {service.name}: {admitted.why}, which other "
                    "customers of Azure use too",
                    "show what those services let through to the portal, and attest it",
                )
            )


@check(
    "apim.ns-2.azure-policy-states",
    feature="Microsoft Defender for Cloud monitoring",
    on=SERVICE,
    severity=Severity.INFO,
    outcomes="pass fail manual unknown",
)
def azure_policy_states(service: Subject) -> Verdict:
    """What Azure Policy says of the two definitions that the baseline names."""
    own = Subject(service.audit, service.resource, Log())
    for row in unreadable_states(own):
        needed = f"the state {row.name} of {service.name}: it lacks its definition, its answer or its moment"
        gap = Gap(Reason.ABSENT, needed, f"az policy state list --resource {full_id(service)}")
        raise Undetermined(gap)
    found = [
        state
        for definition in _NAMED
        for state in states_of(own).get(definition, ())
        if state.about.rstrip("/").lower() == service.resource.id.lower()
    ]
    for state in found:
        service.of(state.source).read("/properties/complianceState")
    wrong = [state for state in found if state.is_not]
    if wrong:
        return Fail(f"Azure Policy finds the service not compliant: {_told(wrong)}.")
    lacking = [name for guid, name in _NAMED.items() if guid not in {state.definition for state in found}]
    if lacking:
        needed = f"the state of {service.name} for {' and for '.join(lacking)}"
        gap = Gap(Reason.ABSENT, needed, f"az policy state list --resource {full_id(service)}")
        raise Undetermined(gap)
    others = [state for state in found if not state.is_compliant]
    if others:
        return Manual(f"Azure Policy has no plain answer: {_told(others)}. See there why.")
    return Pass("Azure Policy finds the service compliant with both definitions.")


_NAMED = {
    "ef619a2c-cc4d-4d03-b2ba-8c94a834d85b": "the virtual network",
    "df73bd95-24da-4a4f-96b9-4e8b94b402bd": "the configuration endpoints",
}
"""The two definitions that the baseline names, and what they are about."""


def _told(states: list[State]) -> str:
    return ", ".join(
        f"{_NAMED[state.definition]} ({', '.join(filter(None, (state.compliance, state.timestamp[:10])))})"
        for state in states
    )


CHECKS = (
    private_endpoint,
    gateway_not_public,
    configuration_endpoints,
    portal_exposure,
    azure_policy_states,
    *ns_2_policies.CHECKS,
    *ns_2_addresses.CHECKS,
)
