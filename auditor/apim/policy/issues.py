"""What can be said against a policy, and how much it weighs: a closed list of rules, a slug each.

Which check a rule counts for, and for which controls, is the business of whoever judges; here stands only
what was found, where. Messages are our own words: they quote nothing of a policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """How much something weighs."""

    FAIL = "fail"
    WEAK = "weak"
    UNKNOWN = "unknown"
    """A value decides whether it is wrong, and it is not known."""
    REVIEW = "review"
    """Everything was read; what it means is for a person to say, or is not documented."""
    NOTE = "note"
    """Worth saying; changes no verdict."""
    FINE = "fine"
    """It was looked at and nothing speaks against it."""


class Rule(StrEnum):
    """Every rule on policies; the value is its slug."""

    CERTIFICATE_NOT_VALIDATED = "certificate-not-validated"
    CERTIFICATE_WEAKLY_VALIDATED = "certificate-weakly-validated"
    CERTIFICATE_FROM_HEADER = "certificate-from-header"
    PLACEHOLDER = "placeholder"
    NEVER_EQUAL = "never-equal"
    CERTIFICATE_NOT_REQUESTED = "certificate-not-requested"
    PRIVATE_CA = "private-ca"
    UPLOADED_CERTIFICATES = "uploaded-certificates"
    NO_AUTHENTICATION = "no-authentication"
    PRODUCT_ONLY_AUTHENTICATION = "product-only-authentication"
    OPEN_PRODUCT = "open-product"
    KEY_ONLY = "key-only"
    AVOIDABLE_AUTHENTICATION = "avoidable-authentication"
    DEAD_AUTHENTICATION = "dead-authentication"
    SWITCHED_AUTHENTICATION = "switched-authentication"
    BEFORE_AUTHENTICATION = "before-authentication"
    MISPLACED_AUTHENTICATION = "misplaced-authentication"
    RACED_AUTHENTICATION = "raced-authentication"
    WEAKER_REVISION = "weaker-revision"
    BASE_LOST = "base-lost"
    BASE_LATE = "base-late"
    SECTION_ABSENT = "section-absent"
    BACKEND_SECTION = "backend-section"
    FRAGMENT = "fragment"
    TOKEN_UNSIGNED = "token-unsigned"  # noqa: S105 - the name of a rule
    TOKEN_AUDIENCE = "token-audience"  # noqa: S105 - the name of a rule
    TOKEN_TENANT = "token-tenant"  # noqa: S105 - the name of a rule
    TOKEN_KEYS = "token-keys"  # noqa: S105 - the name of a rule
    TOKEN_LITERAL_KEY = "token-literal-key"  # noqa: S105 - the name of a rule
    TOKEN_CLIENTS = "token-clients"  # noqa: S105 - the name of a rule
    TOKEN_IN_QUERY = "token-in-query"  # noqa: S105 - the name of a rule
    TOKEN_PARSED_ONLY = "token-parsed-only"  # noqa: S105 - the name of a rule
    TOKEN_ISSUER = "token-issuer"  # noqa: S105 - the name of a rule
    INLINE_SECRET = "inline-secret"  # noqa: S105 - the name of a rule
    CREDENTIAL_NAMED_VALUE = "credential-named-value"
    NAMED_VALUE_MISSING = "named-value-missing"
    KEY_TO_ENTRA_BACKEND = "key-to-entra-backend"
    TOKEN_TO_STRANGER = "token-to-stranger"  # noqa: S105 - the name of a rule
    CERTIFICATE_BY_THUMBPRINT = "certificate-by-thumbprint"
    BACKEND_NOT_VALIDATED = "backend-not-validated"
    CLEAR_TEXT_URL = "clear-text-url"
    REQUEST_BUILT_URL = "request-built-url"
    CROSS_ORIGIN = "cross-origin"
    ADDRESS_FILTER = "address-filter"
    CREDENTIALS_WRITTEN = "credentials-written"
    ERROR_DETAILS = "error-details"
    CREDENTIALS_FORWARDED = "credentials-forwarded"
    AUTHORISER_FAILS_OPEN = "authoriser-fails-open"
    RATE_LIMIT = "rate-limit"
    CACHED_RESPONSE = "cached-response"
    WEAK_CRYPTOGRAPHY = "weak-cryptography"
    UNKNOWN_NAME = "unknown-name"
    NOT_READABLE = "not-readable"
    CROSS_DOMAIN_SCRIPT = "cross-domain-script"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing said of one statement; lines and columns count from 1 in the document it was read from."""

    rule: Rule
    weight: Weight
    message: str
    """What is so, in words of our own, without a full stop."""
    statement: str
    """Name of the element."""
    section: str
    """``inbound``, ``backend``, ``outbound``, ``on-error``; empty in a fragment."""
    line: int
    column: int
    names: frozenset[str] = frozenset()
    """Display names of the named values that the statement uses."""
