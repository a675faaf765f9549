"""Where secrets stand: one row for each position the documentation of an API names.

A pointer's ``*`` stands for every member of an object, ``[]`` for every element of an array. Whatever stands
at the position is replaced, at any depth below it. Names are matched without case, and a row also holds for
bodies without the ``properties`` envelope, as the Azure CLI prints them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Final

_SERVICE: Final = "Microsoft.ApiManagement/service"
POLICY: Final = "policy document"
"""What a policy's text is called where it stood."""


class Manner(Enum):
    """How a position is treated."""

    CREDENTIAL = auto()
    """A secret: masks, references to named values and the empty string are told apart."""
    TEXT = auto()
    """A document or a person's data: replaced whole, whatever it says."""
    ACCOUNT = auto()
    """The id of an account: the account is numbered, so that it can be told apart and is not named."""
    NAMED_VALUE = auto()
    """The properties of a named value: the value is a secret unless it is known not to be one."""


@dataclass(frozen=True, slots=True)
class Field:
    """One position in one kind of resource."""

    type: str
    """The resource type. Under API Management the last segment decides: what holds for ``service/users``
    holds for ``service/groups/users`` too."""
    pointer: str
    """Where in the body."""
    kind: str
    """What is said to have stood there."""
    manner: Manner = Manner.CREDENTIAL

    @property
    def path(self) -> tuple[str, ...]:
        """The pointer's segments in lower case."""
        return tuple(self.pointer.lower().split("/")[1:])


def _rows(types: str, pointers: str, kind: str, manner: Manner = Manner.CREDENTIAL) -> tuple[Field, ...]:
    return tuple(
        Field(type_, pointer, kind, manner) for type_ in types.split() for pointer in pointers.split()
    )


def _service(types: str, pointers: str, kind: str, manner: Manner = Manner.CREDENTIAL) -> tuple[Field, ...]:
    return _rows(" ".join(f"{_SERVICE}/{each}" for each in types.split()), pointers, kind, manner)


_POLICIES: Final = (
    "policies apis/policies apis/operations/policies apis/resolvers/policies products/policies"
    " workspaces/policies workspaces/apis/policies workspaces/apis/operations/policies"
    " workspaces/products/policies policyFragments workspaces/policyFragments"
)
_OPERATION_PARAMETERS: Final = (
    "/properties/templateParameters/[]",
    "/properties/request/queryParameters/[]",
    "/properties/request/headers/[]",
    "/properties/request/representations/[]/formParameters/[]",
    "/properties/responses/[]/headers/[]",
    "/properties/responses/[]/representations/[]/formParameters/[]",
)
_REPRESENTATIONS: Final = (
    "/properties/request/representations/[]",
    "/properties/responses/[]/representations/[]",
)
_SAMPLES: Final = " ".join(
    (
        *(f"{where}/{name}" for where in _OPERATION_PARAMETERS for name in ("examples", "defaultValue")),
        *(
            f"{where}/{name}"
            for where in _REPRESENTATIONS
            for name in ("sample", "examples", "generatedSample")
        ),
    )
)

