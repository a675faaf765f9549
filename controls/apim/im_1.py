"""IM-1: use centralized identity and authentication system. Words in im_1.md."""

from __future__ import annotations

from collections import Counter

from auditor.apim.kinds import API, AUTHORIZATION_SERVER, SERVICE
from auditor.apim.portal import is_entra, published, sends_to_sign_in, setting, shown, switched_off
from auditor.apim.subscriptions import belongs_to_publisher, is_active, is_owned, owner_of
from auditor.apim.tiers import Capability, needs
from auditor.apim.users import IDENTITY_BASIC, UserState, has_identity, registered
from auditor.model.evidence import Log
from auditor.model.logic import all_of, every, some
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, NotApplicable, Pass, Severity, Verdict
from controls.apim import im_1_claims, im_1_order
from controls.apim.im_1_keys import subscription_key_rotation
from controls.apim.im_1_products import LOCAL, product_subscription, self_service_product
from controls.declare import check

_ENTRA = "Azure AD Authentication Required for Data Plane Access"
_ANY_TENANT = ("common", "organizations", "consumers")
"""Names Microsoft Entra ID takes in place of a tenant, and that stand for many."""
_OWN_TENANT = ("subscription().tenantid", "tenant().tenantid")
"""What a template writes for the tenant it is deployed in: one tenant, whichever it is."""
_OFF = "The developer portal is disabled."


# -- the developer portal ------------------------------------------------------------------------------


@check(
    "apim.im-1.portal-entra-id",
    feature=_ENTRA,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    also=("IM-5",),
    needs=needs(Capability.ENTRA_PORTAL_SIGN_IN),
)
def portal_entra_id(service: Subject) -> Verdict:
    """Developers can sign in to the portal with Microsoft Entra ID, from known tenants only."""
    if switched_off(service):
        return NotApplicable(_OFF)
    if not some(service.children("identityProviders"), is_entra):
        return _unless_closed(
            service,
            Fail(
                "No identity provider of the developer portal is of type aad or aadB2C: add one, with "
                "clientLibrary MSAL-2 and the tenants it may admit in allowedTenants."
            ),
        )
    verdict = every(
        service.children("identityProviders"),
        _sound_provider,
        "The developer portal signs in with Microsoft Entra ID, by MSAL and from named tenants only.",
    )
    return _unless_closed(service, verdict)


def _unless_closed(service: Subject, verdict: Verdict) -> Verdict:
    """A portal that is switched off cannot be the way in that a failure is about."""
    if isinstance(verdict, Fail) and not published(service):
        return NotApplicable(_OFF)
    return verdict


def _sound_provider(provider: Subject) -> Verdict:
    if not is_entra(provider):
        return NotApplicable("The identity provider is not Microsoft Entra ID.")
    return all_of(provider, (_on_msal, _tenants_named), "The provider uses MSAL and names its tenants.")


def _on_msal(provider: Subject) -> Verdict:
    library = provider.read("/properties/clientLibrary", one_of=("ADAL", "MSAL", "MSAL-2"))
    if library == "ADAL":
        return Fail(
            f"Identity provider {provider.name} signs in by ADAL, which was retired on 30 September 2025: "
            "set clientLibrary to MSAL-2."
        )
    return Pass("The provider uses MSAL.")


def _tenants_named(provider: Subject) -> Verdict:
    def many(tenant: Subject) -> bool:
        return not _is_own(tenant, "") and tenant.text("").value().strip().casefold() in _ANY_TENANT

    def one(tenant: Subject) -> bool:
        return _is_own(tenant, "") or bool(tenant.text("").value().strip())

    if some(provider.items("/properties/allowedTenants"), many):
        return Fail(
            f"Identity provider {provider.name} has a name for many tenants ({', '.join(_ANY_TENANT)}) in "
            "allowedTenants: name the tenants themselves."
        )
    if some(provider.items("/properties/allowedTenants"), one):
        return Pass("The provider names its tenants.")
    if _is_own(provider, "/properties/signinTenant"):
        return Pass("The provider names the tenant it signs in to.")
    if provider.has("/properties/signinTenant"):
        tenant = provider.text("/properties/signinTenant").value().strip().casefold()
        if tenant and tenant not in _ANY_TENANT:
            return Pass("The provider names the tenant it signs in to.")
    return Fail(
        f"Identity provider {provider.name} names no tenant, neither in allowedTenants nor in signinTenant: "
        "list in allowedTenants the tenants it may admit."
    )


