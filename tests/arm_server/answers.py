"""What goes back over the wire: answers, and Azure Resource Manager's errors in its own words.

Wording and codes: "Troubleshoot common Azure deployment errors", "Understand how Azure Resource Manager
throttles requests", "Limits and quotas in Azure Resource Graph", and bodies quoted in public issue threads
of Azure's tools."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.arm_server.ids import Place

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """One answer, and how it is to be sent."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sending: Literal["whole", "cut", "reset"] = "whole"
    """``cut``: all of Content-Length promised, half of it sent; ``reset``: nothing sent at all."""

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    def having(self, **headers: str) -> Answer:
        """The same answer with more headers; underscores stand for hyphens."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **more})


def ok(content: Any, status: int = 200) -> Answer:
    """An answer in JSON."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return Answer(status, body, {"Content-Type": JSON})


def error(status: int, code: str, message: str, **more: Any) -> Answer:
    """An error in Resource Manager's format."""
    return ok({"error": {"code": code, "message": message, **more}}, status)


# -- the request itself ----------------------------------------------------------------------------------


def missing_api_version() -> Answer:
    """No api-version in the query."""
    message = "The api-version query parameter (?api-version=) is required for all requests."
    return error(400, "MissingApiVersionParameter", message)


def invalid_api_version(version: str, supported: str) -> Answer:
    """Resource Manager's own resources do not have that version."""
    message = f"The api-version '{version}' is invalid. The supported versions are '{supported}'."
    return error(400, "InvalidApiVersionParameter", message)


def no_registered_provider(place: Place, version: str, supported: str) -> Answer:
    """The provider does not have that version for the type."""
    kind = "/".join(place.own[0::2])
    message = (
        f"No registered resource provider found for location 'westeurope' and API version '{version}' "
        f"for type "
        f"'{kind}'. The supported api-versions are '{supported}'. The supported locations are 'westeurope'."
    )
    return error(400, "NoRegisteredProviderFound", message)


def invalid_type(place: Place, version: str) -> Answer:
    """The provider has no such type."""
    kind = "/".join(place.own[0::2])
    message = (
        f"The resource type '{kind}' could not be found in the namespace '{place.namespace}' for api version "
        f"'{version}'."
    )
    return error(404, "InvalidResourceType", message)


def too_old(supported: str) -> Answer:
    """A service that enforces a minimum api-version (``apiVersionConstraint``) refuses an older one."""
    message = (
        "API version query parameter is not specified or was specified incorrectly. Supported versions: "
        f"{supported} Example query param format: api-version=SupportedVersion"
    )
    return error(400, "MissingOrIncorrectVersionParameter", message, details=None)


def bad_filter(text: str) -> Answer:
    """A $filter that this server cannot evaluate: better refused than ignored."""
    return error(400, "BadRequest", f"The filter '{text}' is not understood.")


def no_such_method(method: str) -> Answer:
    """Writes are refused."""
    message = f"The requested resource does not support http method '{method}'."
    return error(405, "MethodNotAllowed", message).having(Allow="GET, HEAD")


def subscription_disabled(subscription: str, status: int = 409) -> Answer:
    """What a disabled subscription answers to actions."""
    message = (
        f"The subscription '{subscription}' is disabled and therefore marked as read only. You cannot "
        f"perform any "
        "write actions on this subscription until it is re-enabled."
    )
    return error(status, "ReadOnlyDisabledSubscription", message)


# -- who asks --------------------------------------------------------------------------------------------


def unauthorized(code: str, message: str, authority: str, why: str = "") -> Answer:
    """401 with the challenge that names where to sign in."""
    challenge = (
        f'Bearer authorization_uri="{authority}", error="invalid_token", error_description="{why or message}"'
    )
    return error(401, code, message).having(WWW_Authenticate=challenge)


def no_token(authority: str) -> Answer:
    """No Authorization header."""
    message = "Authentication failed. The 'Authorization' header is missing."
    return unauthorized("AuthenticationFailed", message, authority)


def invalid_token(authority: str) -> Answer:
    """A token that nobody here issued."""
    return unauthorized("InvalidAuthenticationToken", "The access token is invalid.", authority)


def wrong_audience(audience: str, expected: str, authority: str) -> Answer:
    """A token for another resource."""
    message = (
        "The access token has been obtained for wrong audience or resource "
        f"'{audience}'. It should exactly match with one of the allowed audiences '{expected}'."
    )
    return unauthorized("InvalidAuthenticationTokenAudience", message, authority)


def expired(when: str, now: str, authority: str) -> Answer:
    """A token after its time."""
    message = f"The access token expiry UTC time '{when}' is earlier than current UTC time '{now}'."
    return unauthorized("ExpiredAuthenticationToken", message, authority, "The access token has expired.")