FIELDS: Final[tuple[Field, ...]] = (
    # API Management REST, Named Value: "value" is returned unless "secret". "properties" until 2019-01-01.
    *_service(
        "namedValues properties workspaces/namedValues",
        "/properties/value",
        "named value",
        Manner.NAMED_VALUE,
    ),
    # Backend: BackendCredentialsContract (header and query are lists of values), BackendProxyContract.
    *_service(
        "backends workspaces/backends",
        "/properties/credentials/authorization/parameter",
        "authorization parameter",
    ),
    *_service("backends workspaces/backends", "/properties/credentials/header/*/[]", "credential header"),
    *_service(
        "backends workspaces/backends", "/properties/credentials/query/*/[]", "credential query parameter"
    ),
    *_service("backends workspaces/backends", "/properties/proxy/password", "password"),
    # Logger: LoggerContractProperties.credentials; "endpointAddress" and "identityClientId" are no secrets.
    *_service(
        "loggers workspaces/loggers",
        "/properties/credentials/instrumentationKey /properties/credentials/connectionString",
        "logger credential",
    ),
    # Cache: CacheContractProperties.
    *_service("caches", "/properties/connectionString", "connection string"),
    # Identity Provider, OpenID Connect Provider, Authorization Server: returned before 2019-12-01.
    *_service(
        "identityProviders openidConnectProviders authorizationServers",
        "/properties/clientSecret",
        "client secret",
    ),
    *_service("authorizationServers", "/properties/resourceOwnerPassword", "password"),
    *_service("authorizationServers", "/properties/tokenBodyParameters/[]/value", "token body parameter"),
    # Authorization Provider, Authorization (credential manager): maps of the settings of a grant.
    *_service(
        "authorizationProviders",
        "/properties/oauth2/grantTypes/*/clientSecret /properties/oauth2/grantTypes/*/password",
        "client secret",
    ),
    *_service(
        "authorizationProviders/authorizations",
        "/properties/parameters/clientSecret /properties/parameters/password",
        "client secret",
    ),
    # Certificate: CertificateCreateOrUpdateProperties.
    *_service("certificates workspaces/certificates", "/properties/data", "certificate data"),
    *_service("certificates workspaces/certificates", "/properties/password", "password"),
    # Api Management Service: CertificateConfiguration, HostnameConfiguration; backup; single sign-on links.
    *_rows(
        _SERVICE,
        "/properties/certificates/[]/encodedCertificate"
        " /properties/hostnameConfigurations/[]/encodedCertificate",
        "certificate data",
    ),
    *_rows(
        _SERVICE,
        "/properties/certificates/[]/certificatePassword"
        " /properties/hostnameConfigurations/[]/certificatePassword",
        "password",
    ),
    *_rows(_SERVICE, "/properties/accessKey", "storage account key"),
    *_rows(_SERVICE, "/properties/redirectUri", "sign-on token"),
    *_rows(
        _SERVICE,
        "/properties/publisherEmail /properties/notificationSenderEmail",
        "personal data",
        Manner.TEXT,
    ),
    # Subscription, Tenant Access: listSecrets, and what creating them answers.
    *_service(
        "subscriptions workspaces/subscriptions",
        "/properties/primaryKey /properties/secondaryKey",
        "subscription key",
    ),
    *_service(
        "subscriptions workspaces/subscriptions",
        "/properties/ownerId /properties/userId",
        "account",
        Manner.ACCOUNT,
    ),
    *_service("apis/issues apis/issues/comments", "/properties/userId", "account", Manner.ACCOUNT),
    *_service(
        "notifications workspaces/notifications", "/properties/recipients/users/[]", "account", Manner.ACCOUNT
    ),
    *_service("tenant", "/properties/primaryKey /properties/secondaryKey", "access key"),
    *_service("tenant", "/properties/value", "access token"),
    # User: UserContract; UserTokenResult. Keys belonged to users' subscriptions in old versions.
    *_service("users", "/properties/password", "password"),
    *_service("users", "/properties/primaryKey /properties/secondaryKey", "subscription key"),
    *_service("users", "/properties/value", "access token"),
    *_service(
        "users groups/users",
        "/properties/email /properties/firstName /properties/lastName /properties/note"
        " /properties/identities/[]/id",
        "personal data",
        Manner.TEXT,
    ),
    # Role Assignments: az adds who holds a role; the description is free text.
    *_rows(
        "Microsoft.Authorization/roleAssignments",
        "/properties/principalName /properties/description",
        "personal data",
        Manner.TEXT,
    ),
    # Deny Assignments: newer versions tell names and addresses of principals.
    *_rows(
        "Microsoft.Authorization/denyAssignments",
        "/properties/description /properties/principals/[]/displayName /properties/principals/[]/email"
        " /properties/excludePrincipals/[]/displayName /properties/excludePrincipals/[]/email",
        "personal data",
        Manner.TEXT,
    ),
    # Portal Settings and Portal Config: delegation's validation key.
    *_service("portalsettings", "/properties/validationKey", "validation key"),
    *_service("portalconfigs", "/properties/delegation/validationKey", "validation key"),
    # Gateway: GatewayKeysContract, GatewayTokenContract.
    *_service("gateways", "/properties/primary /properties/secondary", "gateway key"),
    *_service("gateways", "/properties/value", "gateway token"),
    # Policy, at every scope, and Policy Fragment: until policies are understood none of their text goes on.
    *_service(_POLICIES, "/properties/value /properties/policyContent", POLICY, Manner.TEXT),
    *_service("apis/operations workspaces/apis/operations", "/properties/policies", POLICY, Manner.TEXT),
    # Api: an imported specification. Api Operation, Api Schema, Global Schema: payload examples.
    *_service("apis workspaces/apis", "/properties/value", "document text", Manner.TEXT),
    *_service("apis/operations workspaces/apis/operations", _SAMPLES, "document text", Manner.TEXT),
    *_service(
        "apis/schemas schemas workspaces/schemas workspaces/apis/schemas",
        "/properties/document",
        "document text",
        Manner.TEXT,
    ),
    *_service("schemas workspaces/schemas", "/properties/value", "document text", Manner.TEXT),
    # Documentation, Api and Product Wiki, Email Template, Api Issue: free text of any size.
    *_service("documentations", "/properties/content", "document text", Manner.TEXT),
    *_service("apis/wikis products/wikis", "/properties/documents", "document text", Manner.TEXT),
    *_service("templates", "/properties/body", "document text", Manner.TEXT),
    *_service("apis/issues/attachments", "/properties/content", "document text", Manner.TEXT),
    *_service("apis/issues/comments", "/properties/text", "document text", Manner.TEXT),
    # Notification: RecipientsContractProperties; Notification Recipient Email.
    *_service(
        "notifications workspaces/notifications",
        "/properties/recipients/emails/[]",
        "personal data",
        Manner.TEXT,
    ),
    *_service("notifications/recipientEmails", "/properties/email", "personal data", Manner.TEXT),
    # Key Vault, Secrets (templates): SecretProperties.
    Field("Microsoft.KeyVault/vaults/secrets", "/properties/value", "key vault secret"),
    # App Service, Web Apps: application settings are encrypted at rest because they hold secrets.
    *_rows(
        "Microsoft.Web/sites Microsoft.Web/sites/slots",
        "/properties/siteConfig/appSettings/[]/value"
        " /properties/siteConfig/connectionStrings/[]/connectionString",
        "application setting",
    ),
    *_rows(
        "Microsoft.Web/sites/config Microsoft.Web/sites/slots/config", "/properties/*", "application setting"
    ),
    *_rows(
        "Microsoft.Web/sites/host/functionKeys Microsoft.Web/sites/host/systemKeys",
        "/properties/value",
        "function key",
    ),
    *_rows("Microsoft.Web/sites/functions/keys", "/properties/value", "function key"),
    # Container Apps: Configuration.secrets.
    Field(
        "Microsoft.App/containerApps", "/properties/configuration/secrets/[]/value", "container app secret"
    ),
    # Application Gateway: ApplicationGatewaySslCertificatePropertiesFormat; other certificates are public.
    Field(
        "Microsoft.Network/applicationGateways",
        "/properties/sslCertificates/[]/properties/data",
        "certificate data",
    ),
    Field(
        "Microsoft.Network/applicationGateways",
        "/properties/sslCertificates/[]/properties/password",
        "password",
    ),
)