def _is_own(subject: Subject, pointer: str) -> bool:
    return subject.formula(pointer).casefold() in _OWN_TENANT


@check(
    "apim.im-1.operations-authenticated",
    feature=_ENTRA,
    on=API,
    severity=Severity.HIGH,
    outcomes="pass fail unknown manual not_applicable",
)
def operations_authenticated(api: Subject) -> Verdict:
    """Every operation demands a token, a certificate or another proof of who is calling."""
    api.listed("operations")
    # The prover takes a tenth of a second to import: only inputs that hold operations pay for it.
    from controls.apim.im_1_policies import authenticated

    return authenticated(api)


@check(
    "apim.im-1.token-validation-sound",
    feature=_ENTRA,
    on=API,
    severity=Severity.HIGH,
    outcomes="pass fail unknown manual not_applicable",
)
def token_validation_sound(api: Subject) -> Verdict:
    """Each policy that validates a token checks issuer, audience, signature and lifetime."""
    api.listed("operations")
    from controls.apim.im_1_tokens import tokens_sound

    return tokens_sound(api)


@check(
    "apim.im-1.oauth-server",
    feature=_ENTRA,
    on=AUTHORIZATION_SERVER,
    severity=Severity.LOW,
    outcomes="pass fail unknown not_applicable",
    needs=shown("authorizationServers", otherwise="Authorization servers serve its test console."),
)
def oauth_server(server: Subject) -> Verdict:
    """Authorization servers use safe grants over https."""
    return all_of(
        server,
        (_grants, lambda s: _endpoint(s, "authorizationEndpoint"), lambda s: _endpoint(s, "tokenEndpoint")),
        "The authorization server uses no unsafe grant and no endpoint without TLS.",
    )


def _grants(server: Subject) -> Verdict:
    def safe(grant: Subject) -> Verdict:
        name = grant.read("", one_of=(*_SAFE_GRANTS, *_UNSAFE_GRANTS))
        if name in _UNSAFE_GRANTS:
            return Fail(
                f"Authorization server {server.name} offers the grant {name}, {_UNSAFE_GRANTS[name]}: "
                "remove it from grantTypes and use authorizationCode."
            )
        return Pass("The grant is safe.")

    return every(server.items("/properties/grantTypes"), safe, "Every grant is safe.")


_SAFE_GRANTS = ("authorizationCode", "authorizationCodeWithPkce", "clientCredentials")
_UNSAFE_GRANTS = {
    "implicit": "which hands tokens to the browser in a URL",
    "resourceOwnerPassword": "which hands the user's password to the client",
}


def _endpoint(server: Subject, name: str) -> Verdict:
    pointer = f"/properties/{name}"
    if server.has(pointer) and server.text(pointer).starts("http://"):
        return Fail(f"{name} of authorization server {server.name} begins with http://: use https.")
    return Pass("The endpoint is not plain http.")


# -- local authentication ------------------------------------------------------------------------------


@check(
    "apim.im-1.portal-basic-auth",
    feature=LOCAL,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    also=("PA-1", "IM-5"),
    needs=shown("portalconfigs", "default"),
)
def portal_basic_auth(service: Subject) -> Verdict:
    """Nobody signs in to the developer portal with a username and password of the service."""
    if setting(service, "portalconfigs", "default").flag("/properties/enableBasicAuth"):
        return Fail(
            "The developer portal accepts usernames and passwords (enableBasicAuth of "
            "portalconfigs/default is on, as it is where it is absent): set it to false."
        )
    return Pass("The developer portal accepts no usernames and passwords.")


@check(
    "apim.im-1.portal-sign-up",
    feature=LOCAL,
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="pass fail unknown not_applicable",
    needs=shown(
        "portalsettings",
        "signup",
        Capability.PORTAL_SETTINGS,
        "Username and password sign-in decides instead: see portal-basic-auth.",
    ),
)
def portal_sign_up(service: Subject) -> Verdict:
    """Strangers cannot open an account in the developer portal."""
    if switched_off(service):
        return NotApplicable(_OFF)
    if setting(service, "portalsettings", "signup").flag("/properties/enabled"):
        return _unless_closed(
            service,
            Fail(
                "Anyone may sign up in the developer portal, and a new account is active at once: set "
                "enabled of portalsettings/signup to false."
            ),
        )
    return Pass("Sign-up in the developer portal is off.")


