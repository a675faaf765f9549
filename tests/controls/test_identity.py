"""Identity and privileged access: the change that a failure asks for turns it, and the traps of the facts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.engine import Finding
from auditor.model.inventory import Inventory
from auditor.model.verdict import Severity, Status
from auditor.sources import read_paths
from controls import catalogue
from tests.conftest import FIXTURES
from tests.judging import findings, inventory_of, status_of, with_body

BY_ID = {check.id: check for check in catalogue().checks}


def judged(inventory: Inventory, check_id: str) -> list[Finding]:
    return findings(inventory, [BY_ID[check_id]])


def fixture(check_id: str, name: str) -> Inventory:
    _, control, slug = check_id.split(".")
    return inventory_of(FIXTURES / "controls" / control / slug / f"{name}.json")


def changed(inventory: Inventory, tail: str, member: str, **properties: Any) -> Inventory:
    """The same inventory with members of one resource's ``properties`` (or another object) set."""
    resource = next(r for r in inventory.by_key.values() if r.key.endswith(tail.lower()))
    return with_body(
        inventory, resource, {**resource.body, member: {**resource.body.get(member, {}), **properties}}
    )


ENTRA = {"clientLibrary": "MSAL-2", "allowedTenants": ["contoso.onmicrosoft.com"]}
REMEDIES = [
    ("apim.im-1.portal-entra-id", "fail--retired-adal", "/identityproviders/aad", ENTRA),
    (
        "apim.im-1.portal-entra-id",
        "fail--no-tenant-named-whatever-the-library",
        "/identityproviders/aad",
        ENTRA,
    ),
    ("apim.im-1.portal-entra-id", "fail--common-in-place-of-a-tenant", "/identityproviders/aad", ENTRA),
    (
        "apim.im-1.oauth-server",
        "fail--implicit-grant",
        "/authorizationservers/entra",
        {"grantTypes": ["authorizationCode"]},
    ),
    (
        "apim.im-1.oauth-server",
        "fail--plain-http-token-endpoint",
        "/authorizationservers/entra",
        {"tokenEndpoint": "https://login.contoso.example/token"},
    ),
    ("apim.im-1.portal-basic-auth", "fail--on", "/portalconfigs/default", {"enableBasicAuth": False}),
    (
        "apim.im-1.portal-basic-auth",
        "fail--absent-means-on",
        "/portalconfigs/default",
        {"enableBasicAuth": False},
    ),
    ("apim.im-1.portal-sign-up", "fail--on", "/portalsettings/signup", {"enabled": False}),
    ("apim.im-1.portal-sign-in", "fail--anonymous-may-browse", "/portalsettings/signin", {"enabled": True}),
    (
        "apim.im-1.portal-sign-in",
        "fail--v2-without-requirement",
        "/portalconfigs/default",
        {"signin": {"require": True}},
    ),
    ("apim.im-1.user-inventory", "fail--owner-blocked", "/subscriptions/gold", {"state": "cancelled"}),
    (
        "apim.im-1.product-subscription",
        "fail--open-product",
        "/products/gold",
        {"subscriptionRequired": True},
    ),
    (
        "apim.im-1.product-subscription",
        "fail--open-product-opens-an-api-with-key",
        "/products/gold",
        {"subscriptionRequired": True},
    ),
    (
        "apim.im-5.delegation",
        "fail--delegated-over-http",
        "/portalsettings/delegation",
        {"url": "https://a.example"},
    ),
    ("apim.pa-1.direct-management", "fail--on", "/tenant/access", {"enabled": False}),
    ("apim.pa-7.subscription-tracing", "fail--on", "/subscriptions/gold", {"allowTracing": False}),
]


@pytest.mark.parametrize(("check_id", "name", "resource", "change"), REMEDIES)
def test_the_fix_turns_the_failure(check_id: str, name: str, resource: str, change: dict[str, Any]) -> None:
    before = fixture(check_id, name)
    assert status_of(judged(before, check_id)) is Status.FAIL
    after = changed(before, resource, "properties", **change)
    assert status_of(judged(after, check_id)) is Status.PASS


def test_cancelling_ends_what_an_all_apis_subscription_opens() -> None:
    check_id = "apim.pa-7.all-apis-subscription"
    before = fixture(check_id, "fail--active-over-all-apis")
    after = changed(before, "/subscriptions/everything", "properties", state="cancelled")
    assert {f.status for f in judged(after, check_id)} == {Status.PASS, Status.NOT_APPLICABLE}


def test_narrowing_turns_an_all_apis_subscription() -> None:
    check_id = "apim.pa-7.all-apis-subscription"
    before = fixture(check_id, "fail--short-scope-in-template")
    after = changed(before, "/subscriptions/everything", "properties", scope="/products/orders")
    assert status_of(judged(after, check_id)) is Status.PASS


def test_an_identity_with_a_vault_reference_passes() -> None:
    check_id = "apim.im-3.managed-identity"
    before = fixture(check_id, "fail--type-none")
    after = changed(before, "/service/contoso", "identity", type="SystemAssigned, UserAssigned")
    assert status_of(judged(after, check_id)) is Status.PASS


