"""Templates that others published: every one expands, and what is known about some of them holds."""

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.arm import Deployment, Expanded, expand, is_template
from auditor.model.values import Partial, Unresolved, walk

ROOT = Path(os.environ.get("AUDITOR_CORPUS") or Path(__file__).parents[2].parent / "shared/data/corpus")
KINDS = ("arm-template", "arm-template-symbolic")

pytestmark = pytest.mark.skipif(
    not (ROOT / "MANIFEST.tsv").is_file(),
    reason="the corpus of public templates is not here; name its folder in AUDITOR_CORPUS",
)


def read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8-sig"), strict=False)
    except (OSError, ValueError):
        return None


def templates() -> Iterator[tuple[str, dict[str, Any]]]:
    with (ROOT / "MANIFEST.tsv").open(encoding="utf-8") as manifest:
        for row in csv.reader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE):
            document = read(ROOT / row[0]) if row[5] in KINDS else None
            if isinstance(document, dict) and is_template(document):
                yield row[0], document


def test_every_template_expands() -> None:
    seen = resources = 0
    for name, document in templates():
        found = expand(document)
        assert isinstance(found, Deployment), name
        seen += 1
        resources += len(found.resources)
        for resource in found.resources:
            check(name, document, resource)
    assert seen > 100
    assert resources > 300


def check(name: str, document: dict[str, Any], resource: Expanded) -> None:
    """What holds for every resource: it is where it says, and its unknown values have a text and a reason."""
    place: Any = document
    for token in resource.pointer.split("/")[1:]:
        place = place[int(token) if isinstance(place, list) else token.replace("~1", "/").replace("~0", "~")]
    assert isinstance(place, dict), (name, resource.pointer)
    assert resource.type.casefold().endswith(str(place["type"]).partition("@")[0].casefold())
    for _, value in walk(resource.body):
        for piece in value.pieces if isinstance(value, Partial) else (value,):
            if isinstance(piece, Unresolved):
                assert 0 < len(piece.expression) <= 300
                assert piece.reason


def test_no_function_is_unknown_and_no_expression_malformed() -> None:
    said = {sentence for _, document in templates() for sentence in expand(document).diagnostics}
    assert not [sentence for sentence in said if "malformed" in sentence or "is not known." in sentence]


def test_classic_and_symbolic_compilations_deploy_the_same() -> None:
    pairs = 0
    for symbolic in sorted(ROOT.glob("Azure__bicep/**/main.symbolicnames.json")):
        classic = read(symbolic.with_name("main.json"))
        left = [(r.type, r.segments, r.body, r.id) for r in expand(classic).resources]
        right = [
            (r.type, r.segments, r.body, r.id) for r in expand(read(symbolic)).resources if not r.existing
        ]
        assert sorted(left, key=repr) == sorted(right, key=repr), symbolic
        pairs += 1
    assert pairs


def test_a_large_module_deploys_one_service() -> None:
    module = read(ROOT / "Azure__bicep-registry-modules/avm/res/api-management/service/main.json")
    found = expand(module)
    services = [r for r in found.resources if r.type.casefold() == "microsoft.apimanagement/service"]
    assert [r.existing for r in services] == [False]
    assert services[0].segments == (Unresolved("parameters('name')", "parameter 'name' has no value"),)
