"""The eight callers a certificate check has to tell apart.

Every caller presents nothing, the certificate the policy is about, or one that differs from it in a single
respect, so that a caller who gets in shows which respect is not checked. Source: RFC 5280 section 6 (what
path validation covers), "How to secure APIs using client certificate authentication in API Management".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Caller(StrEnum):
    """Who calls."""

    NO_CERT = "no_cert"
    SELF_SIGNED = "self_signed"
    """Made by the attacker, who copies every name and serial number."""
    OTHER_CA = "other_ca"
    """Genuine, for the same subject, by another authority that the gateway trusts."""
    SAME_CA_OTHER_SUBJECT = "same_ca_other_subject"
    """Another customer of the right authority."""
    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    VALID = "valid"
    """Must get in."""


class Prop(StrEnum):
    """What of a certificate a policy compares."""

    ISSUER = "issuer"
    SUBJECT = "subject"
    SERIAL = "serial number"
    THUMBPRINT = "thumbprint"
    KEY = "public key"
    ISSUER_CERTIFICATE = "issuer's certificate"


@dataclass(frozen=True, slots=True)
class State:
    """What holds of a caller's certificate; ``same`` lists what it shares with the one that is meant."""

    caller: Caller
    presented: bool = True
    chain: bool = True
    """It leads to an authority that the gateway trusts."""
    revoked: bool = False
    begun: bool = True
    """``NotBefore`` is past."""
    running: bool = True
    """``NotAfter`` is to come."""
    same: frozenset[Prop] = frozenset(Prop)
    uploaded: bool = True
    """It is among the certificates uploaded to the service."""

    @property
    def verifies_without_revocation(self) -> bool:
        """What ``VerifyNoRevocation()`` says."""
        return self.chain and self.begun and self.running

    @property
    def verifies(self) -> bool:
        """What ``Verify()`` says."""
        return self.verifies_without_revocation and not self.revoked


_NAMES: Final = frozenset({Prop.ISSUER, Prop.SUBJECT, Prop.SERIAL})

STATES: Final = (
    State(
        Caller.NO_CERT,
        presented=False,
        chain=False,
        begun=False,
        running=False,
        same=frozenset(),
        uploaded=False,
    ),
    State(Caller.SELF_SIGNED, chain=False, same=_NAMES, uploaded=False),
    State(Caller.OTHER_CA, same=frozenset({Prop.SUBJECT, Prop.SERIAL}), uploaded=False),
    State(
        Caller.SAME_CA_OTHER_SUBJECT,
        same=frozenset({Prop.ISSUER, Prop.ISSUER_CERTIFICATE}),
        uploaded=False,
    ),
    State(Caller.REVOKED, revoked=True),
    State(Caller.EXPIRED, running=False),
    State(Caller.NOT_YET, begun=False),
    State(Caller.VALID),
)
BY_CALLER: Final = {state.caller: state for state in STATES}
STRANGERS: Final = (Caller.NO_CERT, Caller.SELF_SIGNED, Caller.OTHER_CA, Caller.SAME_CA_OTHER_SUBJECT)
"""Callers who were never given the certificate that is meant."""
