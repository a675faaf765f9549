"""Which check every rule on policies counts for, and for which controls of the benchmark.

Numbers, controls and what is asked follow our review of Microsoft's documentation of each policy; controls
outside the API Management baseline (NS-5, PV-1, DP-2) are the benchmark's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditor.apim.policy.issues import Rule


@dataclass(frozen=True, slots=True)
class RuleHome:
    """One rule with the check that says it."""

    number: str
    """``P01``: stable."""
    rule: Rule
    home: str
    """Id of the check."""
    controls: tuple[str, ...]
    """Controls it speaks to; that of its home is among them, or the home counts for one of them."""
    asks: str
    """What is wrong where it speaks, in a few words."""


def _row(number: int, rule: Rule, home: str, controls: str, asks: str) -> RuleHome:
    return RuleHome(f"P{number:02}", rule, f"apim.{home}", tuple(controls.split()), asks)


_AUTHENTICATED: Final = "im-1.operations-authenticated"
_SOUND: Final = "im-1.token-validation-sound"

HOMES: Final[tuple[RuleHome, ...]] = (
    _row(1, Rule.CERTIFICATE_NOT_VALIDATED, "im-4.certificate-validated", "IM-4 IM-1 DP-7",
         "a client certificate is asked for and not really validated"),
    _row(2, Rule.CERTIFICATE_WEAKLY_VALIDATED, "im-4.certificate-validated", "IM-4 DP-7",
         "revocation, expiry or the subject of a certificate is not checked"),
    _row(3, Rule.CERTIFICATE_FROM_HEADER, "im-4.header-forwarded-certificate", "IM-4 IM-1 NS-2 NS-6",
         "a certificate in a header is believed, and the network is not proven closed"),
    _row(4, Rule.PLACEHOLDER, "im-4.placeholders", "IM-4 IM-1",
         "a value of an example stands in a certificate or token check"),
    _row(5, Rule.NEVER_EQUAL, "im-4.never-equal-comparison", "IM-4 IM-1",
         "a comparison that can never hold: case, separators, hidden characters"),
    _row(6, Rule.CERTIFICATE_NOT_REQUESTED, "im-4.certificate-requested", "IM-4 IM-1",
         "a policy looks for a certificate that the gateway does not ask for"),
    _row(7, Rule.PRIVATE_CA, "im-4.private-ca", "IM-4 DP-7",
         "a chain is verified on a tier that takes no CA certificates"),
    _row(8, Rule.UPLOADED_CERTIFICATES, "im-4.uploaded-certificates", "IM-4 DP-7 IM-3",
         "every uploaded certificate lets its holder in, those for backends and expired ones too"),
    _row(9, Rule.NO_AUTHENTICATION, _AUTHENTICATED, "IM-1", "an operation is served to anybody"),
    _row(10, Rule.PRODUCT_ONLY_AUTHENTICATION, _AUTHENTICATED, "IM-1 PA-7",
         "only a product's policy authenticates, and other keys walk around it"),
    _row(11, Rule.OPEN_PRODUCT, _AUTHENTICATED, "IM-1", "an open product lifts the API's demand for a key"),
    _row(12, Rule.KEY_ONLY, _AUTHENTICATED, "IM-1", "nothing but a subscription key protects an operation"),
    _row(13, Rule.AVOIDABLE_AUTHENTICATION, _AUTHENTICATED, "IM-1",
         "authentication stands in a branch that the caller can avoid"),
    _row(14, Rule.DEAD_AUTHENTICATION, _AUTHENTICATED, "IM-1",
         "the condition of an authentication never holds"),
    _row(15, Rule.SWITCHED_AUTHENTICATION, _AUTHENTICATED, "IM-1",
         "a named value switches authentication"),
    _row(16, Rule.BEFORE_AUTHENTICATION, "im-1.authentication-order", "IM-1 DP-3",
         "something answers or calls out before callers are authenticated"),
    _row(17, Rule.MISPLACED_AUTHENTICATION, "im-1.authentication-order", "IM-1",
         "authentication stands where it is never reached, or too late"),
    _row(18, Rule.RACED_AUTHENTICATION, "im-1.authentication-order", "IM-1",
         "authentication stands in a parallel branch that may be dropped"),
    _row(19, Rule.WEAKER_REVISION, "im-1.revisions-alike", "IM-1",
         "another revision that can be called demands less than the current one"),
    _row(20, Rule.BASE_LOST, "pv-2.base-inherited", "PV-2 IM-1 PV-1",
         "without <base/> a protection of a wider scope is lost"),
    _row(21, Rule.BASE_LATE, "pv-2.base-inherited", "PV-2 IM-1",
         "statements run before the protection that <base/> brings"),
    _row(22, Rule.SECTION_ABSENT, "pv-2.base-inherited", "PV-2",
         "a section is missing, and whether it inherits is not documented"),
    _row(23, Rule.BACKEND_SECTION, "pv-2.backend-section", "PV-2",
         "nothing forwards the request, or the backend section holds more than one statement"),
    _row(24, Rule.FRAGMENT, "pv-2.fragments", "PV-2", "a fragment is missing, nested, cyclic or malformed"),
    _row(25, Rule.TOKEN_UNSIGNED, _SOUND, "IM-1", "tokens without signature or expiry are accepted"),
    _row(26, Rule.TOKEN_AUDIENCE, _SOUND, "IM-1", "tokens for other applications are accepted"),
    _row(27, Rule.TOKEN_TENANT, _SOUND, "IM-1", "tokens of every tenant are accepted"),
    _row(28, Rule.TOKEN_KEYS, _SOUND, "IM-1 DP-3",
         "the keys of a signature are missing, read without TLS or named by the caller"),
    _row(29, Rule.TOKEN_LITERAL_KEY, "im-8.inline-secrets", "IM-8", "a signing key stands in a policy"),
    _row(30, Rule.TOKEN_CLIENTS, _SOUND, "IM-1", "neither audience nor client is restricted"),
    _row(31, Rule.TOKEN_IN_QUERY, _SOUND, "IM-1 IM-8", "tokens are taken from the query string"),
    _row(32, Rule.TOKEN_PARSED_ONLY, "im-1.unvalidated-claims", "IM-1",
         "claims of a token that nothing validated are believed"),
    _row(33, Rule.TOKEN_ISSUER, "im-1.token-issuer", "IM-1", "tokens come from another issuer than Entra"),
    _row(34, Rule.INLINE_SECRET, "im-8.inline-secrets", "IM-8", "a credential stands in a policy"),
    _row(35, Rule.CREDENTIAL_NAMED_VALUE, "im-8.credential-named-values", "IM-8 DP-6",
         "a named value used as a credential is not secret, or not in Key Vault"),
    _row(36, Rule.NAMED_VALUE_MISSING, "im-8.named-values-resolve", "IM-8",
         "a named value that a policy uses is missing, or holds code"),
    _row(37, Rule.KEY_TO_ENTRA_BACKEND, "im-3.backend-authentication", "IM-3",
         "a key is sent to a service that takes Entra tokens"),
    _row(38, Rule.TOKEN_TO_STRANGER, "im-3.token-destination", "IM-3 IM-8",
         "a token of the managed identity goes to a host it was not made for"),
    _row(39, Rule.CERTIFICATE_BY_THUMBPRINT, "dp-7.certificate-by-id", "DP-7",
         "a backend certificate is named by its thumbprint"),
    _row(40, Rule.BACKEND_NOT_VALIDATED, "dp-3.backend-certificate-validation", "DP-3 IM-4",
         "the certificate of a backend in use is not validated"),
    _row(41, Rule.CLEAR_TEXT_URL, "dp-3.backend-encrypted", "DP-3", "something is called over http"),
    _row(42, Rule.REQUEST_BUILT_URL, "ns-2.request-built-url", "NS-2",
         "the caller decides where the gateway sends a request"),
    _row(43, Rule.CROSS_ORIGIN, "ns-6.cross-origin", "NS-6", "pages of every origin may call"),
    _row(44, Rule.ADDRESS_FILTER, "ns-2.address-filter", "NS-2",
         "an address filter lets everybody in, or believes what the caller says"),
    _row(45, Rule.CREDENTIALS_WRITTEN, "lt-4.credentials-written", "LT-4 DP-2",
         "credentials go to a trace, a log, a metric or the answer"),
    _row(46, Rule.ERROR_DETAILS, "pv-2.error-details", "PV-2", "error details are returned to callers"),
    _row(47, Rule.CREDENTIALS_FORWARDED, "im-8.credentials-forwarded", "IM-8",
         "the caller's key or token goes on to the backend"),
    _row(48, Rule.AUTHORISER_FAILS_OPEN, "im-1.external-authoriser", "IM-1",
         "callers get in while the external authoriser does not answer"),
    _row(49, Rule.RATE_LIMIT, "ns-6.rate-limit", "NS-6 NS-5",
         "callers without a key are not limited, or choose the key they are counted under"),
    _row(50, Rule.CACHED_RESPONSE, "dp-3.response-cache", "DP-3",
         "answers for one caller are kept for others"),
    _row(51, Rule.WEAK_CRYPTOGRAPHY, "dp-3.weak-cryptography", "DP-3",
         "MD5, SHA-1 or predictable numbers protect something"),
    _row(52, Rule.UNKNOWN_NAME, "pv-2.known-names", "PV-2",
         "an element or attribute that the gateway does not know"),
    _row(53, Rule.NOT_READABLE, "pv-2.policies-readable", "PV-2", "a policy could not be read"),
    _row(54, Rule.CROSS_DOMAIN_SCRIPT, "ns-6.cross-origin", "NS-6",
         "jsonp or cross-domain opens answers to every page"),
)  # fmt: skip
"""Every rule, once."""
