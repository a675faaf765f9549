"""A waiver that is bound to evidence lapses when the evidence changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from auditor.audit import Options, Span, audit
from auditor.model.results import FindingJson, Results
from auditor.sources import read_paths
from controls import catalogue
from tests.auditing import child, declared, item, observed, template
from tests.conftest import FIXTURES, NOW
from tests.people.test_waivers import TEMPLATE, findings, of, scanned, states, waiver
from tests.people.test_waivers import plain as plain


def digest(results: Results, check: str, index: int = 0) -> str:
    return of(results, check)[index]["evidence_digest"]


def test_it_lapses_when_the_evidence_changes(tmp_path: Path) -> None:
    check = "apim.dp-3.backend-encrypted"

    def document(url: str) -> Any:
        return template(declared(), child("backends", "orders", url=url, protocol="http"))

    def backend(results: Results) -> FindingJson:
        [found] = [f for f in of(results, check) if "/backends/" in f["subjects"][0]["id"]]
        return found

    before = backend(scanned(tmp_path, document=document("http://orders.contoso.example")))
    bound = waiver(check=check, service="*", evidence=before["evidence_digest"])
    same = scanned(tmp_path, bound, document=document("http://orders.contoso.example"))
    assert (backend(same)["status"], states(same)) == ("waived", ["holds"])
    other = scanned(tmp_path, bound, document=document("http://orders.fabrikam.example"))
    assert (backend(other)["status"], states(other)) == ("fail", ["lapsed"])
    assert "waiver" not in backend(other)
    mended = scanned(tmp_path, bound, document=document("https://orders.contoso.example"))
    assert states(mended) == ["not-needed"]


def test_it_lapses_when_the_finding_gets_worse(tmp_path: Path) -> None:
    """The same certificate, first about to expire, then expired: the values are equal."""
    check = "apim.dp-7.certificate-expiry"
    document = {
        "value": [
            observed(),
            item("certificates", "c", expirationDate="2026-12-01T00:00:00Z", subject="CN=c", thumbprint="A"),
        ],
        "count": 2,
    }
    early = scanned(tmp_path, document=document)
    [found] = [f for f in of(early, check) if f["status"] == "fail"]
    bound = waiver(check=check, service="*", evidence=found["evidence_digest"])
    assert states(scanned(tmp_path, bound, document=document)) == ["holds"]
    late = scanned(tmp_path, bound, document=document, now=datetime(2026, 12, 2, tzinfo=UTC))
    assert states(late) == ["lapsed"]


def test_only_what_can_be_waived_has_a_digest(plain: Results) -> None:
    with_digest = {f["status"] for f in findings(plain) if "evidence_digest" in f}
    assert with_digest == {"fail", "manual"}
    assert not [f for f in findings(plain) if f["status"] in with_digest and "evidence_digest" not in f]


def test_the_digest_does_not_depend_on_how_a_file_is_written(tmp_path: Path, plain: Results) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    moved = {**TEMPLATE, "resources": [TEMPLATE["resources"][0], *reversed(TEMPLATE["resources"][1:])]}
    spaced = json.loads(json.dumps(moved, indent=4))

    def digests(results: Results) -> dict[str, str]:
        found = [f for f in findings(results) if "evidence_digest" in f]
        return {f["subjects"][0]["fingerprint"]: f["evidence_digest"] for f in found}

    assert digests(plain)
    assert digests(scanned(other, document=spaced)) == digests(plain)


def test_the_digest_changes_with_the_value(tmp_path: Path) -> None:
    def one(category: str) -> str:
        protocol = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls10"
        service = observed(customProperties={protocol: category})
        document = {"value": [service, item("products", "p")], "count": 2}
        return digest(scanned(tmp_path, document=document), "apim.dp-3.client-tls")

    assert one("True") == one("True")
    assert one("True") != one("true")


def test_secrets_have_no_part_in_the_digest(tmp_path: Path) -> None:
    """Equal secrets are numbered in order of appearance, and their text is nobody's business."""
    check = "apim.im-8.named-value-secret-in-key-vault"

    def one(*values: tuple[str, str]) -> str:
        named = [child("namedValues", n, displayName=n, secret=True, value=v) for n, v in values]
        results = scanned(tmp_path, document=template(declared(), *named))
        [found] = [f for f in of(results, check) if f["subjects"][0]["name"] == "key"]
        return found["evidence_digest"]

    alone = one(("key", "hunter2hunter2"))
    assert one(("a", "other-secret-1"), ("key", "hunter2hunter2")) == alone
    assert one(("key", "swordfish12345")) == alone


def test_of_policies_the_digest_holds_what_was_concluded() -> None:
    """Line breaks in a policy change nothing; letting others in does, though the text itself is sealed."""
    check = "apim.im-4.certificate-validated"
    folder = FIXTURES / "controls" / "im-4" / "certificate-validated"

    def one(name: str, *replacements: tuple[str, str]) -> str:
        document = json.loads((folder / name).read_text("utf-8"))
        for resource in document["resources"]:
            if resource["type"].endswith("/policies"):
                for old, new in replacements:
                    resource["properties"]["value"] = resource["properties"]["value"].replace(old, new)
        with TemporaryDirectory() as scratch:
            path = Path(scratch) / "0.json"
            path.write_text(json.dumps(document), encoding="utf-8")
            inventory = read_paths([str(path)], whole=True).inventory
        results = audit(inventory, catalogue(), Options(NOW), Span(NOW, NOW))
        [found] = of(results, check)
        assert found["status"] == "fail"
        return found["evidence_digest"]

    name = "fail--presence-alone-complete.json"
    plain = one(name)
    assert one(name, ("<inbound>", "\n\n<inbound>\n")) == plain
    expired = "context.Request.Certificate == null || context.Request.Certificate.NotAfter &lt; DateTime.Now"
    assert one(name, ("context.Request.Certificate == null", expired)) != plain
