"""Front Door Standard and Premium: every domain and route, where it leads and what guards it.

A profile says nothing of itself but its tier: endpoints, routes, origins and security policies are resources
below it, which Resource Graph does not hold. Sources: REST reference "Azure Front Door Standard/Premium"
(api-version 2024-02-01, offered still, checked on 2026-11-22); "Security policies in Azure Front Door"
(which domains and paths a firewall policy is for).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from auditor.fronts.firewalls import OF_FRONT_DOORS, policy
from auditor.fronts.paths import covered, span
from auditor.fronts.references import children, id_of, spelled
from auditor.fronts.route import Firewall, Front, FrontKind, Route, Target
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject
from auditor.model.text import Text

TYPE = "microsoft.cdn/profiles"
_SWITCH = ("Enabled", "Disabled")
_TIERS = ("Standard_AzureFrontDoor", "Premium_AzureFrontDoor")


@dataclass(frozen=True, slots=True)
class _Domain:
    """A domain that callers use."""

    key: str
    """Its id from the profile's name on, by which security policies name it."""
    name: str
    hosts: tuple[str, ...] | Undetermined


def is_front_door(profile: Subject) -> bool:
    """Whether a CDN profile is a Front Door; the other tiers are content networks of the old kind."""
    return profile.text("/sku/name").value().casefold() in (each.casefold() for each in _TIERS)


def read(profile: Subject) -> Front | None:
    """A Front Door with its routes; None where the profile is none."""
    kind = settled(lambda: is_front_door(profile))
    if kind is False:
        return None
    routes: list[Route] = []
    gap = kind if isinstance(kind, Undetermined) else settled(lambda: _all(profile, routes))
    return Front(profile, FrontKind.FRONT_DOOR, tuple(routes), gap)


def _command(profile: Subject, path: str) -> str:
    return f'az rest --method get --url "{profile.resource.id}/{path}?api-version=2024-02-01"'


def _listed(parent: Subject, collection: str) -> Iterator[Subject]:
    yield from children(parent, collection, _command(parent, collection))


def _all(profile: Subject, routes: list[Route]) -> None:
    gaps: list[Undetermined] = []
    for endpoint in _each(_listed(profile, "afdEndpoints"), gaps):
        for route in _each(_listed(endpoint, "routes"), gaps):
            _take(routes, profile, endpoint, route, gaps)
    if gaps:
        raise Undetermined(*dict.fromkeys(gap for each in gaps for gap in each.gaps))


def _each(items: Iterator[Subject], gaps: list[Undetermined]) -> Iterator[Subject]:
    """The items that can be had; why there may be more is added to the gaps."""
    while True:
        item = settled(partial(next, items, None))
        if isinstance(item, Undetermined):
            gaps.append(item)
            return
        if item is None:
            return
        yield item


def _take(
    routes: list[Route], profile: Subject, endpoint: Subject, rule: Subject, gaps: list[Undetermined]
) -> None:
    """Adds one route for each domain that a rule serves."""
    log = Log()
    off = settled(lambda: _off(endpoint.with_log(log), rule.with_log(log)))
    if off is True:
        return
    patterns = settled(partial(_patterns, rule.with_log(log)))
    domains = settled(lambda: _domains(endpoint.with_log(log), rule.with_log(log)))
    if isinstance(domains, Undetermined):
        gaps.append(domains)
        return
    for domain in domains:
        own = Log()
        own.extend(log.entries)
        quiet = profile.with_log(own)
        route = Route(quiet, FrontKind.FRONT_DOOR, f"domain {domain.name}", f"route {rule.name}", own)
        route.hosts = domain.hosts
        route.patterns = patterns
        route.targets = settled(partial(_targets, quiet, rule.with_log(own)))
        if isinstance(off, Undetermined):
            route.targets = off
        route.elsewhere = _ruled(rule.with_log(own))
        route.rewritten = settled(partial(_rewritten, rule.with_log(own)))
        route.firewall = settled(partial(_firewall, quiet, domain.key, patterns))
        routes.append(route)


def _off(endpoint: Subject, rule: Subject) -> bool:
    found = [settled(partial(each.read, "/properties/enabledState", _SWITCH)) for each in (endpoint, rule)]
    if "Disabled" in found:
        return True
    for each in found:
        if isinstance(each, Undetermined):
            raise each
    return False


def _patterns(rule: Subject) -> tuple[str, ...]:
    return tuple(each.text("").value() for each in rule.items("/properties/patternsToMatch"))