def wrong_tenant(token_tenant: str, tenant: str, authority: str) -> Answer:
    """A token of another tenant than the subscription's."""
    message = (
        f"The access token is from the wrong issuer 'https://sts.windows.net/{token_tenant}/'. It "
        f"must match the "
        f"tenant 'https://sts.windows.net/{tenant}/' associated with this subscription. Please use "
        f"the authority "
        f"(URL) 'https://login.windows.net/{tenant}' to get the token. Note, if the subscription is "
        f"transferred to "
        "another tenant there is no impact to the services, but information about new tenant could "
        "take time to "
        "propagate (up to an hour)."
    )
    why = "The access token is from the wrong issuer. It must match the subscription's tenant."
    return unauthorized("InvalidAuthenticationTokenTenant", message, authority, why)


def forbidden(client: str, object_id: str, action: str, scope: str) -> Answer:
    """Nobody granted it."""
    message = (
        f"The client '{client}' with object id '{object_id}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, "
        f"please refresh "
        "your credentials."
    )
    return error(403, "AuthorizationFailed", message)


# -- what is asked for -----------------------------------------------------------------------------------


def not_found(place: Place) -> Answer:
    """Nothing there, in the words of Resource Manager, or of API Management for its children."""
    if place.namespace.lower() == "microsoft.apimanagement" and len(place.own) > 2:
        what = place.own[-2][:1].upper() + place.own[-2][1:]
        singular = {"Apis": "API", "Policies": "Policy"}.get(what, what.removesuffix("s"))
        return error(404, "ResourceNotFound", f"{singular} not found.", details=None)
    if place.kind == "subscriptions":
        return subscription_not_found(place.name)
    if place.kind == "subscriptions/resourcegroups":
        return error(404, "ResourceGroupNotFound", f"Resource group '{place.name}' could not be found.")
    message = (
        f"The Resource '{place.type}/{place.name}' under resource group '{place.group or '<null>'}' "
        f"was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return error(404, "ResourceNotFound", message)


def parent_not_found(place: Place) -> Answer:
    """A list below something that is not there."""
    name = place.parent.rpartition("/")[2]
    message = f"Can not perform requested operation on nested resource. Parent resource '{name}' not found."
    return error(404, "ParentResourceNotFound", message)


def subscription_not_found(subscription: str) -> Answer:
    """A subscription that nobody knows."""
    try:
        uuid.UUID(subscription)
    except ValueError:
        message = f"The provided subscription identifier '{subscription}' is malformed or invalid."
        return error(400, "InvalidSubscriptionId", message)
    return error(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")


def not_in_tier(tier: str | None) -> Answer:
    """API Management: the service's tier has no such thing."""
    message = f"Method not allowed in {tier or 'this'} pricing tier"
    return error(400, "MethodNotAllowedInPricingTier", message, details=None)


def not_registered(namespace: str) -> Answer:
    """The subscription has not registered the provider: azure-mgmt-core answers this with a write."""
    message = (
        f"The subscription is not registered to use namespace '{namespace}'. See "
        "https://aka.ms/rps-not-found for how to register subscriptions."
    )
    detail = {"code": "MissingSubscriptionRegistration", "target": namespace, "message": message}
    return error(409, "MissingSubscriptionRegistration", message, details=[detail])


# -- too much --------------------------------------------------------------------------------------------


def throttled(place: Place, retry_after: int | None) -> Answer:
    """429, with or without Retry-After (seconds)."""
    message = (
        f"Number of requests for subscription '{place.subscription}' and operation "
        f"'GET{place.type.upper()}' exceeded "
        f"the backend storage limit. Please try again after '{retry_after or 1}' seconds."
    )
    answer = error(429, "SubscriptionRequestsThrottled", message)
    return answer if retry_after is None else answer.having(Retry_After=str(retry_after))


def graph_throttled(retry_after: int | None) -> Answer:
    """Resource Graph's 429."""
    detail = {
        "code": "RateLimiting",
        "message": "Client application has been throttled and should not attempt to repeat the request "
        "until an amount of time has elapsed. Please see https://aka.ms/resourcegraph-throttling for help.",
    }
    answer = error(429, "RateLimiting", "Too many queries.", details=[detail])
    return answer if retry_after is None else answer.having(Retry_After=str(retry_after))


def bad_query(code: str, message: str) -> Answer:
    """Resource Graph's 400."""
    details = [
        {"code": "InvalidQuery", "message": "Query is invalid. Please refer to the documentation."},
        {"code": code, "message": message},
    ]
    return error(400, "BadRequest", "Please provide below info when asking for support.", details=details)


def failing(status: int) -> Answer:
    """5xx in the words of a provider that broke."""
    codes = {
        500: ("InternalServerError", "Request processing failed due to internal error"),
        502: ("BadGateway", "The gateway did not receive a response from 'Microsoft.ApiManagement'."),
        503: ("ServiceUnavailable", "The service is temporarily unavailable."),
        504: ("GatewayTimeout", "The gateway did not receive a response within the specified time period."),
    }
    code, message = codes.get(status, ("ServerError", "The server failed."))
    return error(status, code, message)
