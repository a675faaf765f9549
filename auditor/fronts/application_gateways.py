"""Application Gateways: every listener and rule, where it leads and what guards it.

Sources: REST specification ``ApplicationGatewayPropertiesFormat``; "Application Gateway request routing
rules"; "URL path-based routing overview" (rules in their order, then the default); "Azure Web Application
Firewall policy overview" (the policy of a path rule wins over that of the listener, that over the gateway's);
"Overview of mutual authentication with Application Gateway" (strict and passthrough mode).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from auditor.fronts.firewalls import OF_GATEWAYS, policy
from auditor.fronts.precedence import Order, hosts_of, listener_of
from auditor.fronts.references import part
from auditor.fronts.route import ClientAuth, Firewall, Front, FrontKind, Route, Target
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject

TYPE = "microsoft.network/applicationgateways"
_TIERS = ("Standard", "Standard_v2", "WAF", "WAF_v2", "Basic")
_GUARDED = ("WAF", "WAF_v2")
_ANY = "/*"
_STATE = "/properties/operationalState"


@dataclass(frozen=True, slots=True)
class _Branch:
    """What one rule, or one rule of a path map, says: where it stands and how its members are called."""

    at: Subject
    name: str
    patterns: tuple[str, ...] | Undetermined = (_ANY,)
    before: tuple[str, ...] | Undetermined = ()
    own_policy: bool = False
    """It may name a firewall policy of its own."""
    default: bool = False
    """It is what a path map says of all other paths."""

    @property
    def lost(self) -> bool:
        """It stands for all that a rule says, which was not read."""
        return isinstance(self.patterns, Undetermined) and self.patterns is self.before

    def member(self, name: str) -> str:
        """Pointer of a member: that of a map's default has a name of its own."""
        return f"/properties/default{name[0].upper()}{name[1:]}" if self.default else f"/properties/{name}"


def read(gateway: Subject) -> Front:
    """A gateway with its routes."""
    routes: list[Route] = []
    gap = settled(lambda: _all(gateway, routes))
    idle = settled(lambda: _stopped(gateway))
    return Front(gateway, FrontKind.APPLICATION_GATEWAY, tuple(routes), gap, idle)


def _stopped(gateway: Subject) -> bool:
    """Whether a gateway is stopped, and carries no traffic.

    Only a gateway that runs reports it, so that a template which states it says nothing.
    """
    if gateway.source.declared or not gateway.mentions(_STATE):
        return False
    return gateway.read(_STATE, one_of=("Stopped", "Starting", "Running", "Stopping")) == "Stopped"


def _all(gateway: Subject, routes: list[Route]) -> None:
    gaps: list[Gap] = []
    for each in (_http, _layer_four):
        found = settled(partial(_take, each(gateway), routes))
        if isinstance(found, Undetermined):
            gaps.extend(found.gaps)
    if gaps:
        raise Undetermined(*gaps)


def _take(found: Iterator[Route], routes: list[Route]) -> None:
    routes.extend(found)


def _http(gateway: Subject) -> Iterator[Route]:
    order = Order(gateway)
    for place, rule in enumerate(gateway.items("/properties/requestRoutingRules", key="/name")):
        log = Log()
        quiet = rule.with_log(log)
        taken = order.before(place, log)
        branches = settled(partial(_branches, gateway.with_log(log), quiet))
        if isinstance(branches, Undetermined):
            branches = [_Branch(quiet, rule.item, patterns=branches, before=branches)]
        for branch in branches:
            own = Log()
            own.extend(log.entries)
            route = _route(gateway.with_log(own), rule.with_log(own), branch, own)
            route.taken = taken
            yield route


def _branches(gateway: Subject, rule: Subject) -> list[_Branch]:
    """What a rule says for which paths.

    Raises:
        Undetermined: Of which kind it is, or its map of paths, was not read.
    """
    if rule.read("/properties/ruleType", one_of=("Basic", "PathBasedRouting")) == "Basic":
        return [_Branch(rule, f"rule {rule.item}")]
    maps = gateway.items("/properties/urlPathMaps", key="/name")
    found = part(maps, rule.text("/properties/urlPathMap/id"), "the path map")
    branches: list[_Branch] = []
    before: tuple[str, ...] | Undetermined = ()
    for each in found.items("/properties/pathRules", key="/name"):
        patterns = settled(partial(_patterns, each))
        name = f"path rule {each.item}"
        branches.append(_Branch(each, name, patterns, before, own_policy=True))
        if not isinstance(before, Undetermined):
            before = patterns if isinstance(patterns, Undetermined) else (*before, *patterns)
    branches.append(_Branch(found, f"rule {rule.item}, all other paths", (_ANY,), before, default=True))
    return branches


def _patterns(rule: Subject) -> tuple[str, ...]:
    return tuple(each.text("").value() for each in rule.items("/properties/paths"))


