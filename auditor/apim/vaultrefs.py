"""References to Key Vault: whether one stands somewhere, and whether it names a version.

An identifier is ``https://<vault>/secrets/<name>`` (or ``certificates``, ``keys``), with a version behind the
name or none. The host tells nothing: clouds and managed HSMs have hosts of their own. A reference without a
version is refreshed within about four hours; one with a version never is ("Use named values in Azure API
Management policies", "hostnameConfigurations.keyVaultId" in the REST specification).
"""

from __future__ import annotations

import re

from auditor.apim.collections import missing, reported
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.subject import Subject
from auditor.model.text import Text

_COLLECTION = re.compile(r"(?:^|/)(?:secrets|certificates|keys)/(?P<path>.+)$", re.IGNORECASE)
_HOST = re.compile(r"https://[^/]+/", re.IGNORECASE)
_VERSION_AT_END = re.compile(r"/[0-9a-f]{32}/?$", re.IGNORECASE)
_CURRENT = ".secreturi"
_PINNED = ".secreturiwithversion"
"""Outputs of ``Microsoft.KeyVault/vaults/secrets``, which a template asks for with ``reference()``."""


def has_reference(subject: Subject, pointer: str) -> bool:
    """Whether a Key Vault identifier stands at a pointer.

    Raises:
        Undetermined: That is not known, as for a parameter without a value.
    """
    if subject.formula(pointer).casefold().endswith((_CURRENT, _PINNED)):
        return True
    if not subject.has(pointer):
        return False
    text = subject.text(pointer)
    return not text.complete or bool(text.value().strip())


def refers_to_vault(subject: Subject) -> bool:
    """Whether the value of a named value or certificate comes from Key Vault, by whatever identifier.

    Raises:
        Undetermined: The whole ``keyVault`` is not known.
    """
    return subject.has("/properties/keyVault") and subject.mentions("/properties/keyVault/secretIdentifier")


def refresh_code(subject: Subject) -> str:
    """How the last refresh from Key Vault ended, as the deployed service reports it.

    Raises:
        Undetermined: It is not told; what a template writes there, no deployment takes over.
    """
    reported(subject, "/properties/keyVault/lastStatus")
    if not subject.source.declared and not subject.has("/properties/keyVault/lastStatus"):
        raise Undetermined(missing(subject, "/properties/keyVault/lastStatus/code"))
    code = subject.text("/properties/keyVault/lastStatus/code")
    if not str(code).strip():
        raise code.undecided()
    return code.value().strip()


def names_version(subject: Subject, pointer: str) -> bool:
    """Whether the Key Vault identifier at a pointer is pinned to a version.

    Raises:
        Undetermined: The part that would tell is not known, or it is not an identifier.
    """
    formula = subject.formula(pointer).casefold()
    if formula.endswith(_PINNED):
        return True
    if formula.endswith(_CURRENT):
        return False
    text = subject.text(pointer)
    return _complete(subject, pointer, text.value()) if text.complete else _partial(text)


def _complete(subject: Subject, pointer: str, identifier: str) -> bool:
    host = _HOST.match(identifier.strip())
    segments = identifier.strip()[host.end() :].strip("/").split("/") if host else []
    if (
        len(segments) in (2, 3)
        and segments[0].casefold() in ("secrets", "certificates", "keys")
        and all(segments)
    ):
        return len(segments) == 3
    raise Undetermined(
        Gap(
            Reason.UNKNOWN_VALUE,
            f"{pointer.lstrip('/')} of {subject.name} as a Key Vault identifier; it is {identifier[:80]!r}",
            "write it as https://VAULT/secrets/NAME",
        )
    )


def _partial(text: Text) -> bool:
    """Only what is known up to the end can tell: a version would stand there."""
    found = _COLLECTION.search(text.tail)
    if found:
        return "/" in found["path"].strip("/")
    if _VERSION_AT_END.search(text.tail):
        return True
    raise text.undecided()
