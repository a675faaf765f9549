"""Resource ids, and what only Azure knows.

Source: "ARM template functions – resource", "– scope" and "– deployment". Which subscription and resource
group a template goes to is not in the file: an id keeps those as unknown pieces, and its known rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auditor.arm.canonical import Whole, derived, unknown_of
from auditor.arm.functions_text import text_of
from auditor.arm.scope import Context, Evaluator, Lazy, Level, Scope, Text, Undecided
from auditor.arm.syntax import Call
from auditor.model.values import Json, Unresolved, join

DEPLOYED: Final = "known only once it is deployed"

ONLY_AZURE: Final = {
    "uniqueString": "a hash that only Azure computes",
    "guid": "a hash that only Azure computes",
    "environment": "it depends on the cloud",
    "references": DEPLOYED,
    "providers": DEPLOYED,
    "pickZones": DEPLOYED,
    "toLogicalZone": DEPLOYED,
    "toLogicalZones": DEPLOYED,
    "toPhysicalZone": DEPLOYED,
    "toPhysicalZones": DEPLOYED,
    "deployer": DEPLOYED,
    "getSecret": DEPLOYED,
    "externalInput": DEPLOYED,
    "managementGroup": DEPLOYED,
    "dateTimeAdd": "dates are not computed",
    "dateTimeFromEpoch": "dates are not computed",
    "dateTimeToEpoch": "dates are not computed",
    "parseCidr": "address ranges are not computed",
    "cidrSubnet": "address ranges are not computed",
    "cidrHost": "address ranges are not computed",
    "fail": "the template stops here on purpose",
}


def scope_id(level: Level, subscription: Text, group: Text) -> list[Text]:
    """The beginning of the ids of what is deployed at a level."""
    if level is Level.GROUP:
        return ["/subscriptions/", subscription, "/resourceGroups/", group]
    return ["/subscriptions/", subscription] if level is Level.SUBSCRIPTION else []


def typed_path(kind: str, names: Sequence[Text]) -> list[Text]:
    """``/providers/`` with a type and its names, one after the other."""
    provider, *types = kind.split("/")
    pieces: list[Text] = ["/providers/", provider]
    for one, name in zip(types, names, strict=True):
        pieces += ["/", one, "/", name]
    return pieces


def _split_at_type(arguments: list[Json]) -> tuple[list[Text], str, list[Text]]:
    """What stands before the type, the type, and as many names as it has segments."""
    for index, value in enumerate(arguments):
        if isinstance(value, str) and "/" in value.strip("/"):
            kind = value.strip("/")
            names = [text_of(name) for name in arguments[index + 1 :]]
            if len(names) == kind.count("/"):
                return [text_of(item) for item in arguments[:index]], kind, names
            raise Undecided("the type and the names do not fit")
        if not isinstance(value, str):
            text_of(value)
    raise Undecided


def _evaluated(evaluator: Evaluator, call: Call, context: Context) -> list[Json]:
    return [evaluator.node(argument, context) for argument in call.arguments]


def _unknown(context: Context, name: str, arguments: list[Json], problem: Undecided) -> Unresolved:
    unknown = next((found for value in arguments if (found := unknown_of(value))), None)
    reason = str(problem) or (unknown.reason if unknown else "its arguments do not fit")
    return Unresolved(context.scope.run.printer.call(name, arguments), reason)


def _id_function(name: str, most: int) -> Lazy:
    """A function giving an id, with up to ``most`` arguments before the type."""

    def run(evaluator: Evaluator, call: Call, context: Context) -> Json:
        arguments = _evaluated(evaluator, call, context)
        try:
            before, kind, names = _split_at_type(arguments)
            if len(before) > most:
                raise Undecided("there are too many arguments")
            return join([*_beginning(name, before, context.scope), *typed_path(kind, names)])
        except Undecided as problem:
            return _unknown(context, name, arguments, problem)

    return run


def _beginning(name: str, before: list[Text], scope: Scope) -> list[Text]:
    if name == "tenantResourceId":
        return []
    if name == "subscriptionResourceId":
        return ["/subscriptions/", before[0] if before else scope.subscription]
    if name == "managementGroupResourceId":
        group = before[0] if before else Unresolved("managementGroup().name", DEPLOYED)
        return ["/providers/Microsoft.Management/managementGroups/", group]
    if not before:
        return scope_id(scope.level, scope.subscription, scope.group)
    subscription = before[0] if len(before) == 2 else scope.subscription
    return ["/subscriptions/", subscription, "/resourceGroups/", before[-1]]


def _extension_id(evaluator: Evaluator, call: Call, context: Context) -> Json:
    arguments = _evaluated(evaluator, call, context)
    try:
        before, kind, names = _split_at_type(arguments[1:])
        if before:
            raise Undecided("there are too many arguments")
        return join([text_of(arguments[0]), *typed_path(kind, names)])
    except Undecided as problem:
        return _unknown(context, "extensionResourceId", arguments, problem)


def _subscription(evaluator: Evaluator, call: Call, context: Context) -> Json:  # noqa: ARG001
    scope = context.scope
    own = isinstance(scope.subscription, Unresolved) and scope.subscription.expression.startswith(
        "subscription()"
    )
    text = "subscription()" if own else f"subscription({scope.run.printer.show(scope.subscription)})"
    known = {"id": join(["/subscriptions/", scope.subscription]), "subscriptionId": scope.subscription}
    return Whole(known, Unresolved(text, DEPLOYED))


def _resource_group(evaluator: Evaluator, call: Call, context: Context) -> Json:  # noqa: ARG001
    scope = context.scope
    own = isinstance(scope.group, Unresolved) and scope.group.expression.startswith("resourceGroup()")
    show = scope.run.printer.show
    text = "resourceGroup()" if own else f"resourceGroup({show(scope.subscription)}, {show(scope.group)})"
    known = {
        "id": join(["/subscriptions/", scope.subscription, "/resourceGroups/", scope.group]),
        "name": scope.group,
        "type": "Microsoft.Resources/resourceGroups",
    }
    return Whole(known, derived(text, DEPLOYED))


def _tenant(evaluator: Evaluator, call: Call, context: Context) -> Json:  # noqa: ARG001
    return Unresolved("tenant()", DEPLOYED)


def _deployment(evaluator: Evaluator, call: Call, context: Context) -> Json:  # noqa: ARG001
    label = context.scope.label
    return derived(f"deployment({label})", DEPLOYED)


def _once(name: str) -> Lazy:
    """A function whose every use gives another value: the parameter it is the default of tells them apart."""

    def run(evaluator: Evaluator, call: Call, context: Context) -> Json:
        printer = context.scope.run.printer
        text = printer.call(name, _evaluated(evaluator, call, context))
        if context.parameter:
            text = context.scope.qualified(f"parameters('{context.parameter}', {text})")
        return derived(text, DEPLOYED)

    return run


def _only_azure(name: str, reason: str) -> Lazy:
    def run(evaluator: Evaluator, call: Call, context: Context) -> Json:
        arguments = _evaluated(evaluator, call, context)
        return Unresolved(context.scope.run.printer.call(name, arguments), reason)

    return run


LAZY: Final[dict[str, Lazy]] = {
    **{name: _only_azure(name, reason) for name, reason in ONLY_AZURE.items()},
    "resourceId": _id_function("resourceId", 2),
    "subscriptionResourceId": _id_function("subscriptionResourceId", 1),
    "tenantResourceId": _id_function("tenantResourceId", 0),
    "managementGroupResourceId": _id_function("managementGroupResourceId", 1),
    "extensionResourceId": _extension_id,
    "subscription": _subscription,
    "resourceGroup": _resource_group,
    "tenant": _tenant,
    "deployment": _deployment,
    "newGuid": _once("newGuid"),
    "utcNow": _once("utcNow"),
}
