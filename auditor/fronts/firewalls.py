"""Firewall policies: whether one blocks, and what weakens it.

Sources: REST specification ``WebApplicationFirewallPolicyPropertiesFormat`` (``policySettings.state`` and
``mode``, ``managedRules``), "Azure Web Application Firewall on Azure Front Door" (managed rules: Premium),
"DRS rule groups and rules" (which sets there are, and the action of a set),
built-in policies 12430be1-6cc8-4527-a9a8-e3d38f250096 and 425bea59-a659-4cbb-8d31-34499bd030b8 (mode).
"""

from __future__ import annotations

from functools import partial
from ipaddress import IPv4Network, collapse_addresses

from auditor.fronts.references import resource
from auditor.fronts.route import Firewall
from auditor.model.evidence import Undetermined
from auditor.model.logic import settled, some
from auditor.model.subject import Subject
from auditor.model.text import Text

OF_GATEWAYS = "microsoft.network/applicationgatewaywebapplicationfirewallpolicies"
OF_FRONT_DOORS = "microsoft.network/frontdoorwebapplicationfirewallpolicies"
_MODES = ("Prevention", "Detection")
_STATES = ("Enabled", "Disabled")
_AGAINST_ATTACKS = ("Microsoft_DefaultRuleSet", "DefaultRuleSet", "OWASP")
_OTHER_SETS = ("Microsoft_BotManagerRuleSet", "BotProtection", "Microsoft_HTTPDDoSRuleSet")
"""Sets against bots and floods: what a known attack looks like is none of their rules."""
_BODIES = "/properties/policySettings/requestBodyCheck"
_OFF = ("false", "disabled")
"""What it says of a policy for gateways, and of one for front doors."""
_ACTION = "/ruleSetAction"
_ACTIONS = ("Block", "Redirect", "Log", "Allow")
_BLOCKING = ("Block", "Redirect")
_BY_RULE = ("1.", "preview-0.")
"""How the versions begin whose rules each have an action of their own; later ones take the set's."""
_NEGATED = ("/negationConditon", "/negateCondition")
"""What turns a condition round; the first is spelled so on the wire."""
_VALUES = ("/matchValues", "/matchValue")
"""What a condition compares with, as gateways and front doors call it."""
_CUSTOM_RULES = {OF_GATEWAYS: "/properties/customRules", OF_FRONT_DOORS: "/properties/customRules/rules"}
_COMMANDS = {
    OF_GATEWAYS: "az network application-gateway waf-policy show --ids ID",
    OF_FRONT_DOORS: "az network front-door waf-policy show --ids ID",
}


def policy(place: Subject, reference: Text, type_: str) -> Firewall:
    """What the policy that a front refers to does.

    Raises:
        Undetermined: The policy, or what decides in it, was not read.
    """
    found = resource(place, reference, type_, _COMMANDS[type_])
    state = "enabledState" if type_ == OF_FRONT_DOORS else "state"
    enabled = found.read(f"/properties/policySettings/{state}", one_of=_STATES)
    if enabled == "Disabled":
        return Firewall(found.name, protects=False, says=f"policy {found.name} is Disabled")
    mode = found.read("/properties/policySettings/mode", one_of=_MODES)
    if mode == "Detection":
        return Firewall(
            found.name,
            protects=False,
            says=f"policy {found.name} is in Detection: it records and lets through",
        )
    sets = list(found.items("/properties/managedRules/managedRuleSets", key="/ruleSetType"))
    if not sets:
        return Firewall(found.name, protects=False, says=f"policy {found.name} has no managed rules")
    if not some(sets, _blocks):
        return Firewall(
            found.name,
            protects=False,
            says=f"no managed rule set of policy {found.name} blocks attacks: {_told(sets)}",
        )
    if some(found.items(_CUSTOM_RULES[type_], key="/name"), _allows_all):
        return Firewall(
            found.name,
            protects=False,
            says=f"a custom rule of policy {found.name} allows every request before managed rules are asked",
        )
    return Firewall(
        found.name, protects=True, says=f"policy {found.name}, Enabled, Prevention", notes=_notes(found, sets)
    )


