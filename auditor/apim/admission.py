"""Who on the internet a subnet's security group lets in to the gateway.

Source: "Disable Public Network Access" in the security baseline of API Management: an External injection is
closed by its network security group. What counts as narrowed is this project's own rule (decision 0011).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from auditor.apim.subnets import filter_at
from auditor.model.evidence import Gap, Undetermined
from auditor.model.logic import derived
from auditor.model.subject import Subject
from auditor.network.flows import NARROW, Decision, Filter, Width
from auditor.network.prefixes import AZURE_CLOUD
from auditor.network.rules import Access, Direction, Rule

CLIENT_PORTS = (443, 80)
_PLATFORM = frozenset({"apimanagement", "azuretrafficmanager"})
"""Tags of what Azure itself runs for the service; no customer calls from there."""


class Admission(Enum):
    """Whom a security group lets in at the ports of clients."""

    ANYBODY = "anybody on the internet"
    SHARED = "services of Azure that other customers use too"
    NAMED = "named addresses only"


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whom a group lets in, and what decides it."""

    whom: Admission
    why: str
    """In words, for messages: the port and the rule, the services, the ranges."""


@derived
def admission_at(place: Subject) -> Admitted:
    """Whom the security group at a location lets in at 443 and 80.

    Args:
        place: The service, for its primary location, or an item of ``additionalLocations``.

    Raises:
        Undetermined: The subnet, its group, or a rule that decides is not known.
    """
    group = filter_at(place)
    if group is None:
        return Admitted(Admission.ANYBODY, "its subnet has no network security group")
    widths = {port: group.width(Direction.INBOUND, port) for port in CLIENT_PORTS}
    for port, width in widths.items():
        if width.wide:
            rules = wide_rules(width)
            group.log(place, rules)
            return Admitted(Admission.ANYBODY, f"{_list(rules)} of {group.group.name} lets it in at {port}")
    gaps = [gap for width in widths.values() if width.wide is None for gap in width.gaps]
    if gaps:
        raise Undetermined(*(_about(group, gap) for gap in dict.fromkeys(gaps)))
    _log_all(place, group)
    shared = _shared(widths)
    if shared:
        return Admitted(Admission.SHARED, f"{group.group.name} lets in {', '.join(shared)}")
    return Admitted(Admission.NAMED, f"{group.group.name} lets in {_ranges(widths)}")


def _shared(widths: dict[int, Width]) -> list[str]:
    tags = (tag for width in widths.values() for tag in width.services)
    return sorted({str(tag) for tag in tags if tag.name not in _PLATFORM})


def _ranges(widths: dict[int, Width]) -> str:
    count = len({each.point.remote for width in widths.values() for each in width.ranges})
    if not count:
        return "nobody from the internet"
    return f"{count} range{'s' if count > 1 else ''} of public addresses, which its rules name"


def wide_rules(width: Width) -> tuple[Rule, ...]:
    """The rules that let the internet in, the widest first."""
    sizes: dict[int, int] = {}
    rules: dict[int, Rule] = {}
    for each in width.let_in:
        for rule in each.rules if each.access is Access.ALLOW else ():
            rules[id(rule)] = rule
            sizes[id(rule)] = sizes.get(id(rule), 0) + _weight(each)
    ordered = sorted(rules, key=lambda rule: -sizes[rule])
    widest = sizes[ordered[0]] if ordered else 0
    return tuple(rules[rule] for rule in ordered if sizes[rule] * 4 >= widest)


def _weight(decision: Decision) -> int:
    remote = decision.point.remote
    return 4 * NARROW if remote.tag.name == AZURE_CLOUD else remote.size


def _log_all(place: Subject, group: Filter) -> None:
    for port in CLIENT_PORTS:
        group.log(place, group.strangers(Direction.INBOUND, port).rules)


def _about(group: Filter, gap: Gap) -> Gap:
    needed = f"whether {group.group.name} lets the internet reach the gateway: {gap.needed}"
    return Gap(gap.reason, needed, gap.remedy)


def _list(rules: tuple[Rule, ...]) -> str:
    return ", ".join(str(rule) for rule in rules)
