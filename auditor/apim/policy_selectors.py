"""What narrows an assignment of Azure Policy besides scopes: selectors, and effects that are switched off.

Source: "Azure Policy assignment structure" (resource selectors, overrides).
"""

from __future__ import annotations

from typing import Final

from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import some
from auditor.model.subject import Subject

_SELECTORS: Final = "/properties/resourceSelectors"
_OVERRIDES: Final = "/properties/overrides"
_EFFECT: Final = "/properties/parameters/effect/value"
_LOCATION, _TYPE, _NOWHERE = "resourceLocation", "resourceType", "resourceWithoutLocation"
_SERVICE: Final = "microsoft.apimanagement/service"


def selects(service: Subject, assignment: Subject) -> bool:
    """Whether the resource selectors of an assignment let it look at a service, or at what stands below it.

    One selector that fits is enough; all of its parts have to.

    Raises:
        Undetermined: None surely fits, and one may.
    """
    if not some(assignment.items(_SELECTORS), lambda _: True):
        return True
    return some(assignment.items(_SELECTORS), lambda each: _fits(service, each))


def _fits(service: Subject, selector: Subject) -> bool:
    return not some(selector.items("/selectors"), lambda part: not _part_fits(service, part))


def _part_fits(service: Subject, part: Subject) -> bool:
    kind = part.read("/kind", one_of=(_LOCATION, _TYPE, _NOWHERE))
    if kind == _NOWHERE:
        # What stands below a service has no location of its own, and is not the service.
        needed = (
            f"whether resources without a location, which {part.name} selects, include those of a service"
        )
        raise Undetermined(Gap(Reason.EXTERNAL, needed, "read the states of Azure Policy for the service"))
    inside = part.mentions("/in")
    values = {
        item.text("").value().replace(" ", "").strip("/").casefold()
        for item in part.items("/in" if inside else "/notIn")
    }
    if kind == _LOCATION:
        return (service.text("/location").value().replace(" ", "").casefold() in values) is inside
    # A definition on what stands below a service selects that type.
    if inside:
        return any(value == _SERVICE or value.startswith(f"{_SERVICE}/") for value in values)
    return _SERVICE not in values


def disabled(assignment: Subject) -> bool:
    """Whether an assignment switches the effect off, of all that it assigns.

    An override for some definitions of an initiative, or some places, leaves others on.
    """
    if assignment.has(_EFFECT) and assignment.text(_EFFECT).value().casefold() == "disabled":
        return True

    def off(override: Subject) -> bool:
        if override.read("/kind", one_of=("policyEffect", "definitionVersion")) != "policyEffect":
            return False
        if override.text("/value").value().casefold() != "disabled":
            return False
        return not some(override.items("/selectors"), lambda _: True)

    return some(assignment.items(_OVERRIDES), off)