def _route(gateway: Subject, rule: Subject, branch: _Branch, log: Log) -> Route:
    at = branch.at.with_log(log)
    found = settled(lambda: listener_of(gateway, rule))
    route = Route(gateway, FrontKind.APPLICATION_GATEWAY, "a listener", branch.name, log)
    route.patterns, route.before = branch.patterns, branch.before
    if branch.lost and isinstance(branch.patterns, Undetermined):
        route.targets = branch.patterns
    else:
        route.targets = settled(lambda: _targets(gateway, at, branch))
    route.networks = settled(lambda: _networks(gateway))
    route.rewritten = settled(lambda: _rewritten(gateway, at, branch))
    route.headers = settled(lambda: _headers(gateway, at, branch))
    if isinstance(found, Undetermined):
        route.hosts = route.public = route.firewall = route.client = found
        return route
    route.listener = f"listener {found.item}"
    route.hosts = settled(lambda: hosts_of(found))
    route.public = settled(lambda: _is_public(gateway, found))
    route.client = settled(lambda: _client(gateway, found))
    route.firewall = settled(lambda: _firewall(gateway, found, at if branch.own_policy else None))
    if branch.lost and isinstance(branch.patterns, Undetermined):
        # A path rule that was not read may have a policy of its own.
        route.firewall = branch.patterns
    return route


def _is_public(gateway: Subject, listener: Subject) -> bool:
    """Whether a listener has a public address; one that has none says in which subnet it is."""
    frontends = gateway.items("/properties/frontendIPConfigurations", key="/name")
    found = part(frontends, listener.text("/properties/frontendIPConfiguration/id"), "the frontend address")
    if found.has("/properties/publicIPAddress"):
        return True
    found.text("/properties/subnet/id")
    return False


# -- where it leads --------------------------------------------------------------------------------------


def _targets(gateway: Subject, at: Subject, branch: _Branch) -> tuple[Target, ...]:
    if at.has(branch.member("redirectConfiguration")):
        return ()
    pools = gateway.items("/properties/backendAddressPools", key="/name")
    pool = part(pools, at.text(branch.member("backendAddressPool") + "/id"), "the backend pool")
    settings = gateway.items("/properties/backendHttpSettingsCollection", key="/name")
    used = part(settings, at.text(branch.member("backendHttpSettings") + "/id"), "the backend settings")
    return tuple(_target(address, used) for address in pool.items("/properties/backendAddresses"))


def _target(address: Subject, settings: Subject | None) -> Target:
    named = _written(address, "/fqdn")
    if not named and not _written(address, "/ipAddress"):
        raise Undetermined(
            Gap(
                Reason.ABSENT, f"what a backend address of {address.name} is: it has no fqdn and no ipAddress"
            )
        )
    text = address.wording("/fqdn" if named else "/ipAddress")
    if settings is None:
        return Target(text)
    if settings.flag("/properties/pickHostNameFromBackendAddress"):
        return Target(text, text)
    if _written(settings, "/properties/hostName"):
        return Target(text, settings.wording("/properties/hostName"))
    return Target(text)


def _written(subject: Subject, pointer: str) -> bool:
    """Whether a member is there, resolved or not."""
    return subject.mentions(pointer) or subject.has(pointer)


def _networks(gateway: Subject) -> tuple[str, ...]:
    found = []
    for each in gateway.items("/properties/gatewayIPConfigurations", key="/name"):
        subnet = str(each.text("/properties/subnet/id")).casefold()
        found.append(subnet.partition("/subnets/")[0])
    return tuple(found)


def _rule_set(gateway: Subject, at: Subject, branch: _Branch) -> Subject | None:
    pointer = branch.member("rewriteRuleSet")
    if not at.has(pointer):
        return None
    sets = gateway.items("/properties/rewriteRuleSets", key="/name")
    return part(sets, at.text(f"{pointer}/id"), "the rewrite rule set")


def _rewritten(gateway: Subject, at: Subject, branch: _Branch) -> bool:
    if at.has(branch.member("redirectConfiguration")):
        return False
    settings = gateway.items("/properties/backendHttpSettingsCollection", key="/name")
    used = part(settings, at.text(branch.member("backendHttpSettings") + "/id"), "the backend settings")
    if used.has("/properties/path") and used.text("/properties/path").value() not in ("", "/"):
        return True
    rules = _rule_set(gateway, at, branch)
    if rules is None:
        return False
    return any(
        each.mentions("/actionSet/urlConfiguration") for each in rules.items("/properties/rewriteRules")
    )


def _headers(gateway: Subject, at: Subject, branch: _Branch) -> dict[str, bool]:
    """The request headers that are written; under a condition, some may be passed on as they came."""
    rules = _rule_set(gateway, at, branch)
    written: dict[str, bool] = {}
    if rules is None:
        return written
    for rule in rules.items("/properties/rewriteRules", key="/name"):
        bound = rule.mentions("/conditions") and any(True for _ in rule.items("/conditions"))
        if not rule.mentions("/actionSet/requestHeaderConfigurations"):
            continue
        for each in rule.items("/actionSet/requestHeaderConfigurations", key="/headerName"):
            name = each.text("/headerName").value().strip().casefold()
            always = not bound and not each.mentions("/headerValueMatcher")
            written[name] = written.get(name, False) or always
    return written


