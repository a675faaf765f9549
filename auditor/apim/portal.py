"""The developer portal: its settings, its users' identity providers, whether it is there at all.

Sources: REST specification, ``portalsettings``, ``portalconfigs``, ``identityProviders``; "How to authorize
developer accounts by using Microsoft Entra ID in Azure API Management".
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from auditor.apim.tiers import is_v2
from auditor.model.evidence import Gap, Undetermined
from auditor.model.logic import conditional_gap
from auditor.model.subject import Subject


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
    for child in _known(service, collection):
        if child.name.casefold() == name.casefold():
            if child.resource.condition is not None:
                raise Undetermined(conditional_gap(child))
            return child
    gap = service.audit.knowledge.uncollected(service, collection)
    raise Undetermined(Gap(gap.reason, f"{collection}/{name} of {service.name}", gap.remedy))


def _known(service: Subject, collection: str) -> Iterator[Subject]:
    """What is in the input of a collection, whether or not that is all of it."""
    type_ = f"{service.resource.type}/{collection.lower()}"
    return (service.of(found) for found in service.audit.inventory.children(service.key, type_))


def published(service: Subject) -> bool:
    """Whether the developer portal is switched on.

    Raises:
        Undetermined: Neither the status nor the api-version its default holds from is known.
    """
    return service.read("/properties/developerPortalStatus", one_of=Portal) is Portal.ENABLED


def sends_to_sign_in(service: Subject) -> bool:
    """Whether the portal redirects anonymous visitors to its sign-in page.

    On the classic tiers ``portalsettings/signin`` says so; the v2 tiers keep it in ``portalconfigs``.
    """
    if is_v2(service):
        return setting(service, "portalconfigs", "default").flag("/properties/signin/require")
    return setting(service, "portalsettings", "signin").flag("/properties/enabled")


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