def _domains(endpoint: Subject, rule: Subject) -> list[_Domain]:
    """What a rule answers under."""
    found = [_custom(rule, each.text("/id")) for each in rule.items("/properties/customDomains", key="/id")]
    if rule.read("/properties/linkToDefaultDomain", one_of=_SWITCH) == "Enabled":
        found.append(
            _Domain(_below_profile(id_of(endpoint)), endpoint.name, settled(partial(_host, endpoint)))
        )
    return found


def _custom(rule: Subject, reference: Text) -> _Domain:
    key = _below_profile(spelled(reference))
    name = key.rpartition("/")[2]
    for each in rule.audit.inventory.of_type(f"{TYPE}/customdomains"):
        domain = rule.of(each)
        if _below_profile(id_of(domain)) == key:
            return _Domain(key, name, settled(partial(_host, domain)))
    # What the domain is called is for people; nothing is judged by it.
    return _Domain(key, name, (name,))


def _host(domain: Subject) -> tuple[str, ...]:
    return (domain.text("/properties/hostName").value(),)


def _below_profile(reference: str) -> str:
    """What an id says from the profile's name on."""
    return reference.rpartition("/profiles/")[2]


def _targets(profile: Subject, rule: Subject) -> tuple[Target, ...]:
    reference = spelled(rule.text("/properties/originGroup/id"))
    for group in _listed(profile, "originGroups"):
        if _below_profile(reference) == _below_profile(id_of(group)):
            return tuple(_origin(each) for each in _listed(group, "origins") if not _origin_off(each))
    raise Undetermined(
        Gap(
            Reason.ABSENT,
            f"the origin group that the route {rule.name} leads to",
            _command(profile, "originGroups"),
        )
    )


def _origin_off(origin: Subject) -> bool:
    return origin.read("/properties/enabledState", _SWITCH) == "Disabled"


def _origin(origin: Subject) -> Target:
    address = origin.wording("/properties/hostName")
    at, linked = "/properties/originHostHeader", "/properties/sharedPrivateLinkResource"
    host = origin.wording(at) if origin.mentions(at) or origin.has(at) else None
    if not origin.has(linked):
        return Target(address, host)
    return Target(address, host, origin.wording(f"{linked}/privateLink/id"))


def _ruled(rule: Subject) -> Undetermined | None:
    """Why a route may lead elsewhere: a rule set can choose another origin group, and headers."""
    sets = settled(lambda: any(True for _ in rule.items("/properties/ruleSets", key="/id")))
    if sets is False:
        return None
    if isinstance(sets, Undetermined):
        return sets
    needed = (
        f"what the rule sets of the route {rule.name} do: they can choose another origin and write headers"
    )
    return Undetermined(Gap(Reason.INPUT, needed, "show the rule sets of the route"))


def _rewritten(rule: Subject) -> bool:
    if (ruled := _ruled(rule)) is not None:
        raise ruled
    return rule.has("/properties/originPath") and rule.text("/properties/originPath").value() not in ("", "/")


def _firewall(profile: Subject, domain: str, patterns: tuple[str, ...] | Undetermined) -> Firewall:
    """What guards the paths of a route under a domain: a policy for each of them."""
    if isinstance(patterns, Undetermined):
        raise patterns
    found: list[tuple[tuple[str, ...], Firewall | Undetermined]] = []
    whole = settled(lambda: found.extend(_associated(profile, domain)))
    used = [each for each in found if _meets(each[0], patterns)]
    for _, firewall in used:
        if isinstance(firewall, Firewall) and not firewall.protects:
            return firewall
    if isinstance(whole, Undetermined):
        raise whole
    known = [pattern for each, _ in used for pattern in each]
    for pattern in patterns:
        if not covered(pattern, known):
            return Firewall("", protects=False, says=f"no security policy covers {pattern}")
    for _, firewall in used:
        if isinstance(firewall, Undetermined):
            raise firewall
    return next(firewall for _, firewall in used if isinstance(firewall, Firewall))


def _meets(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return any(span(a).common(span(b)) is not None for a in one for b in other)


def _associated(profile: Subject, domain: str) -> Iterator[tuple[tuple[str, ...], Firewall | Undetermined]]:
    """The paths of a domain that security policies are for, and what their firewall does."""
    for each in _listed(profile, "securityPolicies"):
        at = "/properties/parameters"
        each.read(f"{at}/type", one_of=("WebApplicationFirewall",))
        for one in each.items(f"{at}/associations"):
            domains = (spelled(named.text("/id")) for named in one.items("/domains", key="/id"))
            if domain in map(_below_profile, domains):
                patterns = tuple(path.text("").value() for path in one.items("/patternsToMatch"))
                reference = each.text(f"{at}/wafPolicy/id")
                yield patterns, settled(partial(policy, profile, reference, OF_FRONT_DOORS))
