"""Large audits: what is kept from one service to the next, what is let go, and how reports are written."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import auditor.audit
from auditor.apim import libraries
from auditor.apim.chains import Chains
from auditor.apim.policy.compose import Composer
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.scopes import Library, Missing, NamedText, Secret
from auditor.apim.policy.sheets import Sheet
from auditor.apim.policy.tree import Document, Element
from auditor.apim.written import Written
from auditor.assembly import audit_service, plan
from auditor.caveats import Stored
from auditor.cli.written import write_text
from auditor.model.inventory import Resource
from auditor.model.knowledge import Audit
from auditor.model.results import FindingJson, Results
from auditor.packed import PackedServices
from auditor.sources import read_paths
from controls import catalogue
from reports import FORMATS, pieces, render
from reports.terminal import show
from tests.auditing import audited, declared, template
from tests.conftest import NOW
from tests.judging import decide, totals
from tests.reports.sample import sample

MODELS = (Chains, Composer, Document, Element, Library, Prover, Sheet, Written)
POLICY = """<policies><inbound><base/>
<set-header name="Authorization" exists-action="override"><value>{{key}}</value></set-header>
<set-header name="x-%s" exists-action="override"><value>@(context.RequestId.ToString())</value></set-header>
</inbound><backend><base/></backend><outbound><base/></outbound><on-error><base/></on-error></policies>"""


def row(service: str, collection: str, name: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": f"Microsoft.ApiManagement/service/{collection}",
        "apiVersion": "2024-05-01",
        "name": f"{service}/{name}",
        "properties": properties,
    }


def estate(*services: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    """Services with an API, the words that tell its policy from others, and a named value."""
    rows = []
    for name, words, key in services:
        value = {"format": "rawxml", "value": POLICY % words}
        rows += [
            declared(name=name),
            row(name, "apis", "orders", path="orders", protocols=["https"], serviceUrl="https://b"),
            row(name, "apis/operations", "orders/get", method="GET", urlTemplate="/"),
            row(name, "apis/policies", "orders/policy", **value),
            row(name, "apis/operations/policies", "orders/get/policy", **value),
            row(name, "policies", "policy", **value),
            row(name, "namedValues", "key", displayName="key", **key),
        ]
    return template(*rows)


SECRET = {"secret": True, "value": "s3cr3t-9f8a7b6c5d4e"}
PLAIN = {"secret": False, "value": "plain"}
VAULT = {"secret": True, "keyVault": {"secretIdentifier": "https://v.vault.azure.net/secrets/k"}}


def stored(results: Results) -> dict[str, str]:
    return {service["name"]: json.dumps(service) for service in results["services"]}


def alive() -> dict[str, int]:
    return {kind.__name__: sum(type(one) is kind for one in gc.get_objects()) for kind in MODELS}


# -- what is kept, and what is let go --------------------------------------------------------------------


def test_the_models_of_a_service_are_let_go_without_a_collector(tmp_path: Path) -> None:
    path = tmp_path / "estate.json"
    path.write_text(json.dumps(estate(("one", "a", SECRET), ("two", "b", PLAIN))), encoding="utf-8")
    inventory = read_paths([str(path)]).inventory
    audit = Audit(inventory, catalogue().knowledge, NOW)
    most: dict[str, int] = dict.fromkeys(alive(), 0)

    last = catalogue().checks[-1].id

    def look(_: Resource, rows: list[FindingJson]) -> None:
        if rows[0]["check"] != last:
            return
        most.update({name: max(count, most[name]) for name, count in alive().items()})

    audit_service(plan(catalogue()), audit, inventory.services[0])  # imports make some of their own
    audit.kept.clear()
    gc.collect()
    before = alive()
    gc.disable()
    try:
        for service in inventory.services:
            audit_service(plan(catalogue()), audit, service, look)
            assert not audit.memo
        assert all(most[name] > before[name] for name in ("Prover", "Document", "Chains", "Written"))
        audit.kept.clear()
        assert alive() == before
    finally:
        gc.enable()


def test_a_memo_is_cleared_when_judging_breaks(tmp_path: Path) -> None:
    path = tmp_path / "estate.json"
    path.write_text(json.dumps(estate(("one", "a", SECRET))), encoding="utf-8")
    inventory = read_paths([str(path)]).inventory
    audit = Audit(inventory, catalogue().knowledge, NOW)

    def broken(_: Resource, __: list[FindingJson]) -> None:
        audit.memo["a", "b", "c"] = 1
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        audit_service(plan(catalogue()), audit, inventory.services[0], broken)
    assert not audit.memo


@pytest.mark.parametrize(("most", "longest"), [(1, 20_000), (1000, 0)])
def test_what_is_kept_changes_no_result(
    most: int, longest: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = estate(
        ("one", "a", SECRET),
        ("two", "a", SECRET),
        ("three", "b", PLAIN),
        ("four", "a", PLAIN),
        ("five", "b", VAULT),
    )
    usual = stored(audited(tmp_path, documents))
    monkeypatch.setattr(libraries, "_MOST_KEPT", most)
    monkeypatch.setattr(libraries, "_LONGEST_KEPT", longest)
    assert stored(audited(tmp_path, documents)) == usual


def test_a_service_is_judged_among_copies_as_it_is_alone(tmp_path: Path) -> None:
    """One text under other named values is another policy."""
    services = [("one", "a", SECRET), ("two", "a", PLAIN), ("three", "a", VAULT), ("four", "a", SECRET)]
    together = stored(audited(tmp_path, estate(*services)))
    for each in services:
        alone = stored(audited(tmp_path, estate(each)))[each[0]]
        assert without_places(together[each[0]]) == without_places(alone)
    weights = [judged(together[name], "apim.im-8.credential-named-values") for name, _, _ in services]
    assert weights[0] == weights[3]
    assert len({str(each) for each in weights}) == 3


def without_places(service: str) -> Any:
    """A stored service without the lines and pointers of the file, which hold other services too."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(each) for key, each in value.items() if key != "origin"}
        return [strip(each) for each in value] if isinstance(value, list) else value

    return strip(json.loads(service))