def test_blocking_the_accounts_turns_local_users() -> None:
    check_id = "apim.im-1.local-users"
    inventory = fixture(check_id, "fail--two-accounts-with-passwords")
    inventory = changed(inventory, "/users/(account 1)", "properties", state="blocked")
    assert status_of(judged(inventory, check_id)) is Status.FAIL
    inventory = changed(inventory, "/users/(account 2)", "properties", state="blocked")
    assert status_of(judged(inventory, check_id)) is Status.PASS


def test_accounts_are_counted_and_never_named() -> None:
    (finding,) = judged(
        fixture("apim.im-1.local-users", "fail--two-accounts-with-passwords"), "apim.im-1.local-users"
    )
    assert finding.message.startswith("2 active accounts sign in")
    assert "oldest registered 1460 days ago" in finding.message
    shown = finding.message + "".join(str(entry.value) for entry in finding.evidence)
    for name in ("u2@", "Given", "Family"):
        assert name not in shown


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("fail--open-product", Severity.MEDIUM),
        ("fail--open-product-opens-an-api-with-key", Severity.HIGH),
        ("fail--open-product-linked-to-an-api-with-key", Severity.HIGH),
    ],
)
def test_an_open_product_is_worse_where_it_opens_an_api_with_a_key(name: str, severity: Severity) -> None:
    check_id = "apim.im-1.product-subscription"
    (finding,) = judged(fixture(check_id, name), check_id)
    assert finding.severity is severity


def test_what_an_open_product_holds_lowers_the_severity_only_where_it_is_not_known() -> None:
    check_id = "apim.im-1.product-subscription"
    inventory = fixture(check_id, "fail--open-product-opens-an-api-with-key")
    inventory = changed(inventory, "/service/contoso/apis/orders", "properties", subscriptionRequired=None)
    (finding,) = judged(inventory, check_id)
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.MEDIUM)


def test_an_open_product_of_apis_without_key_is_medium() -> None:
    check_id = "apim.im-1.product-subscription"
    inventory = fixture(check_id, "fail--open-product-opens-an-api-with-key")
    inventory = changed(inventory, "/service/contoso/apis/orders", "properties", subscriptionRequired=False)
    inventory = changed(inventory, "/products/gold/apis/orders", "properties", subscriptionRequired=False)
    (finding,) = judged(inventory, check_id)
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.MEDIUM)


SERVICE_ID = "/subscriptions/0/resourceGroups/contoso/providers/Microsoft.ApiManagement/service/contoso"


@pytest.mark.parametrize(
    ("scope", "all_apis", "all_access"),
    [
        (f"{SERVICE_ID}/", Status.NOT_APPLICABLE, Status.FAIL),
        (SERVICE_ID, Status.NOT_APPLICABLE, Status.FAIL),
        ("/", Status.NOT_APPLICABLE, Status.FAIL),
        (f"{SERVICE_ID}/apis", Status.FAIL, Status.NOT_APPLICABLE),
        (f"{SERVICE_ID}/APIs/", Status.FAIL, Status.NOT_APPLICABLE),
        ("/apis", Status.FAIL, Status.NOT_APPLICABLE),
        ("/apis/apis", Status.PASS, Status.NOT_APPLICABLE),
        (f"{SERVICE_ID[:-7]}apis/apis", Status.FAIL, Status.NOT_APPLICABLE),
        (f"{SERVICE_ID}/apis/orders;rev=2", Status.PASS, Status.NOT_APPLICABLE),
        (f"{SERVICE_ID}/products/apis-gold", Status.PASS, Status.NOT_APPLICABLE),
        (f"{SERVICE_ID}/workspaces/team/apis", Status.FAIL, Status.NOT_APPLICABLE),
        (f"{SERVICE_ID}/workspaces/team", Status.UNKNOWN, Status.UNKNOWN),
        ("/tomorrow/orders", Status.UNKNOWN, Status.UNKNOWN),
    ],
)
def test_scopes(scope: str, all_apis: Status, all_access: Status) -> None:
    inventory = fixture("apim.pa-7.all-apis-subscription", "fail--short-scope-in-template")
    inventory = changed(inventory, "/subscriptions/everything", "properties", scope=scope)
    assert status_of(judged(inventory, "apim.pa-7.all-apis-subscription")) is all_apis
    assert status_of(judged(inventory, "apim.pa-7.all-access-subscription")) is all_access


def test_a_whole_input_without_the_setting_grants_nothing(tmp_path: Path) -> None:
    """Each setting exists on every service, so that a file does not mention it says nothing about it."""
    source = (
        FIXTURES / "controls" / "im-1" / "portal-sign-up" / "unknown--template-declares-only-sign-in.json"
    )
    inventory = read_paths([str(source)], whole=True).inventory
    for check_id in (
        "apim.im-1.portal-sign-up",
        "apim.im-1.portal-basic-auth",
        "apim.pa-1.direct-management",
    ):
        assert status_of(judged(inventory, check_id)) is Status.UNKNOWN


def test_a_failure_is_not_hidden_by_what_else_is_unresolved() -> None:
    check_id = "apim.im-1.oauth-server"
    (finding,) = judged(fixture(check_id, "fail--password-grant-beside-an-unresolved-endpoint"), check_id)
    assert "resourceOwnerPassword" in finding.message
