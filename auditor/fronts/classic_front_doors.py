"""Front Door (classic), which is retired on 31 March 2027: one resource that holds all of it.

Sources: REST specification ``FrontDoorProperties`` (2021-06-01); "What is Azure Front Door (classic)?", for
the date, read on 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from auditor.fronts.firewalls import OF_FRONT_DOORS, policy
from auditor.fronts.references import part
from auditor.fronts.route import Firewall, Front, FrontKind, Route, Target
from auditor.model.evidence import Log, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject

TYPE = "microsoft.network/frontdoors"
_SWITCH = ("Enabled", "Disabled")


def read(door: Subject) -> Front:
    """A classic Front Door with its routes."""
    routes: list[Route] = []
    gap = settled(lambda: routes.extend(_routes(door)))
    return Front(door, FrontKind.CLASSIC_FRONT_DOOR, tuple(routes), gap)


def _routes(door: Subject) -> Iterator[Route]:
    off = settled(partial(door.read, "/properties/enabledState", _SWITCH))
    if off == "Disabled":
        return
    for rule in door.items("/properties/routingRules", key="/name"):
        for named in rule.items("/properties/frontendEndpoints", key="/id"):
            log = Log()
            quiet, own = door.with_log(log), rule.with_log(log)
            state = settled(partial(own.read, "/properties/enabledState", _SWITCH))
            if state == "Disabled":
                continue
            endpoints = quiet.items("/properties/frontendEndpoints", key="/name")
            found = settled(partial(part, endpoints, named.with_log(log).text("/id"), "the frontend"))
            route = Route(quiet, FrontKind.CLASSIC_FRONT_DOOR, "a domain", f"rule {rule.item}", log)
            route.patterns = settled(partial(_patterns, own))
            route.targets = settled(partial(_targets, quiet, own))
            for doubt in (off, state):
                if isinstance(doubt, Undetermined):
                    route.targets = doubt
            route.rewritten = settled(partial(_rewritten, own))
            if isinstance(found, Undetermined):
                route.hosts = route.firewall = found
            else:
                route.listener = f"domain {found.item}"
                route.hosts = settled(partial(_hosts, found))
                route.firewall = settled(partial(_firewall, found))
            yield route


def _hosts(frontend: Subject) -> tuple[str, ...]:
    return (frontend.text("/properties/hostName").value(),)


def _patterns(rule: Subject) -> tuple[str, ...]:
    return tuple(each.text("").value() for each in rule.items("/properties/patternsToMatch"))


def _rewritten(rule: Subject) -> bool:
    at = "/properties/routeConfiguration/customForwardingPath"
    return rule.has(at) and rule.text(at).value() not in ("", "/")


def _targets(door: Subject, rule: Subject) -> tuple[Target, ...]:
    at = "/properties/routeConfiguration"
    if rule.text(f"{at}/@odata.type").value().casefold().endswith("redirectconfiguration"):
        return ()
    pools = door.items("/properties/backendPools", key="/name")
    pool = part(pools, rule.text(f"{at}/backendPool/id"), "the backend pool")
    backends = pool.items("/properties/backends", key="/address")
    return tuple(_target(each) for each in backends if not _off(each))


def _off(backend: Subject) -> bool:
    return backend.read("/enabledState", one_of=_SWITCH) == "Disabled"


def _target(backend: Subject) -> Target:
    at = "/backendHostHeader"
    host = backend.wording(at) if backend.mentions(at) or backend.has(at) else None
    return Target(backend.wording("/address"), host)


def _firewall(frontend: Subject) -> Firewall:
    at = "/properties/webApplicationFirewallPolicyLink"
    if not frontend.has(at):
        return Firewall("", protects=False, says="no firewall policy")
    return policy(frontend, frontend.text(f"{at}/id"), OF_FRONT_DOORS)