@check(
    "apim.im-1.portal-sign-in",
    feature=LOCAL,
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="pass fail unknown not_applicable",
    needs=shown("portalsettings", "signin"),
)
def portal_sign_in(service: Subject) -> Verdict:
    """The developer portal shows nothing to anonymous visitors."""
    if switched_off(service):
        return NotApplicable(_OFF)
    if sends_to_sign_in(service):
        return Pass("Anonymous visitors of the developer portal are sent to the sign-in page.")
    return _unless_closed(
        service,
        Fail(
            "Anonymous visitors may browse the developer portal: set enabled of portalsettings/signin to "
            "true, on the v2 tiers signin.require of portalconfigs/default."
        ),
    )


@check(
    "apim.im-1.local-users",
    feature=LOCAL,
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="pass fail unknown not_applicable",
    also=("PA-1",),
    needs=shown("users"),
)
def local_users(service: Subject) -> Verdict:
    """No active account of the service signs in with a password of its own."""
    days: list[int | None] = []

    def judge(user: Subject) -> Verdict:
        if user.read("/properties/state", one_of=UserState) is not UserState.ACTIVE:
            return Pass("The account is not active.")
        if not has_identity(user, IDENTITY_BASIC):
            return Pass("The account has no password of the service.")
        since = registered(user)
        if user.resource.condition is None:
            days.append(None if since is None else (user.now - since).days)
        return Fail("The account is active and has a password of the service.")

    verdict = every(
        service.children("users"), judge, "No active account signs in with a password of the service."
    )
    if not isinstance(verdict, Fail):
        return verdict
    known = [age for age in days if age is not None]
    ages = f", the oldest registered {max(known)} days ago" if known else ""
    accounts = "1 active account signs" if len(days) == 1 else f"{len(days)} active accounts sign"
    return Fail(
        f"{accounts} in with a username and password that the service keeps{ages}: invite the people with "
        "Microsoft Entra ID and delete or block these accounts."
    )


@check(
    "apim.im-1.user-inventory",
    feature=LOCAL,
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="pass fail unknown not_applicable",
    needs=shown("users"),
)
def user_inventory(service: Subject) -> Verdict:
    """Every active subscription belongs to an account that still may use it."""

    def judge(subscription: Subject) -> Verdict:
        if not is_active(subscription) or not is_owned(subscription):
            return Pass("The subscription is not active, or belongs to nobody.")
        if belongs_to_publisher(subscription):
            return Pass("The subscription belongs to the account of the publisher, which is always there.")
        account = owner_of(service, subscription)
        if account is None:
            state = "no longer exists"
        else:
            known = account.read("/properties/state", one_of=UserState)
            if known not in (UserState.BLOCKED, UserState.DELETED):
                return Pass("The owner may use the subscription.")
            state = f"is {known}"
        return Fail(
            f"Subscription {subscription.name} is active, but the account it belongs to {state}: cancel it, "
            "or give it to an account in use."
        )

    verdict = every(
        service.children("subscriptions"), judge, "Every active subscription has an owner in use."
    )
    if not isinstance(verdict, Pass):
        return verdict
    # A log of its own: the list of users is the evidence, not each member of each user.
    states = Counter(
        user.with_log(Log()).read("/properties/state", one_of=UserState) for user in service.children("users")
    )
    counted = ", ".join(f"{states[state]} {state}" for state in UserState if states[state])
    return Pass(f"{verdict.message[:-1]}; accounts by state: {counted or 'none'}.")


CHECKS = (
    portal_entra_id,
    operations_authenticated,
    token_validation_sound,
    oauth_server,
    portal_basic_auth,
    portal_sign_up,
    portal_sign_in,
    local_users,
    user_inventory,
    subscription_key_rotation,
    product_subscription,
    self_service_product,
    *im_1_order.CHECKS,
    *im_1_claims.CHECKS,
)
