"""Labelled cases on token statements: what each asks of a token, and the weight it deserves.

Labelled from "Validate JWT" and "Validate Microsoft Entra token" before they were judged; ``sound`` is a
statement that nothing but a note speaks against.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.policy.authentication_cases import TENANT

HOST: Final = "https://login.microsoftonline.com/"
META: Final = "/v2.0/.well-known/openid-configuration"
OWN: Final = f'<openid-config url="{HOST}{TENANT}{META}" />'
ALL: Final = f'<openid-config url="{HOST}organizations{META}" />'
IDP: Final = '<openid-config url="https://idp.northwind.example/.well-known/openid-configuration" />'
AUDIENCE: Final = "<audiences><audience>api://orders</audience></audiences>"
CLIENTS: Final = "<client-application-ids><application-id>0b7d1c52</application-id></client-application-ids>"
RSA: Final = '<issuer-signing-keys><key n="sXch" e="AQAB" /></issuer-signing-keys>'


def issuers(text: str) -> str:
    """A list of one issuer."""
    return f"<issuers><issuer>{text}</issuer></issuers>"


def claim(name: str, *values: str, match: str = "") -> str:
    """One required claim."""
    how = f' match="{match}"' if match else ""
    inside = "".join(f"<value>{value}</value>" for value in values)
    return f'<required-claims><claim name="{name}"{how}>{inside}</claim></required-claims>'


@dataclass(frozen=True, slots=True)
class TokenCase:
    """One statement and the worst that can be said of it."""

    name: str
    inside: str
    weight: str
    attributes: str = 'header-name="Authorization"'
    azure: bool = False
    named: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The statement as it is written."""
        element = "validate-azure-ad-token" if self.azure else "validate-jwt"
        return f"<{element} {self.attributes}>{self.inside}</{element}>"


def azure(
    name: str,
    inside: str,
    weight: str,
    tenant: str = TENANT,
    more: str = "",
    named: Mapping[str, str] = {},
) -> TokenCase:
    """A ``validate-azure-ad-token`` statement."""
    return TokenCase(f"Entra: {name}", inside, weight, f'tenant-id="{tenant}" {more}', True, named)


