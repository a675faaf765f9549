"""Calls of policies, with the managed identity, to services that once let the gateway in as trusted.

Source: "Trusted service connectivity retirement (March 2026)": Storage, Key Vault and managed HSMs, Service
Bus, Event Hubs, container registries.
"""

from __future__ import annotations

from typing import Final

from auditor.apim.libraries import Contents
from auditor.apim.policy.azure_services import host_of, made_for, service_of
from auditor.apim.policy.origins import Form, brought_by, forms, head
from auditor.apim.policy.sheets import Sheet
from auditor.apim.policy.tree import Document

_TRUSTED: Final = frozenset({"Azure Storage", "Azure Key Vault", "Azure Service Bus or Event Hubs"})
_REGISTRY: Final = "Azure Container Registry"
_REGISTRIES: Final = ("containerregistry.azure.", "azurecr.")


def trusted_audience(audience: str) -> str:
    """The service of the list that a token is for; empty where it is for none of them."""
    if any(mark in audience.casefold() for mark in _REGISTRIES):
        return _REGISTRY
    found = made_for(audience)
    return found.name if found is not None and found.name in _TRUSTED else ""


def calls(document: Document, contents: Contents) -> tuple[tuple[int, str | None], ...]:
    """The lines of the statements that ask for a token, with the service it is for.

    The service is None where the audience is not known, and empty where it is none of the list.
    """
    sheet = Sheet(document, contents.library)
    return tuple(
        (spot.element.line, _service(form))
        for spot in sheet.named("authentication-managed-identity")
        for form in forms(spot.code("resource"), sheet)
    )


def _service(form: Form) -> str | None:
    if brought_by(form) is None:
        return trusted_audience(head(form))
    host = host_of(form)
    if any(mark in host.name for mark in _REGISTRIES):
        return _REGISTRY
    found = service_of(host)
    if found is None:
        return None
    return found.name if found.name in _TRUSTED else ""
