"""The accounts of a service: their state, how they sign in, how old they are. Names are nobody's business."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from auditor.model.logic import some
from auditor.model.subject import Subject

IDENTITY_BASIC = "Basic"
"""Provider of an identity that signs in with a password which the service keeps."""


class UserState(StrEnum):
    """``state`` of a user on the wire."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    PENDING = "pending"
    DELETED = "deleted"


def has_identity(user: Subject, provider: str) -> bool:
    """Whether one of a user's identities is of a provider."""

    def is_of(identity: Subject) -> bool:
        return identity.text("/provider").value().casefold() == provider.casefold()

    return some(user.items("/properties/identities", key="/provider"), is_of)


def registered(user: Subject) -> datetime | None:
    """When an account was opened; None where the input does not say."""
    pointer = "/properties/registrationDate"
    return user.moment(pointer) if user.mentions(pointer) else None