LISTED_FIELDS: Final[tuple[tuple[str, str], ...]] = tuple((field.type, field.pointer) for field in FIELDS)
"""Resource type and pointer pattern of every position, for tests that plant something there."""

SECRET_NAMES: Final[dict[str, str]] = {
    # Names that mean a secret in whatever resource they occur, written without case, dashes and underscores:
    # secure parameters and listKeys answers of Azure services, attributes that Terraform marks sensitive.
    "accesstoken": "access token",
    "accountkey": "storage account key",
    "adminpassword": "password",
    "administratorloginpassword": "password",
    "apikey": "api key",
    "certificatepassword": "password",
    "clientsecret": "client secret",
    "connectionstring": "connection string",
    "encodedcertificate": "certificate data",
    "functionkey": "function key",
    "instrumentationkey": "instrumentation key",
    "password": "password",
    "primaryaccesskey": "access key",
    "primaryconnectionstring": "connection string",
    "primarykey": "access key",
    "primarysharedkey": "access key",
    "privatekey": "private key",
    "refreshtoken": "access token",
    "resourceownerpassword": "password",
    "sastoken": "shared access signature",
    "secondaryaccesskey": "access key",
    "secondaryconnectionstring": "connection string",
    "secondarykey": "access key",
    "secondarysharedkey": "access key",
    "secretvalue": "secret value",
    "securevalue": "secret value",
    "sharedaccesskey": "shared access key",
    "sharedkey": "shared key",
    "storageaccountaccesskey": "storage account key",
    "validationkey": "validation key",
}


def _segment(type_: str) -> str:
    """What decides about a type: the last segment under API Management, else the whole type."""
    lowered = type_.partition("@")[0].strip("/ ").lower()
    return lowered.rpartition("/")[2] if lowered.startswith(_SERVICE.lower() + "/") else lowered


def _index() -> dict[str, tuple[Field, ...]]:
    index: dict[str, dict[tuple[str, str], Field]] = {}
    for field in FIELDS:
        index.setdefault(_segment(field.type), {})[field.pointer.lower(), field.kind] = field
    return {segment: tuple(fields.values()) for segment, fields in index.items()}


_BY_SEGMENT: Final = _index()


@dataclass(slots=True)
class Steps:
    """The pointers of one type as a tree, so that a body is walked once however many rows there are."""

    members: dict[str, Steps]
    """By lower-case name; ``*`` for every member or element."""
    here: Field | None = None
    """The row whose position is reached."""


_CONFIG_WITHOUT_SETTINGS: Final = frozenset({"web", "logs", "slotconfignames"})
"""Names of ``Microsoft.Web/sites/config`` that hold no settings of the application."""


def steps(type_: str, name: str) -> Steps | None:
    """Where to go in a resource of this type and name; nothing if no row holds for it."""
    if name in _CONFIG_WITHOUT_SETTINGS and _segment(type_).endswith("/config"):
        return None
    return _steps(type_)


@lru_cache(maxsize=512)
def _steps(type_: str) -> Steps | None:
    root = Steps({})
    for field in _BY_SEGMENT.get(_segment(type_), ()):
        for path in _variants(field.path):
            step = root
            for segment in path:
                step = step.members.setdefault("*" if segment == "[]" else segment, Steps({}))
            step.here = field
    return root if root.members else None


def _variants(path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A row's path with the envelope and without."""
    yield path
    if path[0] == "properties" and path[1] != "*":
        yield path[1:]
