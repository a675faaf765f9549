"""What identifiers and expressions name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.keyvault.names import Named, Reference, named_in, read_identifier, split_arguments
from auditor.model.values import Unresolved

SUFFIX = Unresolved("environment().suffixes.keyvaultDns")
NAME = Unresolved("parameters('vault')")
URI = Unresolved(
    "reference(resourceId('Microsoft.KeyVault/vaults', parameters('vault')), '2023-07-01').vaultUri"
)
SECRET = Unresolved(
    "reference(resourceId('Microsoft.KeyVault/vaults/secrets', 'Contoso', 's'), '2023-07-01').secretUri"
)


@pytest.mark.parametrize(
    ("pieces", "vault", "secret", "host"),
    [
        (("https://Contoso.vault.azure.net/secrets/s",), "contoso", "s", "contoso.vault.azure.net"),
        (("https://contoso.vault.azure.net:443/secrets/s/",), "contoso", "s", "contoso.vault.azure.net"),
        (("https://c.vault.usgovcloudapi.net/certificates/s/1234",), "c", "s", "c.vault.usgovcloudapi.net"),
        (("https://c.vault.azure.cn/secrets/s",), "c", "s", "c.vault.azure.cn"),
        (("https://vaults.contoso.example/secrets/s",), "", "s", "vaults.contoso.example"),
        (("https://", NAME, ".vault.azure.net/secrets/s"), "[parameters('vault')]", "s", ""),
        (("https://", NAME, SUFFIX, "/secrets/s"), "[parameters('vault')]", "s", ""),
        (("https://a-", NAME, SUFFIX, "/secrets/s"), "a-[parameters('vault')]", "s", ""),
        (("https://contoso", SUFFIX, "/secrets/", NAME), "contoso", "[parameters('vault')]", ""),
        ((URI, "secrets/s"), "[parameters('vault')]", "s", ""),
        ((URI, "/secrets/s/v"), "[parameters('vault')]", "s", ""),
        ((SECRET,), "contoso", "s", ""),
    ],
)
def test_identifiers(pieces: tuple[str | Unresolved, ...], vault: str, secret: str, host: str) -> None:
    assert read_identifier(pieces) == Reference(vault, secret, host)


@pytest.mark.parametrize(
    "pieces",
    [
        ("",),
        ("http://c.vault.azure.net/secrets/s",),
        ("https://c.vault.azure.net/",),
        ("https://c.vault.azure.net/storage/s",),
        ("https:///secrets/s",),
        (NAME,),
        (NAME, "secrets/s"),
        ("https://", NAME, "/secrets/s"),
        ("https://", SUFFIX, "/secrets/s"),
        ("https://\ue000.vault.azure.net/secrets/s",),
        ("https://", NAME, "\ue001.vault.azure.net/secrets/s"),
    ],
)
def test_what_names_no_vault(pieces: tuple[str | Unresolved, ...]) -> None:
    assert read_identifier(pieces) is None


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        (
            "reference(resourceId('Microsoft.Web/Sites', 'A'), '1', 'Full').identity.principalId",
            Named("microsoft.web/sites", ("a",), "identity.principalid"),
        ),
        (
            "reference(resourceId('s', 'g', 'P/t', concat('a', parameters('b')))).properties.principalId",
            Named("p/t", ("a[parameters('b')]",), "principalid"),
        ),
        (
            "reference('/subscriptions/s/resourceGroups/g/providers/P/t/n').clientId",
            Named("p/t", ("n",), "clientid"),
        ),
        ("reference('n').clientId", None),
        ("reference(resourceId('P/t', 'a', 'b'), '1').x", None),
        ("concat(reference(resourceId('P/t', 'a')).x, 'y')", None),
        ("reference(resourceId('P/t', 'a'))", None),
        ("reference(resourceId('P/t', 'a').x", None),
    ],
)
def test_expressions(expression: str, named: Named | None) -> None:
    assert named_in(expression) == named


@given(st.text(alphabet="reference(),.'[]Pt/ab\ue000 ", max_size=60))
def test_nothing_breaks(text: str) -> None:
    named_in(text)
    named_in(f"reference({text}).x")
    named_in(f"reference(resourceId({text})).x")
    read_identifier((text, Unresolved(text), text))


@given(st.lists(st.from_regex(r"'([a-z,()]|'')*'|[a-z]+\([a-z]\)", fullmatch=True), max_size=5))
def test_arguments_are_split_and_joined(arguments: list[str]) -> None:
    assert split_arguments(", ".join(arguments)) == arguments
