"""Putting what a snippet sets into a failing fixture, the way a deployment or a PATCH would."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditor.engine import Finding
from controls import catalogue
from tests.controls.remedies.adding import added
from tests.controls.remedies.snippets import Change, SnippetError
from tests.judging import findings, inventory_of

_NAMED = {"portalsettings", "identityproviders", "policies", "tenant"}
"""Collections whose members have fixed names: another name there is another setting."""
_KEYS = ("hostName", "name")
"""Members that tell the elements of a list apart."""
_REPORTED = {"serviceEndpoints": {"provisioningState": "Succeeded"}}
"""What Azure reports of the elements of a list once they are deployed."""


class NoPlaceError(Exception):
    """A fixture holds nothing that the snippet speaks of."""


def judged(body: Any, like: Path, folder: Path, check_id: str) -> list[Finding]:
    """The findings of one check on a changed fixture, under the original's name and configuration."""
    path = folder / like.name
    path.write_text(json.dumps(body), encoding="utf-8")
    beside = like.with_suffix(".toml")
    if beside.is_file():
        path.with_suffix(".toml").write_text(beside.read_text(encoding="utf-8"), encoding="utf-8")
    wanted = [check for check in catalogue().checks if check.id == check_id]
    return findings(inventory_of(path), wanted)


def applied(document: Any, changes: list[Change], adds: bool | str, removes: list[str]) -> Any:
    """A copy of a fixture with the changes made.

    Args:
        document: the fixture, as JSON.
        changes: what a snippet sets.
        adds: whether what is not there is added; a text says what it belongs to (see ``adding.added``).
        removes: members of ``properties`` that the fix takes away, such as an uploaded certificate.

    Raises:
        NoPlaceError: the fixture holds nothing that the changes speak of.
    """
    made = copy.deepcopy(document)
    hit = False
    for change in changes:
        targets = list(_targets(made, change, exactly=bool(adds and change.name)))
        for target in targets:
            for path in removes:
                _remove(target.get("properties", {}), path)
            _merge(target, copy.deepcopy(change.body))
        if not targets and isinstance(adds, str):
            hit = added(made, change, adds, _resources, _merge) or hit
        elif not targets and adds:
            _add(made, change)
        hit = hit or bool(targets) or adds is True
    if not hit:
        raise NoPlaceError("none of the resources")
    return made


def _remove(at: dict[str, Any], path: str) -> None:
    *above, last = path.split("/")
    for token in above:
        at = at.get(token, {})
    at.pop(last, None)


def _resources(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("type"), str) and "/" in node["type"] and ("name" in node or "id" in node):
            yield node
        for value in node.values():
            yield from _resources(value)
    elif isinstance(node, list):
        for item in node:
            yield from _resources(item)


def _targets(document: Any, change: Change, exactly: bool) -> Iterator[dict[str, Any]]:
    same = [r for r in _resources(document) if r["type"].casefold() == change.type.casefold()]
    named = [r for r in same if change.name and _last_name(r) == change.name.casefold()]
    if named or exactly or change.type.rpartition("/")[2].casefold() in _NAMED:
        yield from named
    else:
        yield from same


def _last_name(resource: dict[str, Any]) -> str:
    name = str(resource.get("name") or resource["id"])
    return name.rstrip("]')").rpartition("/")[2].casefold()


def _merge(into: dict[str, Any], body: dict[str, Any]) -> None:
    for key, value in body.items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            reported = _REPORTED.get(key)
            into[key] = _merged_list(old, [reported | one for one in value] if reported else value)
        else:
            into[key] = value


def _merged_list(old: list[Any], new: list[Any]) -> list[Any]:
    """Elements take the place of those with the same key; a list without keys is replaced whole."""
    for key in _KEYS:
        if all(isinstance(item, dict) and key in item for item in old + new):
            by_key = {str(item[key]).casefold(): item for item in new}
            if any(str(item[key]).casefold() in by_key for item in old):
                return [by_key.pop(str(item[key]).casefold(), item) for item in old] + list(by_key.values())
    return new


def _add(document: Any, change: Change) -> None:
    service = next(
        (r for r in _resources(document) if r["type"].casefold() == "microsoft.apimanagement/service"), None
    )
    if service is None:
        raise NoPlaceError("the fixture has no service to add to")
    if isinstance(document, dict) and "resources" in document:
        name = f"{service['name']}/{change.name}"
        new = {"type": change.type, "apiVersion": service["apiVersion"], "name": name, **change.body}
        document["resources"].append(new)
        return
    new = {
        "id": _address(str(service["id"]), change),
        "type": change.type,
        "name": change.name,
        **change.body,
    }
    if isinstance(document, list):
        document.append({"value": [new], "count": 1})
    else:
        raise NoPlaceError("nothing can be added to a fixture of one resource")


def _address(service: str, change: Change) -> str:
    """Children stand below the service, assignments below its subscription, all else in its group."""
    if change.type.startswith("Microsoft.ApiManagement/"):
        return f"{service}/{change.type.rpartition('/')[2]}/{change.name}"
    end = "/resourceGroups/" if change.type.startswith("Microsoft.Authorization/") else "/providers/"
    return f"{service.partition(end)[0]}/providers/{change.type}/{change.name}"


def with_policy(document: Any, snippet: str, replaces: str | None) -> Any:
    """A copy of a fixture with a policy snippet in place of what it mends.

    Args:
        document: the fixture, as JSON.
        snippet: statements, or a whole section.
        replaces: a regular expression for what the snippet takes the place of; without it, that is the
            first element of the name that the snippet begins with.

    Raises:
        NoPlaceError: no policy of the fixture has what it takes the place of.
    """
    tag = re.match(r"\s*<([\w-]+)", snippet)
    if tag is None:
        raise SnippetError("the policy does not begin with an element")
    pattern = replaces or rf"<{tag[1]}\b[^>]*?/>|<{tag[1]}\b.*?</{tag[1]}>"
    hit = False

    def changed(node: Any) -> Any:
        nonlocal hit
        if isinstance(node, dict):
            return {key: changed(value) for key, value in node.items()}
        if isinstance(node, list):
            return [changed(item) for item in node]
        if isinstance(node, str) and re.search(r"<(policies|fragment)\b", node):
            text, count = re.subn(pattern, lambda _: snippet.strip(), node, count=1, flags=re.DOTALL)
            hit = hit or count > 0
            return text
        return node

    made = changed(document)
    if not hit:
        raise NoPlaceError("no such statement")
    return made
