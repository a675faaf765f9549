"""The developer portal: its settings, its users' identity providers, whether it is there at all.

Sources: REST specification, ``portalsettings``, ``portalconfigs``, ``identityProviders``; "How to authorize
developer accounts by using Microsoft Entra ID in Azure API Management".
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from auditor.apim.tiers import UNSURE, Capability, is_v2, needs, tier_of
from auditor.model.check import Gate
from auditor.model.evidence import Gap, Undetermined
from auditor.model.logic import conditional_gap
from auditor.model.subject import Subject
from auditor.model.verdict import Verdict


class Portal(StrEnum):
    """``developerPortalStatus`` on the wire."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class Provider(StrEnum):
    """The kinds of identity provider, which are also the names of the resources."""

    AAD = "aad"
    AAD_B2C = "aadB2C"
    FACEBOOK = "facebook"
    GOOGLE = "google"
    MICROSOFT = "microsoft"
    TWITTER = "twitter"


def setting(service: Subject, collection: str, name: str) -> Subject:
    """A setting that every service has once, under a fixed name: ``portalsettings/signup``.

    A template that declares one of a collection leaves the others as they are, so one that is not in the
    input is not known, however complete the listing is.

    Raises:
        Undetermined: It is not in the input, or is declared under a condition that is not known.
    """
    for child in _seen(service, collection, name):
        if child.resource.condition is not None:
            raise Undetermined(conditional_gap(child))
        return child
    gap = service.audit.knowledge.uncollected(service, collection)
    raise Undetermined(Gap(gap.reason, f"{collection}/{name} of {service.name}", gap.remedy))


def _seen(service: Subject, collection: str, name: str = "") -> Iterator[Subject]:
    """What the input holds of a collection, all of it or not; of one name if one is given."""
    type_ = f"{service.resource.type}/{collection.lower()}"
    for found in service.audit.inventory.children(service.key, type_):
        if not name or found.name.casefold() == name.casefold():
            yield service.of(found)


def shown(
    collection: str,
    name: str = "",
    capability: Capability = Capability.DEVELOPER_PORTAL,
    otherwise: str = "",
) -> Gate:
    """A gate that lets only tiers with a capability through, and that what the input shows can open.

    Whatever has a setting is of a tier that has the setting. That helps where the service itself is not in
    the input, and where the documents do not settle what a deployed service of the tier shows.

    Args:
        collection: What only a tier with the capability has.
        name: Of the one item that shows it; by default any does.
        capability: The row of the tier table.
        otherwise: What to do instead, added to the not-applicable message.
    """
    gate = needs(capability, otherwise)

    def closed(service: Subject) -> Verdict | None:
        if any(True for _ in _seen(service, collection, name)):
            if service.resource.implied:
                return None
            if not service.source.declared and tier_of(service) in UNSURE.get(capability, frozenset()):
                return None
        return gate.closed(service)

    return Gate(gate.capability, closed)


def published(service: Subject) -> bool:
    """Whether the developer portal is switched on.

    Raises:
        Undetermined: Neither the status nor the api-version its default holds from is known.
    """
    return service.read("/properties/developerPortalStatus", one_of=Portal) is Portal.ENABLED


def switched_off(service: Subject) -> bool:
    """Whether the input states that the developer portal is off; what it leaves open raises nothing."""
    stated = service.stated("/properties/developerPortalStatus").casefold()
    return stated == Portal.DISABLED.casefold() and not published(service)


def sends_to_sign_in(service: Subject) -> bool:
    """Whether the portal redirects anonymous visitors to its sign-in page.

    On the classic tiers ``portalsettings/signin`` says so; the v2 tiers keep it in ``portalconfigs``.
    """
    if in_portalconfigs(service, "signin"):
        return setting(service, "portalconfigs", "default").flag("/properties/signin/require")
    return setting(service, "portalsettings", "signin").flag("/properties/enabled")


def in_portalconfigs(service: Subject, name: str) -> bool:
    """Whether to read in ``portalconfigs`` what the classic tiers have in ``portalsettings``."""
    return not any(True for _ in _seen(service, "portalsettings", name)) and is_v2(service)


def provider_of(identity_provider: Subject) -> Provider:
    """What an identity provider is; its name says it, as each kind exists once.

    Raises:
        Undetermined: It is none that this version knows.
    """
    for provider in Provider:
        if identity_provider.name.casefold() == provider.casefold():
            return provider
    return identity_provider.read("/properties/type", one_of=Provider)


def is_entra(identity_provider: Subject) -> bool:
    """Whether it signs in with Microsoft Entra ID, or with Azure AD B2C."""
    return provider_of(identity_provider) in (Provider.AAD, Provider.AAD_B2C)
