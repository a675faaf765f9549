"""Access and governance: one document where all is right; each single change flips what rests on it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.apim.roles import BROAD
from auditor.apim.scopes import covers
from auditor.model.inventory import Inventory, Resource
from auditor.model.values import Unresolved, escape, walk
from auditor.model.verdict import Severity, Status
from auditor.sources import read_paths
from controls import catalogue
from tests.judging import findings, status_of, with_body, without

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"
GROUP = f"{SUBSCRIPTION}/resourceGroups/contoso"
SERVICE = f"{GROUP}/providers/Microsoft.ApiManagement/service/contoso-apim"
VNET = "ef619a2c-cc4d-4d03-b2ba-8c94a834d85b"
ENDPOINTS = "df73bd95-24da-4a4f-96b9-4e8b94b402bd"
BENCHMARK = "1f3afdf9-d0c9-4c3d-847f-89da613e70a8"
CUSTOM = "11111111-1111-4111-8111-111111111111"
BY_ID = {check.id: check for check in catalogue().checks}
ROLES = "apim.pa-7.role-assignments"
ASSIGNED = "apim.am-2.policy-assigned"
STATES = "apim.ns-2.azure-policy-states"
BACKUP = "apim.br-1.native-backup"
KEYS = "apim.im-1.subscription-key-rotation"
LOCKBOX = "apim.pa-8.lockbox"
VAULT = "apim.dp-7.certificate-properties"
MINE = (ROLES, ASSIGNED, STATES, BACKUP, KEYS, LOCKBOX, VAULT)


def resource(resource_id: str, **properties: Any) -> dict[str, Any]:
    head, _, tail = resource_id.rpartition("/providers/")
    namespace, *path = tail.split("/")
    type_ = "/".join([namespace, *path[::2]])
    assert head or namespace
    return {"id": resource_id, "name": path[-1], "type": type_, "properties": properties}


def role(name: str, guid: str, on: str = SERVICE, kind: str = "User", **more: Any) -> dict[str, Any]:
    return resource(
        f"{on}/providers/Microsoft.Authorization/roleAssignments/{name}",
        roleDefinitionId=f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{guid}",
        principalId="22222222-2222-4222-8222-222222222222",
        principalType=kind,
        scope=on,
        **more,
    )


def state(definition: str, compliance: str) -> dict[str, Any]:
    return {
        "resourceId": SERVICE,
        "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{definition}",
        "policyAssignmentId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/benchmark",
        "complianceState": compliance,
        "timestamp": "2026-11-20T00:00:00Z",
    }


def event(name: str, at: str, operation: str, on: str = SERVICE) -> dict[str, Any]:
    return {
        "eventDataId": name,
        "eventTimestamp": at,
        "operationName": {"value": f"Microsoft.ApiManagement/service/{operation}/action"},
        "resourceId": on,
        "status": {"value": "Succeeded"},
        "caller": "operator@contoso.example",
    }


def right() -> dict[str, Any]:
    """Everything in order, by what each part is."""
    key = {"kty": "RSA", "key_size": 3072, "exportable": True}
    return {
        "service": {
            **resource(SERVICE, hostnameConfigurations=[], publisherEmail="api@contoso.example"),
            "location": "westeurope",
            "sku": {"name": "Premium", "capacity": 1},
        },
        "contributor": role("contributor", "312a565d-c81f-4fd8-895a-4e21e48d571c"),
        "custom": role("custom", CUSTOM, f"{SERVICE}/apis/orders", "ServicePrincipal"),
        "above": role("above", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", SUBSCRIPTION),
        "definition": resource(
            f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM}",
            roleName="orders",
            type="CustomRole",
            permissions=[{"actions": ["Microsoft.ApiManagement/service/apis/*"], "notActions": []}],
        ),
        "assignment": resource(
            f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/benchmark",
            policyDefinitionId=f"/providers/Microsoft.Authorization/policySetDefinitions/{BENCHMARK}",
            scope=SUBSCRIPTION,
            enforcementMode="Default",
            notScopes=[f"{GROUP}-2"],
        ),
        "states": {"value": [state(VNET, "Compliant"), state(ENDPOINTS, "Compliant")]},
        "backup": event("backup", "2026-11-20T03:00:00Z", "backup"),
        "subscription": resource(
            f"{SERVICE}/subscriptions/orders", scope=f"{SERVICE}/products/gold", state="active"
        ),
        "regenerated": event(
            "key",
            "2026-10-20T03:00:00Z",
            "subscriptions/regeneratePrimaryKey",
            f"{SERVICE}/subscriptions/orders",
        ),
        "lockbox": {
            "id": "/providers/Microsoft.CustomerLockbox/tenantOptedIn/33333333-3333-4333-8333-333333333333",
            "isOptedIn": True,
        },
        "certificate": resource(
            f"{SERVICE}/certificates/client",
            keyVault={"secretIdentifier": "https://contoso-kv.vault.azure.net/secrets/client"},
        ),
        "vault": {
            "id": "https://contoso-kv.vault.azure.net/certificates/client/0123456789abcdef0123456789abcdef",
            "attributes": {"enabled": True, "nbf": 1767225600, "exp": 1798761600},
            "policy": {
                "key_props": key,
                "x509_props": {"subject": "CN=client", "validity_months": 12},
                "issuer": {"name": "DigiCert"},
                "lifetime_actions": [
                    {"trigger": {"days_before_expiry": 30}, "action": {"action_type": "AutoRenew"}}
                ],
            },
        },
    }


def read(folder: Path, document: dict[str, Any], whole: bool = True) -> Inventory:
    path = folder / "all.json"
    path.write_text(json.dumps(list(document.values())), encoding="utf-8")
    reading = read_paths([str(path)], whole=whole)
    assert not reading.problems
    return reading.inventory


def judged(inventory: Inventory) -> dict[str, Status]:
    checks = [BY_ID[one] for one in MINE]
    found = findings(inventory, checks)
    return {one: status_of([f for f in found if f.check.id == one]) for one in MINE}


def put(part: str, pointer: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        document[part] = without(document[part], pointer, value)

    return change


def drop(part: str, pointer: str = "") -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        if pointer:
            document[part] = without(document[part], pointer)
        else:
            del document[part]

    return change


_ROLE = "/properties/roleDefinitionId"
_ROLES = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
_SETS = "/providers/Microsoft.Authorization/policySetDefinitions"
_KEY = "/policy/key_props/key_size"
FLIPS: list[tuple[str, Callable[[dict[str, Any]], None], dict[str, Status]]] = [
    *(
        (title, put("contributor", _ROLE, f"{_ROLES}/{guid}"), {ROLES: Status.FAIL})
        for guid, title in BROAD.items()
    ),
    (
        "a broad role in capitals",
        put("contributor", _ROLE, f"{_ROLES}/{next(iter(BROAD))}".upper()),
        {ROLES: Status.FAIL},
    ),
    (
        "the custom role writes all",
        put("definition", "/properties/permissions/0/actions", ["*"]),
        {ROLES: Status.FAIL},
    ),
    ("the role is not told", drop("contributor", _ROLE), {ROLES: Status.UNKNOWN}),
    (
        "what the custom role allows is not told",
        drop("definition", "/properties/permissions"),
        {ROLES: Status.UNKNOWN},
    ),
    ("nothing is assigned", drop("assignment"), {ASSIGNED: Status.FAIL}),
    (
        "the service is left out",
        put("assignment", "/properties/notScopes", [GROUP]),
        {ASSIGNED: Status.FAIL},
    ),
    (
        "another initiative",
        put("assignment", "/properties/policyDefinitionId", f"{_SETS}/other"),
        {ASSIGNED: Status.UNKNOWN},
    ),
    (
        "one state",
        put("states", "/value/1/complianceState", "NonCompliant"),
        {STATES: Status.FAIL},
    ),
    ("no states", drop("states"), {STATES: Status.UNKNOWN}),
    ("the backup is old", put("backup", "/eventTimestamp", "2026-11-01T00:00:00Z"), {BACKUP: Status.FAIL}),
    ("the backup failed", put("backup", "/status", {"value": "Failed"}), {BACKUP: Status.FAIL}),
    ("the backup began", put("backup", "/status", {"value": "Accepted"}), {BACKUP: Status.FAIL}),
    ("no backup", drop("backup"), {BACKUP: Status.FAIL}),
    ("the backup has no status", drop("backup", "/status"), {BACKUP: Status.UNKNOWN}),
    ("no key", drop("regenerated"), {KEYS: Status.MANUAL}),
    (
        "another key",
        put("regenerated", "/resourceId", f"{SERVICE}/subscriptions/orders2"),
        {KEYS: Status.MANUAL},
    ),
    ("not opted in", put("lockbox", "/isOptedIn", False), {LOCKBOX: Status.FAIL}),
    ("the tenant did not answer", drop("lockbox"), {LOCKBOX: Status.MANUAL}),
    ("a short key", put("vault", _KEY, 1024), {VAULT: Status.FAIL}),
    ("no key size", drop("vault", _KEY), {VAULT: Status.UNKNOWN}),
    ("a long life", put("vault", "/policy/x509_props/validity_months", 13), {VAULT: Status.FAIL}),
    ("no lifetime action", put("vault", "/policy/lifetime_actions", []), {VAULT: Status.FAIL}),
    ("self-signed", put("vault", "/policy/issuer/name", "Self"), {VAULT: Status.MANUAL}),
    ("the vault was not read", drop("vault"), {VAULT: Status.MANUAL}),
]


def test_everything_right_passes(tmp_path: Path) -> None:
    assert judged(read(tmp_path, right())) == dict.fromkeys(MINE, Status.PASS)


@pytest.mark.parametrize(("change", "flipped"), [row[1:] for row in FLIPS], ids=[row[0] for row in FLIPS])
def test_one_change_flips_what_rests_on_it(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], flipped: dict[str, Status]
) -> None:
    document = copy.deepcopy(right())
    change(document)
    assert judged(read(tmp_path, document)) == {**dict.fromkeys(MINE, Status.PASS), **flipped}


def test_without_the_listings_nothing_rests_on_absence(tmp_path: Path) -> None:
    """Not complete: what needs a whole list is unknown, what one good item settles still passes."""
    statuses = judged(read(tmp_path, right(), whole=False))
    assert statuses[ROLES] is Status.UNKNOWN
    assert statuses[ASSIGNED] is Status.PASS
    assert statuses[BACKUP] is Status.PASS


@pytest.mark.parametrize(
    ("at", "severity"),
    [
        ("2026-11-13T00:00:00Z", Severity.MEDIUM),
        ("2026-10-22T00:00:01Z", Severity.MEDIUM),
        ("2026-10-21T23:59:59Z", Severity.HIGH),
    ],
)
def test_an_expired_backup_weighs_more(tmp_path: Path, at: str, severity: Severity) -> None:
    document = right()
    document["backup"]["eventTimestamp"] = at
    (finding,) = findings(read(tmp_path, document), [BY_ID[BACKUP]])
    assert (finding.status, finding.severity) == (Status.FAIL, severity)


def test_members_outside_properties_grant_no_pass_when_deleted(tmp_path: Path) -> None:
    """What is not a resource has its members elsewhere: without any of them nothing newly passes."""
    for part, bad in (
        ("backup", put("backup", "/status", {"value": "Failed"})),
        ("lockbox", put("lockbox", "/isOptedIn", False)),
    ):
        document = right()
        bad(document)
        inventory = read(tmp_path, document)
        before = judged(inventory)
        for found in list(inventory.by_key.values()):
            if "properties" in found.body:
                continue
            for name in found.body:
                changed = with_body(inventory, found, without(found.body, f"/{escape(name)}"))
                after = judged(changed)
                gained = [one for one in MINE if after[one] is Status.PASS and before[one] is not Status.PASS]
                assert gained == [], (part, found.id, name)


def test_what_a_pass_rests_on_takes_it_along(tmp_path: Path) -> None:
    inventory = read(tmp_path, right())
    rested: list[tuple[str, Resource, str]] = [
        (finding.check.id, entry.resource, entry.pointer)
        for finding in findings(inventory, [BY_ID[one] for one in MINE])
        for entry in finding.evidence
        if entry.default is None and entry.pointer and not entry.pointer.startswith("#")
    ]
    assert {check for check, _, _ in rested} == set(MINE)
    for check, owner, pointer in rested:
        body = without(owner.body, pointer, Unresolved("obscured"))
        changed = with_body(inventory, inventory.by_key[owner.key], body)
        (finding,) = findings(changed, [BY_ID[check]])
        cited = any((e.resource.key, e.pointer) == (owner.key, pointer) for e in finding.evidence)
        assert finding.status is not Status.PASS or not cited, (check, owner.id, pointer)


def test_nobody_is_named(tmp_path: Path) -> None:
    document = right()
    document["contributor"] = {
        **{k: v for k, v in role("a", next(iter(BROAD))).items() if k != "properties"},
        **role("a", next(iter(BROAD)))["properties"],
        "principalName": "someone@contoso.example",
        "description": "for someone@contoso.example",
    }
    document["classic"] = {
        "id": "NA(classic admins)",
        "name": "NA(classic admin role)",
        "principalName": "someone@contoso.example",
        "roleDefinitionName": "CoAdministrator",
        "scope": SUBSCRIPTION,
    }
    inventory = read(tmp_path, document)
    for found in inventory.by_key.values():
        texts = [str(value) for _, value in walk(found.body) if isinstance(value, str)]
        assert not any("someone" in text or "operator" in text for text in texts), found.id
    (finding,) = findings(inventory, [BY_ID[ROLES]])
    assert finding.details is not None
    assert finding.details["classic_administrators"] == 1


# -- scopes ----------------------------------------------------------------------------------------------

SEGMENTS = st.text(st.sampled_from("abAB01-_."), min_size=1, max_size=4)


@settings(max_examples=200, deadline=None)
@given(st.lists(SEGMENTS, min_size=1, max_size=6), st.lists(SEGMENTS, max_size=4))
def test_a_scope_holds_what_its_id_goes_through(above: list[str], below: list[str]) -> None:
    scope = "/" + "/".join(above)
    inner = "/".join([scope, *below])
    assert covers(scope, inner)
    assert covers(scope.upper() + "/", inner.lower())
    assert covers(inner, scope) is (not below)


@settings(max_examples=200, deadline=None)
@given(st.lists(SEGMENTS, min_size=1, max_size=6), SEGMENTS)
def test_a_longer_name_is_another_scope(above: list[str], more: str) -> None:
    scope = "/" + "/".join(above)
    assert not covers(scope, scope + more)
    assert not covers(scope, f"{scope}{more}/below")
    assert not covers(f"{scope}{more}", scope)
