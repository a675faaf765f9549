"""Policy definitions and what they come to for a resource of an inventory.

Sources: "What is applicability in Azure Policy?", "Azure Policy definitions auditIfNotExists effect",
"Azure Policy definitions effect basics" (``disabled``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from auditor.model.inventory import Inventory, Resource
from tests.azure_policy.conditions import Rule, Truth, folded, some
from tests.azure_policy.fields import View


class Compliance(Enum):
    """What Azure Policy says of a resource, as far as the input tells."""

    COMPLIANT = "compliant"
    NON_COMPLIANT = "non-compliant"
    NOT_APPLICABLE = "not applicable"
    UNDETERMINED = "open: the rule reads what the input does not resolve"


@dataclass(frozen=True, slots=True)
class Definition:
    """One policy definition with the values of its parameters."""

    id: str
    title: str
    version: str
    rule: Mapping[str, Any]
    parameters: Mapping[str, Any]
    category: str = ""

    def assigned(self, **parameters: Any) -> Definition:
        """The same, assigned with other values of some parameters."""
        return Definition(
            self.id, self.title, self.version, self.rule, {**self.parameters, **parameters}, self.category
        )

    def types(self, inventory: Inventory) -> Iterator[Resource]:
        """Every resource of an inventory that the rule is about; not those that are merely implied."""
        for resource in inventory.by_key.values():
            if not resource.implied and self._rule(resource).applies(self.rule["if"]):
                yield resource

    def judge(self, inventory: Inventory, resource: Resource) -> Compliance:
        """What the definition says of one resource.

        Raises:
            UnsupportedError: Its rule uses something that this evaluator does not know.
        """
        rule, then = self._rule(resource), folded(self.rule["then"])
        effect = str(rule.value(then["effect"])).casefold()
        if effect == "disabled" or not rule.applies(self.rule["if"]):
            return Compliance.NOT_APPLICABLE
        triggered = rule.holds(self.rule["if"])
        if effect not in ("auditifnotexists", "deployifnotexists"):
            return _compliance(triggered)
        if triggered is False:
            return Compliance.NOT_APPLICABLE
        exists = self._exists(inventory, resource, folded(then["details"]))
        return (
            Compliance.UNDETERMINED
            if triggered is None
            else _compliance(None if exists is None else not exists)
        )

    def _exists(self, inventory: Inventory, resource: Resource, details: Mapping[str, Any]) -> Truth:
        type_ = str(details["type"]).casefold()
        below = type_.startswith(resource.type + "/")
        related = (inventory.children if below else inventory.extensions)(resource.key, type_)
        wanted = self._rule(resource).value(details["name"]) if "name" in details else None
        found = [each for each in related if wanted in (None, each.name) or _is(each.name, wanted)]
        condition = details.get("existencecondition", {"allOf": []})
        return some([self._rule(each).holds(condition) for each in found])

    def _rule(self, resource: Resource) -> Rule:
        return Rule(self.parameters, View(resource))


def _is(name: str, wanted: Any) -> bool:
    return name.casefold() == str(wanted).casefold()


def _compliance(triggered: Truth) -> Compliance:
    if triggered is None:
        return Compliance.UNDETERMINED
    return Compliance.NON_COMPLIANT if triggered else Compliance.COMPLIANT


def definition_of(document: Mapping[str, Any]) -> Definition:
    """A definition from its JSON, assigned with the defaults of its parameters."""
    properties = document["properties"]
    defaults = {
        name: each["defaultValue"]
        for name, each in properties.get("parameters", {}).items()
        if "defaultValue" in each
    }
    metadata = properties.get("metadata", {})
    return Definition(
        str(document["name"]),
        str(properties["displayName"]),
        str(metadata.get("version", "")),
        properties["policyRule"],
        defaults,
        str(metadata.get("category", "")),
    )


def definitions_in(folder: Path) -> dict[str, Definition]:
    """Every definition of a folder, by id."""
    read = (definition_of(json.loads(path.read_text("utf-8-sig"))) for path in sorted(folder.glob("*.json")))
    return {each.id: each for each in read}
