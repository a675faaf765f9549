"""IM-8: restrict the exposure of credentials and secrets. Words in im_8.md."""

from __future__ import annotations

import re

from auditor.apim.credentials import credential_verdict, positions
from auditor.apim.kinds import CREDENTIAL_HOLDER, CREDENTIALS_IN_POLICIES, NAMED_VALUE, in_workspace
from auditor.apim.vaultrefs import has_reference, names_version, refresh_code
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import every
from auditor.model.subject import Subject
from auditor.model.values import Redacted
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Verdict
from controls.apim import im_8_policies
from controls.declare import check

_FEATURE = "Service Credential and Secrets Support Integration and Storage in Azure Key Vault"
_IDENTIFIER = "/properties/keyVault/secretIdentifier"
_GENERATED = re.compile(r"Logger-Credentials-{1,2}[0-9a-f]{24}", re.IGNORECASE)
"""How the service names the value it makes for a connection string that was typed into a logger."""
_SAYS_SECRET = re.compile(
    r"(?:password|passwd|passphrase|pwd|secret|credentials?|token|conn(?:ection)?[-_. ]?str(?:ing)?"
    r"|(?:api|access|account|auth|client|function|host|master|primary|private|secondary|shared|signing|storage"
    r"|subscription|encryption)[-_. ]?key)[-_. ]?\d*$",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"https?://[^?]*|true|false|[\d.,:+-]+|\{\{[^{}]+\}\}", re.IGNORECASE)
_IN_WORKSPACE = "A workspace has no managed identity, so its {} cannot come from Key Vault."


@check(
    "apim.im-8.named-value-secret-in-key-vault",
    feature=_FEATURE,
    on=NAMED_VALUE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
    also=("DP-6",),
    filed=("DP-6",),
)
def secret_in_key_vault(named_value: Subject) -> Verdict:
    """A secret named value is a reference to Key Vault."""
    if in_workspace(named_value):
        return NotApplicable(_IN_WORKSPACE.format("named values"))
    if has_reference(named_value, _IDENTIFIER):
        return Pass("The value is a reference to Key Vault.")
    if not named_value.flag("/properties/secret"):
        return NotApplicable("The value is not marked secret; apim.im-8.named-value-looks-secret judges it.")
    # What a template computes is a name of its own making.
    computed = named_value.formula("/properties/displayName")
    if not computed and _GENERATED.fullmatch(str(named_value.text("/properties/displayName"))):
        return NotApplicable(
            "The service made the value for a logger whose credential was typed in: "
            "apim.im-8.inline-secrets judges that logger."
        )
    return Fail(
        f"The named value {named_value.name} is secret and has no keyVault.secretIdentifier: the secret "
        "was typed into the service. Put it into a vault and give the identifier of the vault's secret "
        "instead."
    )


@check(
    "apim.im-8.named-value-rotates",
    feature=_FEATURE,
    on=NAMED_VALUE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    also=("DP-6",),
)
def rotates(named_value: Subject) -> Verdict:
    """A Key Vault reference names no version, so that the service follows the vault."""
    if not has_reference(named_value, _IDENTIFIER):
        return NotApplicable("The value is not a reference to Key Vault.")
    if names_version(named_value, _IDENTIFIER):
        return Fail(
            f"keyVault.secretIdentifier of the named value {named_value.name} ends in a version, so a "
            "newer secret in the vault is never picked up. Leave the version away: "
            "https://VAULT/secrets/NAME."
        )
    return Pass("The Key Vault identifier names no version: a new one is picked up within about four hours.")


@check(
    "apim.im-8.named-value-refresh",
    feature=_FEATURE,
    on=NAMED_VALUE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    also=("DP-6",),
)
def refresh(named_value: Subject) -> Verdict:
    """The service could read the secret the last time it tried."""
    if not has_reference(named_value, _IDENTIFIER):
        return NotApplicable("The value is not a reference to Key Vault.")
    code = refresh_code(named_value)
    if code.casefold() == "success":
        return Pass("The last refresh from Key Vault succeeded.")
    return Fail(
        f"The last refresh of the named value {named_value.name} ended with {code!r} "
        "(keyVault.lastStatus): the gateway goes on with an old secret or none. Let the identity read "
        "the secret, then refresh."
    )


@check(
    "apim.im-8.named-value-looks-secret",
    feature=_FEATURE,
    on=NAMED_VALUE,
    severity=Severity.HIGH,
    outcomes="pass fail manual unknown not_applicable",
    also=("DP-6",),
)
def looks_secret(named_value: Subject) -> Verdict:
    """A named value that is shown to every reader holds no credential."""
    if named_value.flag("/properties/secret"):
        return NotApplicable("The value is marked secret, so readers of the configuration do not see it.")
    if has_reference(named_value, _IDENTIFIER):
        return NotApplicable("The value is a reference to Key Vault and does not stand in the configuration.")
    if not named_value.has("/properties/value"):
        raise Undetermined(
            Gap(
                Reason.ABSENT,
                f"the value of the named value {named_value.name}, which is not marked secret",
                "az apim nv show --resource-group GROUP --service-name SERVICE --named-value-id "
                f"{named_value.name}",
            )
        )
    value = named_value.read("/properties/value")
    if isinstance(value, str) and not value.strip():
        return Pass("The value is empty.")
    if isinstance(value, Redacted):
        return _of_replaced(named_value, value)
    if _SAYS_SECRET.search(_shown_name(named_value)) and not _PLAIN.fullmatch(str(value).strip()):
        return _suspicious(named_value, "its name says that it is a credential")
    return Pass("The value is shown to readers and holds no known credential format.")


def _of_replaced(named_value: Subject, value: Redacted) -> Verdict:
    """The verdict on a value that was replaced when the data came in."""
    if value.reference is not None or value.empty or value.placeholder:
        return Pass("The value is shown to readers and holds no known credential format.")
    if value.known_format:
        return Fail(
            f"The named value {named_value.name} is not marked secret and holds a {value.kind}: every "
            "reader of the configuration sees it. Renew that credential, keep it in Key Vault and refer "
            "to it from here."
        )
    return _suspicious(named_value, "its name says that it is a credential")


def _suspicious(named_value: Subject, why: str) -> Manual:
    return Manual(
        f"The named value {named_value.name} is not marked secret, and {why}. Show that it is none, or "
        "renew it and keep it in Key Vault."
    )


def _shown_name(named_value: Subject) -> str:
    """What policies call it; the resource's own name where that is not told."""
    return str(named_value.text("/properties/displayName"))


@check(
    "apim.im-8.inline-secrets",
    feature=_FEATURE,
    on=CREDENTIAL_HOLDER,
    severity=Severity.HIGH,
    outcomes="pass fail manual unknown not_applicable",
    also=("DP-6",),
)
def inline_secrets(holder: Subject) -> Verdict:
    """Credentials of backends, loggers, caches, providers, certificates and policies are not written out."""
    if holder.item == CREDENTIALS_IN_POLICIES:
        return im_8_policies.written_out(holder)
    return every(
        positions(holder),
        credential_verdict,
        "No credential is written out: fields for one are empty or name a named value.",
        NotApplicable("Nothing in it could hold a credential."),
    )


CHECKS = (secret_in_key_vault, rotates, refresh, looks_secret, inline_secrets, *im_8_policies.CHECKS)
