"""Which tier can do what: one table, asked by every check, so that none compares SKU names.

Sources, read 2026-11-21: "Feature-based comparison of the Azure API Management tiers" (2025-11-11),
"Manage protocols and ciphers" (2025-08-04), "Self-hosted gateway", "Workspaces", "Back up and restore",
"Protect your APIs with Defender for APIs" (2024-06), each on learn.microsoft.com. Where they contradict each
other, or say nothing, the cell is :data:`None` and whoever asks gets ``Undetermined``.
"""

from __future__ import annotations

from enum import StrEnum

from auditor.model.check import Gate
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import derived
from auditor.model.subject import Subject
from auditor.model.verdict import NotApplicable, Verdict

REVIEWED = "2026-11-21"


class Tier(StrEnum):
    """The pricing tiers, as ``sku.name`` spells them."""

    CONSUMPTION = "Consumption"
    DEVELOPER = "Developer"
    BASIC = "Basic"
    STANDARD = "Standard"
    PREMIUM = "Premium"
    ISOLATED = "Isolated"
    BASIC_V2 = "BasicV2"
    STANDARD_V2 = "StandardV2"
    PREMIUM_V2 = "PremiumV2"


class Capability(StrEnum):
    """What differs by tier. The value is how a report words it."""

    VNET_INJECTION = "injection into a virtual network"
    OUTBOUND_INTEGRATION = "outbound virtual network integration"
    PRIVATE_ENDPOINT = "inbound private endpoints"
    CLOSING_PUBLIC_ACCESS = "a switch that turns public network access off"
    DEVELOPER_PORTAL = "a developer portal with users and groups"
    PORTAL_SETTINGS = "sign-in, sign-up and delegation settings of the portal"
    ENTRA_PORTAL_SIGN_IN = "sign-in with Microsoft Entra ID for its developer portal"
    CA_CERTIFICATES = "CA certificates for validating client certificates"
    CIPHERS = "a switch for TLS cipher suites"
    HOST_NEGOTIATION = "a switch per host name that asks for client certificates"
    SERVICE_NEGOTIATION = "a switch for the whole service that asks for client certificates"
    SELF_HOSTED_GATEWAY = "self-hosted gateways"
    WORKSPACES = "workspaces"
    NATIVE_BACKUP = "native backup and restore"
    RESOURCE_LOGS = "resource logs in Azure Monitor"
    DIRECT_MANAGEMENT = "the direct management API and the Git repository"
    DEFENDER = "Defender for APIs"
    ADDITIONAL_LOCATIONS = "additional locations"


_C, _D, _B, _S, _P, _I, _B2, _S2, _P2 = tuple(Tier)
_CLASSIC = frozenset({_D, _B, _S, _P, _I})
_V2 = frozenset({_B2, _S2, _P2})
_ALL = frozenset(Tier)

CAN: dict[Capability, frozenset[Tier]] = {
    Capability.VNET_INJECTION: frozenset({_D, _P, _I, _P2}),
    Capability.OUTBOUND_INTEGRATION: frozenset({_S2, _P2}),
    Capability.PRIVATE_ENDPOINT: frozenset({_D, _B, _S, _P, _S2, _P2}),
    Capability.CLOSING_PUBLIC_ACCESS: frozenset({_D, _B, _S, _P, _S2, _P2}),
    Capability.DEVELOPER_PORTAL: _CLASSIC | _V2,
    Capability.PORTAL_SETTINGS: _CLASSIC,
    Capability.ENTRA_PORTAL_SIGN_IN: (_CLASSIC - {_B}) | _V2,
    Capability.CA_CERTIFICATES: _CLASSIC,
    Capability.CIPHERS: _CLASSIC,
    Capability.HOST_NEGOTIATION: _CLASSIC,
    Capability.SERVICE_NEGOTIATION: frozenset({_C}) | _V2,
    Capability.SELF_HOSTED_GATEWAY: frozenset({_D, _P, _I}),
    Capability.WORKSPACES: frozenset({_P, _P2}),
    Capability.NATIVE_BACKUP: _CLASSIC,
    Capability.RESOURCE_LOGS: _CLASSIC | _V2,
    Capability.DIRECT_MANAGEMENT: _CLASSIC,
    Capability.DEFENDER: _CLASSIC,
    Capability.ADDITIONAL_LOCATIONS: frozenset({_P, _I}),
}
"""The tiers known to have a capability."""

UNSURE: dict[Capability, frozenset[Tier]] = {
    # The gateway comparison lists CA certificates for v2, the CA certificate article does not.
    Capability.CA_CERTIFICATES: _V2,
    # BasicV2 refuses them; for the other v2 tiers no source says.
    Capability.PORTAL_SETTINGS: frozenset({_S2, _P2}),
    # The Defender articles and the tier comparison contradict each other.
    Capability.DEFENDER: _V2,
    Capability.PRIVATE_ENDPOINT: frozenset({_I}),
    Capability.CLOSING_PUBLIC_ACCESS: frozenset({_I}),
    Capability.ADDITIONAL_LOCATIONS: frozenset({_P2}),
    Capability.WORKSPACES: frozenset({_I}),
}
"""The tiers for which the sources contradict each other or are silent."""


@derived
def tier_of(service: Subject) -> Tier:
    """The tier of a service.

    Raises:
        Undetermined: The SKU is not in the input, or is one that this table does not know.
    """
    return service.read("/sku/name", one_of=Tier)


def supports(service: Subject, capability: Capability) -> bool:
    """Whether the service's tier has a capability; the SKU that was read is logged.

    Raises:
        Undetermined: The tier is not known, or the sources do not settle it.
    """
    tier = tier_of(service)
    if tier in UNSURE.get(capability, frozenset()):
        raise Undetermined(
            Gap(
                Reason.EXTERNAL,
                f"whether the {tier} tier has {capability}: Microsoft's documents do not settle it",
                "see the tier table's sources in the documentation",
            )
        )
    return tier in CAN[capability]


def is_classic(service: Subject) -> bool:
    """Whether it is one of the classic tiers (Developer, Basic, Standard, Premium, Isolated)."""
    return tier_of(service) in _CLASSIC


def is_v2(service: Subject) -> bool:
    """Whether it is one of the v2 tiers."""
    return tier_of(service) in _V2


def needs(capability: Capability, otherwise: str = "") -> Gate:
    """A gate that lets only tiers with a capability through.

    Args:
        capability: The row of the tier table.
        otherwise: What to do instead, added to the not-applicable message.
    """

    def closed(service: Subject) -> Verdict | None:
        if supports(service, capability):
            return None
        hint = f" {otherwise}" if otherwise else ""
        return NotApplicable(f"The {tier_of(service)} tier {_lacks(capability)}.{hint}")

    return Gate(capability.name.lower(), closed)


def _lacks(capability: Capability) -> str:
    if capability is Capability.DIRECT_MANAGEMENT:
        return "has neither the direct management API nor the Git repository"
    if capability is Capability.ENTRA_PORTAL_SIGN_IN:
        return f"has no {capability.value.replace('its', 'a')}"
    return f"has no {capability.value.removeprefix('a ')}"