def judged(service: str, check: str) -> list[str]:
    """What a check says, by status and severity."""
    return sorted(
        f"{finding['status']} {finding['severity']}"
        for control in json.loads(service)["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        if finding["check"] == check
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"named_values": {"key": Missing()}},
        {"named_values": {"key": Secret(vault=True)}},
        {"fragments": {"f": Document(())}},
        {"backends": {"b": ("https://other",)}},
        {"whole": False},
        {"complete": True},
        {"in_workspace": True},
    ],
)
def test_libraries_are_equal_only_if_they_say_the_same(changed: dict[str, Any]) -> None:
    named: dict[str, NamedText] = {"key": Secret()}
    usual: dict[str, Any] = {"named_values": named, "backends": {"b": ("https://b",)}}
    same = libraries.Contents(Library(**usual))
    assert same == libraries.Contents(Library(**usual))
    assert hash(same) == hash(libraries.Contents(Library(**usual)))
    assert same != libraries.Contents(Library(**{**usual, **changed}))
    fields = set(Library.__dataclass_fields__)
    assert fields == {"fragments", "named_values", "whole", "backends", "complete", "in_workspace"}


# -- packed ------------------------------------------------------------------------------------------------


def test_packed_services_are_those_that_were_added() -> None:
    services = sample(3)["services"]
    packed = PackedServices(services)
    assert [*packed] == services == [packed[at] for at in range(len(packed))]
    assert packed[1:] == services[1:]
    assert packed[-1] == services[-1]
    assert not PackedServices()
    with pytest.raises(IndexError):
        packed[3]
    services[0]["controls"].clear()
    assert packed[0]["controls"], "what was added is not changed from outside"


@pytest.mark.parametrize("name", FORMATS)
def test_reports_of_packed_services_are_the_same(name: str) -> None:
    results = sample(3)
    usual = render(name, results)
    assert render(name, {**results, "services": PackedServices(results["services"])}) == usual


