"""Which vault a reference means, among many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.keyvault import find
from auditor.keyvault.names import VAULTS, Reference
from auditor.model.evidence import Log
from auditor.model.inventory import SERVICE, Input, InputKind, Inventory, Origin, Resource
from auditor.model.knowledge import Audit
from auditor.model.logic import settled
from auditor.model.subject import Subject
from controls import catalogue
from tests.conftest import NOW

NAMES = st.sampled_from(["a", "A", "b", "[parameters('a')]", ""])
HOSTS = st.sampled_from(["", "a.vault.azure.net", "b.vault.azure.net", "a.vault.azure.cn"])
KNOWLEDGE = catalogue().knowledge
DECLARED = Input("template.json", InputKind.ARM_TEMPLATE, declared=True)
OBSERVED = Input("observed.json", InputKind.REST)


def vault(number: int, name: str, host: str, source: Input) -> Resource:
    body = {"properties": {"vaultUri": f"https://{host}/"} if host else {}}
    return Resource(f"/subscriptions/{number}/providers/{VAULTS}/{name}", VAULTS, body, Origin(""), source)


SOURCES = st.sampled_from([DECLARED, OBSERVED])
MANY = st.lists(st.builds(lambda *given: given, NAMES, HOSTS, SOURCES), max_size=6)


@given(MANY, st.builds(Reference, NAMES, st.just("s"), HOSTS), SOURCES)
def test_the_index_leaves_none_out(
    many: list[tuple[str, str, Input]], reference: Reference, source: Input
) -> None:
    vaults = [vault(number, *each) for number, each in enumerate(many)]
    service = Resource("/providers/x/service/s", SERVICE, {}, Origin(""), source)
    user = Subject(Audit(Inventory([service, *vaults]), KNOWLEDGE, NOW), service, Log())
    meant = [each for each in vaults if find._is_it(user.of(each), reference, user)]
    among = find._candidates(user, reference)
    assert [each for each in among if find._is_it(user.of(each), reference, user)] == meant


def test_vaults_are_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An estate of a thousand services has a thousand vaults."""
    vaults = [vault(number, f"v{number}", "", DECLARED) for number in range(50)]
    service = Resource("/providers/x/service/s", SERVICE, {}, Origin(""), DECLARED)
    user = Subject(Audit(Inventory([service, *vaults]), KNOWLEDGE, NOW), service, Log())
    asked: list[str] = []
    usual = find._is_it

    def is_it(one: Subject, reference: Reference, asking: Subject) -> bool:
        asked.append(one.name)
        return usual(one, reference, asking)

    monkeypatch.setattr(find, "_is_it", is_it)
    for number in range(50):
        found = settled(lambda number=number: find.vault_of(user, Reference(f"v{number}", "s")))  # type: ignore[misc]
        assert isinstance(found, Subject)
        assert found.name == f"v{number}"
    assert len(asked) == 50
