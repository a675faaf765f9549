"""The tables beside this file, one for each control: what its snippets may say, and why one is not proven.

Keys of a table, all of them optional:

``names``
    What parameters, members of other resources and shell variables (``$id``) in the snippets stand for.
``texts``
    What takes the place of example names in policies, where a check knows them for those of a template.
``az``
    Command -> option -> place. Only commands and options that the azure-cli of ``AZURE_CLI`` knows.
``terraform``
    Resource type -> argument path -> place. Only arguments that the provider of ``AZURERM`` has.
``checks``
    Slug of a check -> what the test has to know of it:

    * ``unproven``: why no snippet of its own turns the verdict; nothing is tried then.
    * ``without``: tool -> why the Fix has no snippet for it, where it has one for another tool.
    * ``untried``: tool -> why its snippet cannot be tried on a fixture.
    * ``becomes``: tool -> the status other than pass that a fixture gets, and after a colon why.
    * ``turns``: tool -> the fixtures (``fail--NAME.json``) that its snippet turns each of; otherwise one.
    * ``adds``: true where the fix makes a resource of the service that is not there; for a resource of
      another, the place that ``adding.added`` describes.
    * ``removes``: paths of members of ``properties`` that the fix takes away.
    * ``replaces``: for each policy snippet in its order a regular expression for what it takes the place of;
      an empty one stands for the element of its name, and ``- REASON`` says why that snippet is not tried.

A place is said in ``snippets.Draft``; it is empty for what only addresses.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Any

AZURE_CLI = "2.91.0"
"""The release of azure-cli that commands and options were checked against."""
AZURERM = ("4.81.0", "5.2.0")
"""The releases of the provider that resources and arguments were checked against. Both have them, but for
``service_endpoint`` of a subnet, which is a list of texts in the first."""
VERSIONS = {
    "Microsoft.ApiManagement": {"2024-05-01"},
    "Microsoft.Authorization": {"2020-05-01", "2022-04-01", "2022-06-01"},
    "Microsoft.CustomerLockbox": {"2018-02-28-preview"},
    "Microsoft.Insights": {"2021-05-01-preview"},
    "Microsoft.KeyVault": {"2023-07-01"},
    "Microsoft.Network": {"2024-05-01"},
    "Microsoft.Security": {"2023-11-15", "2024-01-01"},
}
"""Api-versions of each provider that the snippets may name (Azure resource reference)."""
_KNOWN = {"names", "texts", "az", "terraform", "checks"}
_KNOWN_OF_CHECK = {"turns", "unproven", "without", "untried", "becomes", "adds", "removes", "replaces"}


@functools.cache
def table(control: str) -> dict[str, Any]:
    """The table of a control such as ``dp-3``; an empty one where there is no file."""
    path = Path(__file__).with_name(f"{control.replace('-', '_')}.toml")
    if not path.is_file():
        return {"checks": {}}
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(read) <= _KNOWN, path
    for slug, said in read.setdefault("checks", {}).items():
        assert set(said) <= _KNOWN_OF_CHECK, (path, slug)
    return read


def of_check(control: str, slug: str) -> dict[str, Any]:
    said: dict[str, Any] = table(control)["checks"].get(slug, {})
    return said
