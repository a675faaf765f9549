"""The links of the way from a certificate, named value or host name to its secret, each judged by itself.

Reference, vault, identity, permission, firewall. A refresh that Azure reports as successful stands for the
last three together: it went all the way. Sources: "Use named values", "Configure a custom domain name", "Use
managed identities in Azure API Management" with their requirements for Key Vault.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from auditor.apim.vault_identity import client_id_at, client_id_of, names_identity, principal_of
from auditor.apim.vault_sight import in_sight
from auditor.apim.vaultrefs import refresh_code
from auditor.apim.vaults import SYSTEM, identities, is_detached, service_of
from auditor.keyvault.access import may_read
from auditor.keyvault.find import vault_of
from auditor.keyvault.firewall import Wall, access_of, trusts_services, wall_of
from auditor.keyvault.names import Reference
from auditor.keyvault.principals import Principal
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import derived, settled
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Pass, Verdict

_STATUS = "/properties/keyVault/lastStatus"


@dataclass(frozen=True, slots=True)
class Refresh:
    """How the last refresh from Key Vault ended."""

    code: str
    day: str
    """ISO 8601; empty where it is not told."""

    @property
    def succeeded(self) -> bool:
        """It went all the way."""
        return self.code.casefold() == "success"

    @property
    def when(self) -> str:
        """The day in words, with a space before it."""
        return f" on {self.day}" if self.day else ""


def last_refresh(user: Subject) -> Refresh | None:
    """How the last refresh ended; None where nothing reports one: host names, templates.

    Raises:
        Undetermined: There was one, and how it ended is not told.
    """
    if user.base or user.source.declared or not user.has(_STATUS):
        return None
    code = refresh_code(user)
    day = settled(partial(_day, user)) if user.mentions(f"{_STATUS}/timeStampUtc") else ""
    return Refresh(code, day if isinstance(day, str) else "")


def _day(user: Subject) -> str:
    moment: datetime = user.moment(f"{_STATUS}/timeStampUtc")
    return moment.date().isoformat()


@derived
def identity(user: Subject) -> Verdict:
    """The service has the identity that it asks with."""
    wrong = no_identity(user)
    return wrong if wrong is not None else Pass(f"It asks with {principal_of(user).words}.")


def no_identity(user: Subject) -> Fail | None:
    """That the service has no such identity; None where it has, or may have, the one that is named."""
    name = user.item if user.base else user.name
    kinds = identities(service_of(user))
    if not kinds:
        return Fail(
            f"{name} comes from Key Vault, and the service has no managed identity to read it with: enable "
            "one and let it read the vault's secrets."
        )
    if user.base and SYSTEM not in kinds and not names_identity(user):
        needed = f"with which identity {name} asks Key Vault: identityClientId names none"
        raise Undetermined(Gap(Reason.ABSENT, needed, "name one of the service's identities there"))
    if SYSTEM not in kinds and not names_identity(user):
        return Fail(
            f"{name} comes from Key Vault and names no identityClientId, which means the system-assigned "
            "identity, and the service has user-assigned ones only: name one of them, or enable the "
            "system-assigned one."
        )
    named = SYSTEM not in kinds and not user.formula(client_id_at(user))
    if named and is_detached(service_of(user), client_id_of(user)):
        return Fail(
            f"{name} comes from Key Vault and asks with identityClientId {client_id_of(user)}, which is none "
            "of the service's identities: name one of them, or assign that one to the service again."
        )
    return None


@derived
def permission(user: Subject, reference: Reference) -> Verdict:
    """The identity may read the secret."""
    vault = vault_of(user, reference)
    grant = may_read(vault, reference, principal_of(user))
    name = user.item if user.base else user.name
    if grant.allowed:
        return Pass(f"{grant.why[0].upper()}{grant.why[1:]}.")
    return Fail(f"{name} comes from {reference.title}, and {grant.why}.")


@derived
def firewall(user: Subject, reference: Reference) -> Verdict:
    """The firewall of the vault lets the service in."""
    vault = vault_of(user, reference)
    wall = settled(partial(wall_of, vault))
    if wall is Wall.OFF:
        return Pass(f"The firewall of {reference.title} is off: every network reaches it.")
    asking = principal_of(user)
    # In a network security perimeter (SecuredByPerimeter) the perimeter decides, for trusted services too.
    access_of(vault)
    if asking.system and trusts_services(vault):
        return Pass(
            f"{reference.title} lets trusted services pass, and the service asks with its system-assigned "
            "identity."
        )
    if isinstance(wall, Undetermined):
        raise wall
    return _behind_wall(user, reference, vault, wall, asking)


def _behind_wall(
    user: Subject, reference: Reference, vault: Subject, wall: Wall, asking: Principal
) -> Verdict:
    """Without the way of trusted services, a line of sight is left: not for host names."""
    name = user.item if user.base else user.name
    closed = f"{reference.title} is {wall.value}"
    fix = "ask with the system-assigned identity, and let trusted services pass (bypass AzureServices)"
    if asking.system:
        why, fix = f"{closed} and keeps trusted services out", "set networkAcls.bypass to AzureServices"
    else:
        why = f"{closed}, where {asking.words} is no trusted service"
    if user.base:
        return Fail(f"{name} comes from {reference.title}: {why}. For a host name, {fix}.")
    if not in_sight(service_of(user), vault, wall):
        return Fail(f"{name} comes from {reference.title}: {why}, and no rule lets the service in: {fix}.")
    if not asking.system:
        needed = (
            f"whether {asking.words} can read {name} through the firewall of {reference.title}: a rule lets "
            "the service in, and the documents say both that a line of sight is enough and that behind a "
            "firewall only the system-assigned identity works"
        )
        raise Undetermined(Gap(Reason.EXTERNAL, needed, "refresh it and read keyVault.lastStatus"))
    return Pass(
        f"A rule of {reference.title} lets the service in; one for a subnet works with the service endpoint "
        "that key-vault-service-endpoint asks for."
    )