def test_the_terminal_shows_packed_services_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    results = sample(3)
    show(results)
    usual = capsys.readouterr().out
    show({**results, "services": PackedServices(results["services"])})
    assert capsys.readouterr().out == usual
    assert "Failed" in usual


@pytest.mark.parametrize("many", [1, 64])
def test_a_large_estate_is_decided_as_a_small_one(
    many: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditor.audit, "MANY", many)
    results = audited(tmp_path, estate(("one", "a", SECRET), ("two", "b", PLAIN)))
    assert isinstance(results["services"], PackedServices) is (many == 1)
    counts, by_source, judged = totals(results["services"])
    assert results["summary"]["counts"] == counts
    assert results["summary"]["totals"] == by_source
    assert results["summary"]["judged"] == judged
    assert results["summary"]["gate"] == decide(results["services"], "low", frozenset())


def test_beside_an_earlier_result_services_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Findings are looked up by identity there."""
    documents = estate(("one", "a", SECRET), ("two", "b", PLAIN))
    path = tmp_path / "estate.json"
    path.write_text(json.dumps(documents), encoding="utf-8")
    inventory = read_paths([str(path)]).inventory
    span = auditor.audit.Span(NOW, NOW)
    earlier = auditor.audit.audit(inventory, catalogue(), auditor.audit.Options(NOW), span)
    monkeypatch.setattr(auditor.audit, "MANY", 1)
    options = auditor.audit.Options(NOW, against=Stored("old.json", earlier))
    results = auditor.audit.audit(inventory, catalogue(), options, span)
    told = results["summary"]["gate"]["against"]
    assert (told["new"], told["undecided_anew"]) == (0, 0)
    assert told["known"] > 0


# -- writing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("services", [0, 1, 3])
def test_pieces_make_the_whole(name: str, services: int) -> None:
    results = sample(max(services, 1))
    if not services:
        results["services"], results["withheld"] = [], []
    assert "".join(pieces(name, results)) == render(name, results)


@pytest.mark.parametrize("name", ["json", "csv", "oscal"])
def test_what_grows_with_the_estate_comes_in_small_pieces(name: str) -> None:
    made = list(pieces(name, sample(20)))
    assert len(made) > 200
    assert max(map(len, made)) < sum(map(len, made)) / 4


def test_json_is_json_whatever_it_holds() -> None:
    for number in (1, 2):
        results = sample(number)
        results["services"][0]["controls"] = []
        assert json.loads(render("json", results)) == results
        results["services"], results["withheld"] = [], []
        assert json.loads(render("json", results)) == results


def failing() -> Iterator[str]:
    yield "half"
    raise ValueError("in the middle")


def test_an_error_in_the_middle_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    for before in (None, "whole"):
        if before is not None:
            path.write_text(before)
        with pytest.raises(ValueError, match="in the middle"):
            write_text(str(path), failing())
        assert [each.read_text() for each in tmp_path.iterdir()] == ([before] if before else [])


def test_an_error_in_the_middle_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="in the middle"):
        write_text("-", failing())
    assert not capfd.readouterr().out


def test_what_is_written_is_as_given(tmp_path: Path) -> None:
    path = tmp_path / ("r" * 250)
    write_text(str(path), iter(["\ufeffa\r\n", "b\n", "\ud800"]))
    assert path.read_bytes() == b"\xef\xbb\xbfa\r\nb\n\\ud800"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")
def test_modes_links_and_devices_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "report", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_text(str(path), ["new"])
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)
    write_text(str(link), ["newer"])
    assert link.is_symlink()
    assert path.read_text() == "newer"
    write_text("/dev/null", ["gone"])
    assert Path("/dev/null").is_char_device()
    for wrong in (tmp_path, tmp_path / "none" / "report"):
        with pytest.raises(OSError, match="directory"):
            write_text(str(wrong), ["x"])
