"""IM-3: with what the gateway signs in to its backends. Words in im_3.md."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from auditor.apim.kinds import CALLED
from auditor.apim.policy.issues import Rule, Weight
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.subject import Subject
from auditor.model.tracked import Fields
from auditor.model.values import Redacted
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict
from controls.declare import check
from controls.policies import judged, policy_words, told

if TYPE_CHECKING:
    from auditor.apim.backends import Use
    from auditor.apim.policy.azure_services import Service
    from auditor.apim.policy.statements import Statement

_SAYS_CREDENTIAL = re.compile(
    r"auth|key|token|secret|passw|pwd|credential|cookie|^(code|sig)$", re.IGNORECASE
)
_IDENTITY = "/properties/credentials/managedIdentity"
_MAPS = ("/properties/credentials/header", "/properties/credentials/query")
_CERTIFICATES = ("/properties/credentials/certificateIds", "/properties/credentials/certificate")
_FIX = (
    "Let the backend's credentials name a managed identity, or add authentication-managed-identity to the "
    "policies that send to it."
)


class BackendType(StrEnum):
    """``type`` of a backend on the wire."""

    SINGLE = "Single"
    POOL = "Pool"


class Own(StrEnum):
    """What a backend's own credentials are worth."""

    NONE = "none"
    GUESSED = "headers or parameters whose names do not say what they are"
    KEY = "a key"
    SIGNED = "an Authorization header"


@check(
    "apim.im-3.backend-authentication",
    feature="Managed Identities",
    on=CALLED,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown manual not_applicable",
    filed=("IM-4",),
)
def backend_authentication(called: Subject) -> Verdict:
    """The gateway proves to each backend who it is, by its managed identity where that can be."""
    if not called.resource.type.casefold().endswith("/backends"):
        return judged(
            called,
            {Rule.KEY_TO_ENTRA_BACKEND},
            passed="The managed identity signs in where the policy itself says where a request goes.",
            nothing="The policy itself sends nothing to a service that takes keys as well as tokens.",
            fix="Use authentication-managed-identity with the service's resource in place of the key.",
        )
    if called.read("/properties/type", one_of=BackendType) is BackendType.POOL:
        return NotApplicable("A pool has no credentials of its own: its members are judged.")
    if signs_in(called):
        return Pass("The gateway signs in to the backend with its managed identity.")
    if called.mentions(_IDENTITY):
        needed = (
            f"which resource the managed identity signs in to at the backend {called.name}: none is named"
        )
        raise Undetermined(
            Gap(Reason.UNKNOWN_VALUE, needed, "name the resource in credentials.managedIdentity")
        )
    own = _own(called)
    if own in (Own.KEY, Own.SIGNED):
        return _keyed(called, own)
    return _by_policies(called, own)


def signs_in(backend: Subject) -> bool:
    """Whether a backend names a managed identity to be called with."""
    return backend.has(_IDENTITY) and len(backend.read(_IDENTITY)) > 0


def _own(backend: Subject) -> Own:
    """What the credentials in the backend itself bring, certificates left out."""
    authorization = "/properties/credentials/authorization/parameter"
    if backend.has(authorization) and not _empty(backend.read(authorization)):
        return Own.SIGNED
    names: list[str] = []
    for pointer in _MAPS:
        if backend.has(pointer):
            values = backend.read(pointer)
            names += list(values) if isinstance(values, Fields) else []
    if any(name.casefold() == "authorization" for name in names):
        return Own.SIGNED
    if any(_SAYS_CREDENTIAL.search(name) for name in names):
        return Own.KEY
    return Own.GUESSED if names else Own.NONE


def _empty(value: object) -> bool:
    return isinstance(value, Redacted) and value.empty


def _keyed(backend: Subject, own: Own) -> Verdict:
    """The verdict on a backend that brings a credential of its own."""
    from auditor.apim.policy.azure_services import Takes

    service = _service(backend) if own is Own.KEY else None
    if service is not None and service.takes is not Takes.NO_KEYS:
        return _instead(backend, service, None)
    return Pass(f"The backend's own credentials bring {own}; no managed identity, but not nothing.")


def _service(backend: Subject) -> Service | None:
    """The Azure service that answers under the backend's URL; None where none of the table does.

    Raises:
        Undetermined: The URL is not known.
    """
    from auditor.apim.policy.azure_services import host_of, service_of

    return service_of(host_of((backend.text("/properties/url").value(),)))