TOKEN_CASES: Final = (
    # -- audience ----------------------------------------------------------------------------------------
    TokenCase("audience named", OWN + AUDIENCE, "sound"),
    TokenCase("no audience", OWN, "fail"),
    TokenCase("empty list of audiences", OWN + "<audiences />", "fail"),
    TokenCase("audience without text", OWN + "<audiences><audience></audience></audiences>", "review"),
    TokenCase("aud required", OWN + claim("aud", "api://orders"), "sound"),
    TokenCase("appid required, one of two", OWN + claim("appid", "a", "b", match="any"), "sound"),
    TokenCase("azp only has to be there", OWN + claim("azp"), "fail"),
    TokenCase("azp with an empty value", OWN + claim("azp", ""), "fail"),
    TokenCase(
        "azp as the caller says",
        OWN + claim("azp", '@(context.Request.Headers.GetValueOrDefault("X-Client", ""))'),
        "fail",
    ),
    TokenCase("role only", OWN + claim("roles", "Orders.Read"), "weak"),
    TokenCase("group only", OWN + claim("groups", "3d0f8a62"), "fail"),
    TokenCase("country only", OWN + claim("ctry", "US", match="any"), "fail"),
    TokenCase(
        "audience of Microsoft Graph",
        OWN + "<audiences><audience>https://graph.microsoft.com</audience></audiences>",
        "weak",
    ),
    TokenCase(
        "audience of the management API",
        OWN + "<audiences><audience>https://management.azure.com/</audience></audiences>",
        "weak",
    ),
    TokenCase(
        "audience is the host called",
        OWN + "<audiences><audience>@(context.Request.OriginalUrl.Host)</audience></audiences>",
        "review",
    ),
    TokenCase(
        "audience is what a header says",
        OWN + "<audiences><audience>@(context.Request.Headers"
        '.GetValueOrDefault("X-Audience", ""))</audience></audiences>',
        "fail",
    ),
    TokenCase(
        "audience out of the token itself",
        OWN + "<audiences><audience>@(context.Request.Headers"
        '.GetValueOrDefault("Authorization", "").Substring(7).AsJwt().Audiences.First())</audience>'
        "</audiences>",
        "fail",
    ),
    TokenCase(
        "audience by a named value", OWN + "<audiences><audience>{{aud}}</audience></audiences>", "sound"
    ),
    # -- tenant and issuer -------------------------------------------------------------------------------
    TokenCase("every tenant", ALL + AUDIENCE, "fail"),
    TokenCase(
        "every tenant by a named value",
        f'<openid-config url="{HOST}{{{{tenant}}}}{META}" />' + AUDIENCE,
        "fail",
        named={"tenant": "common"},
    ),
    TokenCase("every tenant, one issuer", ALL + AUDIENCE + issuers(f"{HOST}{TENANT}/v2.0"), "sound"),
    TokenCase(
        "every tenant, issuer of the first version",
        ALL + AUDIENCE + issuers(f"https://sts.windows.net/{TENANT}/"),
        "sound",
    ),
    TokenCase("every tenant, tid required", ALL + AUDIENCE + claim("tid", TENANT), "sound"),
    TokenCase("every tenant, tid only has to be there", ALL + AUDIENCE + claim("tid"), "fail"),
    TokenCase("every tenant, iss required", ALL + AUDIENCE + claim("iss", f"{HOST}{TENANT}/v2.0"), "sound"),
    TokenCase(
        "every tenant, issuer out of the token itself",
        ALL
        + AUDIENCE
        + issuers(
            '@(context.Request.Headers.GetValueOrDefault("Authorization", "").Substring(7).AsJwt().Issuer)'
        ),
        "fail",
    ),
    TokenCase("one tenant and every tenant", OWN + ALL + AUDIENCE, "fail"),
    TokenCase("two tenants", OWN + OWN.replace("5f2c7a9e", "91ab03d7") + AUDIENCE, "sound"),
    TokenCase(
        "first version of the metadata",
        f'<openid-config url="{HOST}{TENANT}/.well-known/openid-configuration" />' + AUDIENCE,
        "sound",
    ),
    TokenCase(
        "external tenant",
        '<openid-config url="https://northwindshop.ciamlogin.com/'
        f'{TENANT}{META}" />' + claim("azp", "0b7d1c52"),
        "sound",
    ),
    TokenCase(
        "customers by user flow",
        '<openid-config url="https://northwindshop.b2clogin.com/northwindshop'
        '.onmicrosoft.com/b2c_1_signin/v2.0/.well-known/openid-configuration" />' + AUDIENCE,
        "sound",
    ),
    TokenCase("another issuer", IDP + AUDIENCE, "sound"),
    # -- keys --------------------------------------------------------------------------------------------
    TokenCase("neither metadata nor keys", AUDIENCE, "fail"),
    TokenCase("metadata without an address", "<openid-config />" + AUDIENCE, "fail"),
    TokenCase("metadata in clear text", IDP.replace("https:", "http:") + AUDIENCE, "fail"),
    TokenCase(
        "metadata of the host that the caller names",
        '<openid-config url="@("https://" + '
        'context.Request.Headers.GetValueOrDefault("X-Idp", "") + "/c")" />' + AUDIENCE,
        "fail",
    ),
    TokenCase(
        "metadata of the issuer that the token names",
        '<openid-config url="@(context.Request.Headers'
        '.GetValueOrDefault("Authorization", "").Substring(7).AsJwt().Issuer + "/c")" />' + AUDIENCE,
        "fail",
    ),
    TokenCase(
        "tenant of the metadata that the path names",
        f'<openid-config url="@("{HOST}" + context.Request.MatchedParameters["tenant"] + "{META}")" />'
        + AUDIENCE,
        "fail",
    ),
    TokenCase(
        "realm of the metadata that the path names",
        '<openid-config url="@("https://idp.example/" + context.Request.MatchedParameters["realm"])" />'
        + AUDIENCE,
        "review",
    ),
    TokenCase(
        "metadata chosen by the host",
        '<openid-config url="@(context.Request.OriginalUrl.Host == '
        '"a.example" ? "https://idp-a.example/c" : "https://idp-b.example/c")" />' + AUDIENCE,
        "unknown",
    ),
    TokenCase("public key and issuer", RSA + issuers("https://idp.example/") + AUDIENCE, "sound"),
    TokenCase("public key without issuer", RSA + AUDIENCE, "weak"),
    TokenCase("public key, iss required", RSA + AUDIENCE + claim("iss", "https://idp.example/"), "sound"),
    TokenCase(
        "symmetric key by a named value",
        "<issuer-signing-keys><key>{{k}}</key></issuer-signing-keys>" + issuers("i") + AUDIENCE,
        "weak",
    ),
    TokenCase(
        "symmetric key in the policy",
        "<issuer-signing-keys><key>bm90IGEgcmVhbCBrZXk=</key>"
        "</issuer-signing-keys>" + issuers("i") + AUDIENCE,
        "fail",
    ),
    TokenCase(
        "key that the caller sends",
        "<issuer-signing-keys><key>@(context.Request.Headers"
        '.GetValueOrDefault("X-Key", ""))</key></issuer-signing-keys>' + issuers("i") + AUDIENCE,
        "fail",
    ),
    TokenCase(
        "key without a value",
        '<issuer-signing-keys><key id="a" /></issuer-signing-keys>' + issuers("i") + AUDIENCE,
        "review",
    ),
    # -- attributes --------------------------------------------------------------------------------------
    TokenCase(
        "unsigned", OWN + AUDIENCE, "fail", 'header-name="Authorization" require-signed-tokens="False"'
    ),
    TokenCase(
        "unsigned by a named value",
        OWN + AUDIENCE,
        "fail",
        'header-name="Authorization" require-signed-tokens="{{signed}}"',
        named={"signed": "false"},
    ),
    TokenCase("no expiry", OWN + AUDIENCE, "fail", 'header-name="Authorization" require-expiration-time="0"'),
    TokenCase(
        "expiry by code",
        OWN + AUDIENCE,
        "unknown",
        'header-name="Authorization" require-expiration-time="@(context.Api.Id == "a")"',
    ),
    TokenCase(
        "skew of five minutes", OWN + AUDIENCE, "sound", 'header-name="Authorization" clock-skew="300"'
    ),
    TokenCase("skew of a day", OWN + AUDIENCE, "weak", 'header-name="Authorization" clock-skew="86400"'),
    TokenCase(
        "skew of an hour as a time span",
        OWN + AUDIENCE,
        "weak",
        'header-name="Authorization" clock-skew="01:00:00"',
    ),
    TokenCase("in the query string", OWN + AUDIENCE, "weak", 'query-parameter-name="access_token"'),
    TokenCase(
        "in the query string by code",
        OWN + AUDIENCE,
        "weak",
        'token-value="@(context.Request.Url.Query.GetValueOrDefault("token", ""))"',
    ),
    TokenCase("in a header of its own", OWN + AUDIENCE, "sound", 'header-name="X-Token"'),
    TokenCase(
        "scheme required", OWN + AUDIENCE, "sound", 'header-name="Authorization" require-scheme="Bearer"'
    ),
    TokenCase(
        "any of several roles", OWN + AUDIENCE + claim("roles", "Reader", "Admin", match="any"), "review"
    ),
    TokenCase("all of several roles", OWN + AUDIENCE + claim("roles", "Reader", "Admin"), "sound"),
    TokenCase("value of an example", OWN + AUDIENCE + claim("id", "insert claim here"), "review"),
    # -- validate-azure-ad-token -------------------------------------------------------------------------
    azure("audience and client", AUDIENCE + CLIENTS, "sound"),
    azure("audience alone", AUDIENCE, "sound"),
    azure("client alone", CLIENTS, "weak"),
    azure("neither", "", "fail"),
    azure("empty lists", "<client-application-ids /><audiences />", "fail"),
    azure("role alone", claim("roles", "Orders.Read"), "weak"),
    azure("group alone", claim("groups", "3d0f8a62"), "fail"),
    azure("aud required", claim("aud", "api://orders"), "sound"),
    azure("every organisation", AUDIENCE + CLIENTS, "fail", tenant="organizations"),
    azure("every organisation by its address", AUDIENCE + CLIENTS, "fail", tenant=f"{HOST}common"),
    azure(
        "every organisation, tid required", AUDIENCE + claim("tid", TENANT), "sound", tenant="organizations"
    ),
    azure(
        "tenant of a header",
        AUDIENCE,
        "fail",
        tenant='@(context.Request.Headers.GetValueOrDefault("X-Tenant", ""))',
    ),
    azure("tenant by a named value", AUDIENCE, "sound", tenant="{{tenant}}", named={"tenant": TENANT}),
    azure("tenant by a secret", AUDIENCE, "unknown", tenant="{{other}}"),
    azure("tenant's name", AUDIENCE, "sound", tenant="northwindtraders.onmicrosoft.com"),
    azure("in the query string", AUDIENCE, "weak", more='query-parameter-name="t"'),
)