def _blocks(rule_set: Subject) -> bool:
    """Whether a set of managed rules blocks attacks on what is behind the firewall.

    Raises:
        Undetermined: It is a set that this version does not know, or what it does was not read.
    """
    if rule_set.read("/ruleSetType", one_of=(*_AGAINST_ATTACKS, *_OTHER_SETS)) in _OTHER_SETS:
        return False
    if rule_set.resource.type != OF_FRONT_DOORS:
        return True
    if not rule_set.mentions(_ACTION) and rule_set.text("/ruleSetVersion").value().startswith(_BY_RULE):
        return True
    return rule_set.read(_ACTION, one_of=_ACTIONS) in _BLOCKING


def _told(sets: list[Subject]) -> str:
    """The sets of a policy, each with its action where it has one."""
    told = []
    for each in sets:
        name, action = each.stated("/ruleSetType"), each.stated(_ACTION)
        told.append(f"{name} (ruleSetAction {action})" if action else name)
    return ", ".join(told)


def _notes(found: Subject, sets: list[Subject]) -> tuple[str, ...]:
    """What is taken out of a policy: for information, so that what is not known is left out."""
    notes: list[str] = []
    exclusions = _count(found, "/properties/managedRules/exclusions")
    exclusions += sum(_count(each, "/exclusions") for each in sets)
    if exclusions:
        notes.append(f"{exclusions} exclusions")
    if off := sum(_switched_off(each) for each in sets):
        notes.append(f"{off} rules disabled")
    if allowing := sum(_allows(each) for each in _listed(found, _CUSTOM_RULES[found.resource.type])):
        notes.append(f"{allowing} custom rules allow without a look at the managed ones")
    if found.mentions(_BODIES) and str(settled(partial(found.read, _BODIES))).casefold() in _OFF:
        notes.append("request bodies are not looked at")
    return tuple(notes)


def _allows_all(rule: Subject) -> bool:
    """Whether a custom rule lets everything past the managed rules: it is on, and matches anything.

    "Custom rules for Web Application Firewall": an Allow ends the evaluation.

    Raises:
        Undetermined: It may, and what decides was not read.
    """
    if (rule.stated("/state") or rule.stated("/enabledState")).casefold() == "disabled":
        return False
    if rule.text("/action").value().casefold() != "allow":
        return False
    if rule.text("/ruleType").value().casefold() != "matchrule":
        return False
    conditions = list(rule.items("/matchConditions"))
    return bool(conditions) and all(_matches_anything(each) for each in conditions)


def _matches_anything(condition: Subject) -> bool:
    """Whether a condition fits every request: its operator is Any, or it names every address of IPv4."""
    operator = condition.text("/operator").value().casefold()
    if operator not in ("any", "ipmatch"):
        return False
    if any(condition.mentions(at) and condition.flag(at) for at in _NEGATED):
        return False
    return operator == "any" or _names_all_addresses(condition)


def _names_all_addresses(condition: Subject) -> bool:
    values = next((at for at in _VALUES if condition.mentions(at)), _VALUES[0])
    named = [network for each in condition.items(values) if (network := _network(each.text("").value()))]
    return any(each.prefixlen == 0 for each in collapse_addresses(named))


def _network(text: str) -> IPv4Network | None:
    try:
        return IPv4Network(text.strip(), strict=False)
    except ValueError:
        return None


def _listed(subject: Subject, pointer: str) -> list[Subject]:
    if not subject.mentions(pointer):
        return []
    found = settled(lambda: list(subject.items(pointer)))
    return [] if isinstance(found, Undetermined) else found


def _count(subject: Subject, pointer: str) -> int:
    return len(_listed(subject, pointer))


def _switched_off(rule_set: Subject) -> int:
    groups = _listed(rule_set, "/ruleGroupOverrides")
    rules = [rule for group in groups for rule in _listed(group, "/rules")]
    return sum(
        (rule.stated("/state") or rule.stated("/enabledState")).casefold() == "disabled" for rule in rules
    )


def _allows(rule: Subject) -> bool:
    return rule.stated("/action").casefold() == "allow"