def _instead(backend: Subject, service: Service, key: Statement | None) -> Verdict:
    """The verdict on a key that goes to a service which takes tokens."""
    from auditor.apim.policy.rules.identities import key_said

    weight, says = key_said(service, token=False)
    place = f" ({_place(backend, key)})" if key is not None else ""
    details: dict[str, Any] = {"kind": "policy-statements", "statements": [], "rules": []}
    if key is not None:
        details["statements"] = [told(backend, Rule.KEY_TO_ENTRA_BACKEND, weight, says, key)]
    details["rules"] = [str(Rule.KEY_TO_ENTRA_BACKEND)]
    text = f"{says[0].upper()}{says[1:]}{place}."
    if weight is Weight.REVIEW:
        return Manual(f"A person has to look: {text}", details)
    return Fail(f"{text} {_FIX}", details, Severity.LOW)


def _by_policies(backend: Subject, own: Own) -> Verdict:
    """The verdict on a backend that names nothing itself: what the policies bring that send to it."""
    # Reading policies takes a tenth of a second to import: only where a backend leaves it to them.
    from auditor.apim.backends import cite_uses, uses_of
    from auditor.apim.policy.azure_services import Takes
    from auditor.apim.policy.backends import Proof

    uses, gaps = uses_of(backend)
    bare = [use for use in uses if use.sent.proof in (Proof.NONE, Proof.PASSED)]
    sure = [use for use in bare if use.named and use.certain and use.sent.proof is Proof.NONE]
    certificate = any(backend.mentions(pointer) for pointer in _CERTIFICATES)
    if sure and own is Own.NONE and not certificate:
        cite_uses(backend, sure)
        return Fail(f"Nothing proves to the backend who calls it ({_of(backend, sure)}). {_FIX}")
    unread = [use for use in uses if use.sent.proof is Proof.UNREAD]
    open_ = [use for use in bare if use not in sure and use.sent.proof is Proof.NONE]
    if gaps or unread or open_ or (bare and certificate):
        return _unknown(backend, [*unread, *open_, *bare], gaps, certificate=bool(bare) and certificate)
    if not uses:
        return NotApplicable("No policy sends anything to the backend by its name.")
    doubtful = bare or [use for use in uses if use.sent.proof in (Proof.SOMETIMES, Proof.GUESSED)]
    if doubtful:
        cite_uses(backend, doubtful)
        return Manual(f"A person has to look: {_doubt(doubtful[0], own)} ({_of(backend, doubtful)}).")
    keyed = [use for use in uses if use.sent.proof is Proof.KEY]
    cite_uses(backend, uses)
    service = _service(backend) if keyed else None
    if service is not None and service.takes is not Takes.NO_KEYS:
        return _instead(backend, service, keyed[0].sent.by)
    return Pass("Every policy that sends to the backend proves who the gateway is.")


def _doubt(use: Use, own: Own) -> str:
    from auditor.apim.policy.backends import Proof

    if own is Own.GUESSED:
        return f"the backend brings nothing but {own}"
    return {
        Proof.SOMETIMES: "the gateway signs in to the backend under a condition only",
        Proof.GUESSED: "what goes to the backend is named like a credential, and may be none",
        Proof.PASSED: "the caller's own credential is handed on, and nothing of the gateway's",
    }.get(use.sent.proof, "nothing proves to the backend who calls it")


def _of(backend: Subject, uses: list[Use]) -> str:
    """Where the first of some uses stands, and how many more there are."""
    places = list(dict.fromkeys(_place(backend, use.sent.chosen) for use in uses))
    more = f", and {len(places) - 1} more" if len(places) > 1 else ""
    return f"{places[0]}{more}; {uses[0].way}"


def _place(backend: Subject, statement: Statement | None) -> str:
    if statement is None:
        return ""
    return f"{statement.name}, {policy_words(backend, statement)}, line {statement.origin.line}"


def _unknown(backend: Subject, uses: list[Use], gaps: tuple[Gap, ...], *, certificate: bool) -> Verdict:
    if certificate:
        needed = (
            f"whether the certificate in the backend {backend.name} is sent: it is reported to be only where "
            "an authentication-certificate policy asks for it"
        )
        remedy = "add authentication-certificate to the policies, or set credentials.managedIdentity"
        found: tuple[Gap, ...] = (Gap(Reason.UNREAD_POLICY, needed, remedy),)
    elif uses:
        needed = f"what proves to the backend {backend.name} who calls it ({_of(backend, uses)})"
        remedy = "add the named values and fragments, or set credentials.managedIdentity of the backend"
        found = (Gap(Reason.UNREAD_POLICY, needed, remedy), *gaps)
    else:
        found = gaps
    return Unknown(f"Not known: {found[0].needed}.", None, found[:10])


CHECKS = (backend_authentication,)
