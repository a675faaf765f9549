"""The page on the kinds of input and the collections of a service, for ``generate.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from auditor.apim import collections
from auditor.audit import TITLES
from auditor.model.inventory import InputKind

TITLE = "Inputs"
SOURCE = "auditor/audit.py and auditor/apim/collections.py"
GET: dict[InputKind, str] = {
    InputKind.ARM_TEMPLATE: "a deployment's template; `az bicep build --file main.bicep` makes one of Bicep",
    InputKind.PORTAL_EXPORT: "*Export template* in the portal, or `az group export --name GROUP`",
    InputKind.PARAMETERS: "a deployment's parameters; `az bicep build-params --file main.bicepparam`",
    InputKind.REST: "`az rest --method get --url ID?api-version=2024-05-01`, of a resource or a collection",
    InputKind.AZ_RESOURCE: "`az resource show --ids ID`",
    InputKind.AZ_CLI: "`az apim show --name NAME --resource-group GROUP`, `az apim api list` and the like",
    InputKind.AZ_LIST: "`az role assignment list --all` and what else is listed below",
    InputKind.KEY_VAULT: "`az keyvault certificate show --id IDENTIFIER`, of each certificate in use",
    InputKind.GRAPH: "`az graph query -q \"resources | where type =~ 'microsoft.apimanagement/service'\"`",
    InputKind.SNAPSHOT: "`auditor collect --subscription ID -o snapshot.json.gz`",
    InputKind.POWERSHELL: "`Get-AzResource -ResourceId ID -ExpandProperties | ConvertTo-Json -Depth 100`",
}
"""How to get an input of each kind; a kind that this version cannot read has no row."""
_INTRODUCTION = (
    "The kind of a file is told by its content; `auditor scan` prints what it took each file for. Several "
    "files that describe one resource are put together by its id, in any case; what templates declare and "
    "what Azure reported are not mixed ([why](decisions/0004-declared-and-observed.md)). JSON may have "
    "comments, a byte order mark, and UTF-16 as PowerShell's `>` writes it."
)
_COLLECTIONS = (
    "`ID` is the service's resource id; every request is a GET: `az rest --method get --url ...`. The "
    "permission is what reads the collection; the Reader role has them all."
)

_Table = Callable[[Iterable[str], Iterable[Iterable[str]]], list[str]]


def lines(table: _Table) -> list[str]:
    """The page below its title.

    Args:
        table: Makes a Markdown table of a header and rows.
    """
    readable = [(kind, *texts) for kind, texts in TITLES.items() if kind in GET]
    kinds = ([title, f"`{kind.value}`", GET[kind], cannot] for kind, title, cannot in readable)
    rows = []
    for collection in collections.COLLECTIONS.values():
        if collection.nested:
            request, action = "below another collection", "-"
        else:
            request, action = f"`{collection.path('ID')}`", f"`{collection.action}`"
        rows.append([collection.title, request, action, "yes" if collection.exported else "no"])
    above = (
        [each.title, f"`{each.path('/subscriptions/ID')}`", f"`{each.action}`"]
        for each in collections.SURROUNDINGS.values()
    )
    return [
        _INTRODUCTION,
        "",
        "## Kinds",
        "",
        *table(["input", "named in results", "how to get it", "what it cannot show"], kinds),
        "## Collections",
        "",
        _COLLECTIONS,
        "",
        *table(["collection", "request", "permission", "in a portal export"], rows),
        "## Around a service",
        "",
        collections.SURROUNDINGS_KEY,
        "",
        *table(["collection", "request", "permission"], above),
        collections.FILES_KEY,
        "",
        *table(["what", "as a file", "to know"], collections.FILES),
    ]
