"""Our verdicts beside those of the built-in definitions: alike, or a documented reason says why not.

The definitions are not part of the project; they lie in `azure-policy` beside the folder of real inputs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from auditor.model.inventory import Inventory
from auditor.model.verdict import Status
from auditor.sources import read_paths
from controls import catalogue
from controls.azure_policy import BUILT_INS, NEIGHBOURS, built_in
from controls.azure_policy_differences import DIFFERENCES
from tests.auditing import SCHEMA
from tests.azure_policy.comparing import Judged, Pair, pairs
from tests.azure_policy.definitions import Definition, definitions_in
from tests.azure_policy.reasons import PREDICATES, explained
from tests.conftest import FIXTURES, corpus_path
from tests.test_corpus import manifest

ALL = (*BUILT_INS, *NEIGHBOURS)
KINDS = frozenset(
    {"arm-template", "arm-template-symbolic", "arm-resource-dump", "derived-rest-get", "derived-az-cli"}
    | {"rest-response-fixture", "rest-spec-example"}
)


def published() -> Path:
    """The folder of the published definitions."""
    corpus = corpus_path()
    folder = corpus.parent / "azure-policy" if corpus is not None else None
    if folder is None or not folder.is_dir():
        pytest.skip("no definitions of Azure Policy here: set AUDITOR_CORPUS to a folder beside theirs")
    return folder


@cache
def definitions() -> dict[str, Definition]:
    return definitions_in(published() / "apim")


def compared(inventory: Inventory) -> Iterator[Pair]:
    judged = Judged(inventory)
    for each in ALL:
        if each.checks:
            yield from pairs(each, definitions()[each.id], judged)


@cache
def of_fixtures() -> tuple[Pair, ...]:
    found: list[Pair] = []
    for path in sorted((FIXTURES / "controls").rglob("*.json")):
        found += compared(read_paths([str(path)], whole=path.stem.endswith("-complete")).inventory)
    return tuple(found)


@cache
def of_corpus() -> tuple[Pair, ...]:
    root, found = corpus_path(), list[Pair]()
    assert root is not None
    for name in manifest(KINDS):
        found += compared(read_paths([str(root / name)]).inventory)
    return tuple(found)


def unexplained(found: tuple[Pair, ...]) -> list[str]:
    return [str(pair) for pair in found if not pair.agree and not explained(pair)]


# -- documents that show one reason each ---------------------------------------------------------------

TURNED = {Status.PASS: Status.FAIL, Status.FAIL: Status.PASS}
SERVICE = "Microsoft.ApiManagement/service"
PARAMETERS = {"open": {"type": "string"}, "deployed": {"type": "bool"}}


def resource(type_: str, name: str, properties: Any, **others: Any) -> dict[str, Any]:
    return {
        "type": f"{SERVICE}{type_}",
        "apiVersion": "2024-05-01",
        "name": f"contoso{name}",
        "properties": properties,
        **others,
    }


def service(tier: str = "Premium", **properties: Any) -> dict[str, Any]:
    return resource("", "", properties, sku={"name": tier, "capacity": 1}, location="westeurope")


def policy(on: str, name: str, inbound: str, comment: str = "") -> dict[str, Any]:
    sections = "".join(f"<{each}><base/></{each}>" for each in ("backend", "outbound", "on-error"))
    text = f"{comment}<policies><inbound>{inbound}</inbound>{sections}</policies>"
    return resource(f"{on}/policies", f"{name}/policy", {"value": text, "format": "rawxml"})


BAD_CHILDREN = (
    resource("/apis", "/orders", {"path": "orders", "protocols": ["http"]}),
    resource(
        "/backends",
        "/orders",
        {"url": "https://o.example", "protocol": "http", "tls": {"validateCertificateChain": False}},
    ),
    resource("/namedValues", "/token", {"displayName": "token", "secret": True, "value": "x"}),
    resource("/subscriptions", "/all", {"displayName": "all", "scope": "/apis", "state": "active"}),
    resource("/portalconfigs", "/default", {"enableBasicAuth": True}),
    resource("/tenant", "/access", {"enabled": True}),
    resource("/tenant", "/gitAccess", {"enabled": True}),
)
OPEN_CHILDREN = (
    resource("/apis", "/orders", {"path": "orders", "protocols": "[parameters('open')]"}),
    resource(
        "/backends",
        "/orders",
        {
            "url": "https://o.example",
            "protocol": "http",
            "tls": "[parameters('open')]",
            "credentials": "[parameters('open')]",
        },
    ),
    resource(
        "/namedValues", "/token", {"displayName": "token", "secret": "[parameters('open')]", "value": "x"}
    ),
    resource(
        "/subscriptions", "/all", {"displayName": "all", "scope": "/apis", "state": "[parameters('open')]"}
    ),
    resource("/portalconfigs", "/default", {"enableBasicAuth": "[parameters('open')]"}),
    resource("/tenant", "/access", {"enabled": "[parameters('open')]"}),
    resource("/tenant", "/gitAccess", {"enabled": "[parameters('open')]"}),
)
EMPTY_CHILDREN = tuple({**each, "properties": {}} for each in BAD_CHILDREN)
JWT = (
    '<validate-jwt header-name="Authorization"><openid-config url="https://login.example/c" /></validate-jwt>'
)
DOCUMENTS: dict[str, list[dict[str, Any]]] = {
    "under a condition": [
        {**each, "condition": "[parameters('deployed')]"} for each in (service(), *BAD_CHILDREN)
    ],
    "left open": [
        service(virtualNetworkType="[parameters('open')]", platformVersion="[parameters('open')]"),
        *OPEN_CHILDREN,
    ],
    "empty": [service(), *EMPTY_CHILDREN],
    "of a tier that has no portal and no tenant settings": [service("Consumption"), *BAD_CHILDREN],
    "of a tier of tomorrow": [service("PremiumV3"), *BAD_CHILDREN],
    "scope with a slash": [
        service(),
        resource("/subscriptions", "/all", {"scope": "/apis/", "state": "active"}),
    ],
    "an API called apis": [
        service(),
        resource("/subscriptions", "/one", {"scope": "/apis/apis", "state": "active"}),
    ],
    "base in a comment": [
        service(),
        policy("", "", JWT),
        resource("/apis", "/orders", {"path": "orders", "protocols": ["https"]}),
        policy("/apis", "/orders", "", "<!-- <inbound><base/></inbound> -->"),
    ],
}


def of_document(folder: Path, name: str) -> tuple[Pair, ...]:
    template = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": PARAMETERS,
        "resources": DOCUMENTS[name],
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(template), "utf-8")
    return tuple(compared(read_paths([str(path)], whole=name == "base in a comment").inventory))


# -- the comparison ------------------------------------------------------------------------------------


def test_disagreements_on_real_inputs_are_the_explained_ones(corpus: Path) -> None:
    published()
    assert unexplained(of_corpus()) == []
    agreed = Counter(pair.ours for pair in of_corpus() if pair.agree)
    assert agreed[Status.PASS] > 100
    assert agreed[Status.FAIL] > 400


def test_disagreements_on_fixtures_are_the_explained_ones() -> None:
    published()
    assert unexplained(of_fixtures()) == []
    agreed = Counter(pair.ours for pair in of_fixtures() if pair.agree)
    assert agreed[Status.PASS] > 1000
    assert agreed[Status.FAIL] > 1000


@pytest.mark.parametrize(
    ("document", "definition", "reason"),
    [
        ("under a condition", "ee7495e7", "conditional"),
        ("under a condition", "df73bd95", "conditional"),
        ("left open", "73ef9241", "left-open"),
        ("empty", "b741306c", "not-shown"),
        ("empty", "ee7495e7", "not-shown"),
        ("of a tier that has no portal and no tenant settings", "b741306c", "tier-cannot"),
        ("of a tier that has no portal and no tenant settings", "ffe25541", "tier-cannot"),
        ("of a tier of tomorrow", "ef619a2c", "left-open"),
        ("scope with a slash", "3aa03346", "scope-spelling"),
        ("an API called apis", "3aa03346", "scope-spelling"),
        ("base in a comment", "d5448c98", "fooled-by-text"),
    ],
)
def test_a_document_for_a_reason(tmp_path: Path, document: str, definition: str, reason: str) -> None:
    published()
    found = of_document(tmp_path, document)
    assert unexplained(found) == []
    told = {explained(pair) for pair in found if pair.built_in.id.startswith(definition) and not pair.agree}
    assert reason in told


def test_every_reason_that_is_listed_occurs(corpus: Path, tmp_path: Path) -> None:
    published()
    found = [
        *of_corpus(),
        *of_fixtures(),
        *(pair for name in DOCUMENTS for pair in of_document(tmp_path, name)),
    ]
    occurring: dict[str, set[str]] = {}
    for pair in found:
        if not pair.agree:
            occurring.setdefault(pair.built_in.id, set()).add(explained(pair))
    assert {each.id: set(each.differs) for each in ALL if each.differs} == occurring


def test_a_wrong_verdict_of_ours_would_not_be_explained(corpus: Path) -> None:
    """Turn every pass and fail that Azure Policy agrees with into the other: no reason may cover for it.

    The one that may is a policy that signs in to a backend, as its predicate does not follow the paths.
    """
    published()
    turned, covered = 0, Counter[str]()
    for pair in (*of_corpus(), *of_fixtures()):
        if pair.agree and pair.ours in TURNED:
            wrong = tuple(replace(each, status=TURNED[pair.ours]) for each in pair.findings)
            turned += 1
            covered[explained(replace(pair, findings=wrong))] += 1
    assert turned > 2000
    assert set(covered) <= {"", "policies-sign-in"}
    assert covered["policies-sign-in"] <= 3


# -- the table -----------------------------------------------------------------------------------------


def test_the_table_holds_the_category_as_it_was_published() -> None:
    category = {each.id for each in definitions().values() if each.category == "API Management"}
    assert {each.id for each in BUILT_INS} == category
    assert len(BUILT_INS) == 15
    for each in ALL:
        given = definitions()[each.id]
        assert (each.name, each.version) == (given.title, given.version)


@pytest.mark.parametrize("initiative", ["AzureSecurityCenter", "MCSBv2"])
def test_the_benchmark_files_them_as_the_table_says(initiative: str) -> None:
    text = (published() / "initiatives" / f"{initiative}.json").read_text("utf-8-sig")
    groups: dict[str, set[str]] = {}
    for reference in json.loads(text)["properties"]["policyDefinitions"]:
        name = reference["policyDefinitionId"].rpartition("/")[2]
        groups.setdefault(name, set()).update(
            group.rpartition("_")[2] for group in reference.get("groupNames", ()) if "Benchmark_v3" in group
        )
    assert {each.id: set(each.benchmark) for each in ALL} == {
        each.id: groups.get(each.id, set()) for each in ALL
    }


def test_every_check_and_every_reason_of_the_table_is_there() -> None:
    known = {check.id for check in catalogue().checks}
    assert {check for each in ALL for check in each.checks} <= known
    assert {reason for each in ALL for reason in each.differs} == set(DIFFERENCES) == set(PREDICATES)
    assert len({each.id for each in ALL}) == len(ALL)


def test_our_checks_say_where_the_benchmark_files_what_they_share() -> None:
    """A control that the initiative names is the home of one of the checks, or listed by one of them."""
    named = {
        check.id: {check.control, *(each.partition(":")[0] for each in check.also), *check.filed}
        for check in catalogue().checks
    }
    missing = [
        (each.name, control)
        for each in ALL
        for control in each.benchmark
        if each.checks and not any(control in named[check] for check in each.checks)
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (
            "/providers/Microsoft.Authorization/policyDefinitions/EF619A2C-CC4D-4D03-B2BA-8C94A834D85B",
            "ef619a2c",
        ),
        ("187242f4-89c6-4c43-9a4e-188c0efacc5f", "187242f4"),
        (
            "/providers/Microsoft.Authorization/policyDefinitions/ef619a2c-cc4d-4d03-b2ba-8c94a834d85b/",
            "ef619a2c",
        ),
        ("ef619a2c", ""),
        ("", ""),
    ],
)
def test_a_definition_is_found_by_its_id(given: str, found: str) -> None:
    row = built_in(given)
    assert ("" if row is None else row.id[:8]) == found