# -- what guards it --------------------------------------------------------------------------------------


def _firewall(gateway: Subject, listener: Subject, rule: Subject | None) -> Firewall:
    tier = gateway.read("/properties/sku/tier", one_of=_TIERS)
    if tier not in _GUARDED:
        return Firewall("", protects=False, says=f"the tier {tier} has no firewall")
    chosen = _policy(gateway, listener, rule)
    if not gateway.has("/properties/webApplicationFirewallConfiguration"):
        return chosen or Firewall("", protects=False, says="no firewall policy")
    own = _configuration(gateway)
    if chosen is not None and chosen.protects != own.protects:
        raise Undetermined(
            Gap(
                Reason.EXTERNAL,
                f"which of the two holds on {gateway.name}: {chosen.says}, and {own.says}",
                "remove webApplicationFirewallConfiguration: the policy takes its place",
            )
        )
    return chosen or own


def _policy(gateway: Subject, listener: Subject, rule: Subject | None) -> Firewall | None:
    """The policy of the path rule, or else of the listener, or else of the gateway."""
    for place in (rule, listener, gateway):
        if place is not None and place.has("/properties/firewallPolicy"):
            return policy(place, place.text("/properties/firewallPolicy/id"), OF_GATEWAYS)
    return None


def _configuration(gateway: Subject) -> Firewall:
    """The firewall that is configured in the gateway itself, as before there were policies."""
    at = "/properties/webApplicationFirewallConfiguration"
    if not gateway.flag(f"{at}/enabled"):
        return Firewall("", protects=False, says="its firewall configuration is off")
    mode = gateway.read(f"{at}/firewallMode", one_of=("Prevention", "Detection"))
    if mode == "Detection":
        says = "its firewall configuration is in Detection: it records and lets through"
        return Firewall("", protects=False, says=says)
    gateway.text(f"{at}/ruleSetType")
    return Firewall("", protects=True, says="its firewall configuration, enabled, Prevention")


def _client(gateway: Subject, listener: Subject) -> ClientAuth:
    """What a listener does with certificates.

    Raises:
        Undetermined: CA certificates are uploaded, and which mode holds was not told: older reads lack it.
    """
    if not listener.has("/properties/sslProfile"):
        return ClientAuth.NONE
    profiles = gateway.items("/properties/sslProfiles", key="/name")
    profile = part(profiles, listener.text("/properties/sslProfile/id"), "the SSL profile")
    at = "/properties/clientAuthConfiguration"
    if profile.mentions(f"{at}/verifyClientAuthMode"):
        mode = profile.read(f"{at}/verifyClientAuthMode", one_of=("Strict", "Passthrough"))
        return ClientAuth.STRICT if mode == "Strict" else ClientAuth.PASSTHROUGH
    if not any(True for _ in profile.items("/properties/trustedClientCertificates", key="/id")):
        return ClientAuth.NONE
    raise Undetermined(
        Gap(
            Reason.API_VERSION,
            f"whether the SSL profile {profile.item} of {gateway.name} verifies certificates",
            "read the gateway with api-version 2025-03-01 or newer",
        )
    )


# -- the layer below -------------------------------------------------------------------------------------


def _layer_four(gateway: Subject) -> Iterator[Route]:
    """Rules of the TCP and TLS proxy: no firewall looks at what they pass on."""
    for rule in gateway.items("/properties/routingRules", key="/name"):
        log = Log()
        quiet, own = gateway.with_log(log), rule.with_log(log)
        route = Route(quiet, FrontKind.APPLICATION_GATEWAY, "a listener", f"rule {rule.item}", log)
        route.firewall = Firewall("", protects=False, says="a TCP or TLS proxy, which has no firewall")
        # TCP is passed on as it comes; of TLS the documents say less than a verdict needs.
        route.terminates = False
        route.networks = settled(partial(_networks, quiet))
        route.targets = settled(partial(_passed_to, quiet, own))
        listener = settled(partial(_lower_listener, quiet, own))
        if isinstance(listener, Undetermined):
            route.public = listener
        else:
            route.listener = f"listener {listener.item}"
            route.public = settled(partial(_is_public, quiet, listener))
        yield route


def _lower_listener(gateway: Subject, rule: Subject) -> Subject:
    listeners = gateway.items("/properties/listeners", key="/name")
    return part(listeners, rule.text("/properties/listener/id"), "the listener")


def _passed_to(gateway: Subject, rule: Subject) -> tuple[Target, ...]:
    pools = gateway.items("/properties/backendAddressPools", key="/name")
    pool = part(pools, rule.text("/properties/backendAddressPool/id"), "the backend pool")
    return tuple(_target(address, None) for address in pool.items("/properties/backendAddresses"))
