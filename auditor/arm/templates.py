"""A template's declarations as a scope, and the templates inside templates.

Source: "Understand the structure and syntax of ARM templates" (symbolic names, ``nullable``), "Linked and
nested templates" (scope of expression evaluation).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from auditor.arm.canonical import derived, shorten, slash_segments
from auditor.arm.functions_resources import scope_id, typed_path
from auditor.arm.scope import Binding, Context, Evaluator, Level, Run, Scope, Text, Variable, at
from auditor.model.values import Json, Partial, Unresolved, join, member

DEPLOYMENTS: Final = "microsoft.resources/deployments"
_DEPLOYED: Final = "known only once it is deployed"
SUBSCRIPTION: Final = Unresolved("subscription().subscriptionId", _DEPLOYED)
GROUP: Final = Unresolved("resourceGroup().name", _DEPLOYED)
_SECURE: Final = ("securestring", "secureobject")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a template is deployed."""

    level: Level
    subscription: Text
    group: Text

    @property
    def id(self) -> Text:
        """What the ids of its resources begin with."""
        return join(scope_id(self.level, self.subscription, self.group))


def get(value: Json, name: str) -> Json:
    """A member of an object by its name without case; null when it is not there or not an object."""
    found = member(value, name) if isinstance(value, dict) else None
    return None if found is None else found[1]


def level_of(template: Mapping[str, Json], default: Level) -> Level:
    """The level a template's schema names."""
    schema = get(template, "$schema")
    text = schema.casefold() if isinstance(schema, str) else ""
    for mark, level in (
        ("subscriptiondeploymenttemplate", Level.SUBSCRIPTION),
        ("managementgroupdeploymenttemplate", Level.MANAGEMENT_GROUP),
        ("tenantdeploymenttemplate", Level.TENANT),
        ("deploymenttemplate", Level.GROUP),
    ):
        if mark in text:
            return level
    return default


def scope_of(
    run: Run,
    template: Mapping[str, Json],
    bindings: Mapping[str, Binding],
    target: Target,
    *,
    pointer: str = "",
    label: str = "",
    root: bool = False,
) -> Scope:
    """The scope a template's own expressions are evaluated in."""
    scope = Scope(
        run, template, pointer, label, target.level, target.subscription, target.group, bindings, root=root
    )
    declared = get(template, "parameters")
    if isinstance(declared, dict):
        scope.definitions = {
            name.casefold(): (name, definition)
            for name, definition in declared.items()
            if isinstance(definition, dict)
        }
    scope.variables = dict(_variables(get(template, "variables")))
    scope.functions = dict(_functions(get(template, "functions")))
    _hide_secrets(scope)
    return scope


def is_secure(definition: Mapping[str, Json]) -> bool:
    """Whether a parameter's value must not be shown."""
    kind = get(definition, "type")
    return isinstance(kind, str) and kind.casefold() in _SECURE


def _hide_secrets(scope: Scope) -> None:
    """See to it that texts written down for secure parameters never get into a canonical text."""
    for folded, (name, definition) in scope.definitions.items():
        if not is_secure(definition):
            continue
        text = scope.qualified(f"parameters('{name}')")
        scope.run.printer.hide(_plain(get(definition, "defaultValue")), text)
        binding = scope.bindings.get(folded)
        if binding is not None:
            scope.run.printer.hide(_plain(get(binding.raw, "value")), text)


def _plain(value: Json) -> Json:
    return None if isinstance(value, str) and value.startswith("[") else value


def _variables(declared: Json) -> Iterator[tuple[str, Variable]]:
    for name, raw in declared.items() if isinstance(declared, dict) else ():
        if name.casefold() == "copy" and isinstance(raw, list):
            for item in raw:
                loop = get(item, "name")
                if isinstance(loop, str):
                    yield loop.casefold(), Variable(loop, item, loop=True)
        else:
            yield name.casefold(), Variable(name, raw)


def _functions(declared: Json) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for space in declared if isinstance(declared, list) else ():
        namespace, members = get(space, "namespace"), get(space, "members")
        if isinstance(namespace, str) and isinstance(members, dict):
            for name, definition in members.items():
                if isinstance(definition, dict):
                    yield f"{namespace}.{name}".casefold(), definition


def resources_of(template: Json) -> Iterator[tuple[str, str | None, Json]]:
    """The resources of a template or a resource: where each stands, its symbolic name, itself."""
    found = member(template, "resources") if isinstance(template, dict) else None
    if found is None:
        return
    key, resources = found
    if isinstance(resources, dict):
        for name, resource in resources.items():
            yield at(key, name), name, resource
    elif isinstance(resources, list):
        for index, resource in enumerate(resources):
            yield at(key, index), None, resource


def is_deployment(resource: Json) -> bool:
    """Whether a resource is a nested deployment."""
    kind = get(resource, "type")
    return isinstance(kind, str) and kind.casefold() == DEPLOYMENTS


def inline_template(resource: Json) -> tuple[str, dict[str, Json]] | None:
    """The template written inside a nested deployment, and where in it."""
    properties = member(resource, "properties")
    if properties is None or not isinstance(properties[1], dict):
        return None
    template = member(properties[1], "template")
    if template is None or not isinstance(template[1], dict):
        return None
    return at(properties[0], template[0]), template[1]


def is_inner(resource: Json) -> bool:
    """Whether a nested template's expressions see its own parameters and variables (outer is the default)."""
    options = get(get(resource, "properties"), "expressionEvaluationOptions")
    scope = get(options, "scope")
    return isinstance(scope, str) and scope.casefold() == "inner"


def target_of(evaluator: Evaluator, resource: Json, context: Context, current: Target) -> Target:
    """Where a nested deployment goes: where its parent goes, unless it says otherwise."""
    nested = inline_template(resource)
    level = level_of(nested[1], current.level) if nested else current.level
    scope, subscription, group = (
        evaluator.value(get(resource, name), context) for name in ("scope", "subscriptionId", "resourceGroup")
    )
    if isinstance(scope, str | Partial):
        parts = slash_segments(scope)
        lowered = [part.casefold() if isinstance(part, str) else "" for part in parts]
        if "subscriptions" in lowered[:-1]:
            subscription = parts[lowered.index("subscriptions") + 1]
        if "resourcegroups" in lowered[:-1]:
            group = parts[lowered.index("resourcegroups") + 1]
    elif isinstance(scope, Unresolved):
        subscription = derived(f"split({scope.expression}, '/')[2]", scope.reason)
        group = derived(f"split({scope.expression}, '/')[4]", scope.reason)
    texts = (str, Unresolved, Partial)
    return Target(
        level,
        subscription if isinstance(subscription, texts) and subscription else current.subscription,
        group if isinstance(group, texts) and group else current.group,
    )


def nested_context(
    evaluator: Evaluator, resource: Json, pointer: str, context: Context, target: Target
) -> Context:
    """The context of the expressions in a nested deployment's inline template."""
    nested = inline_template(resource)
    if nested is None or not is_inner(resource):
        return context
    parent = context.scope
    shared = not context.repeated
    if shared and pointer in parent.children:
        return Context(parent.children[pointer])
    name = evaluator.value(get(resource, "name"), context)
    label = shorten(parent.run.printer.show(name), 80)
    written = get(get(resource, "properties"), "parameters")
    bindings: dict[str, Binding] = {}
    if isinstance(written, str):
        written = evaluator.value(written, context)
        if isinstance(written, dict):
            bindings = {key.casefold(): Binding(item, None) for key, item in written.items()}
    elif isinstance(written, dict):
        bindings = {key.casefold(): Binding(item, context) for key, item in written.items()}
    scope = scope_of(
        parent.run,
        nested[1],
        bindings,
        target,
        pointer=pointer + nested[0],
        label=label if not parent.label else f"{label} of {parent.label}",
    )
    if shared:
        parent.children[pointer] = scope
    return Context(scope, repeated=context.repeated)


def elsewhere(resource: Mapping[str, Json], current: Target) -> Target:
    """Where an existing resource is, which may be another resource group or subscription."""
    texts = (str, Unresolved, Partial)
    group, subscription = get(resource, "resourceGroup"), get(resource, "subscriptionId")
    return Target(
        Level.GROUP if isinstance(group, texts) else current.level,
        subscription if isinstance(subscription, texts) else current.subscription,
        group if isinstance(group, texts) else current.group,
    )


def identity(kind: str, names: Sequence[Text], scope: Text | None, target: Target) -> Text | None:
    """A resource's id, of an extension resource below what it extends; None when name and type do not fit."""
    if kind.count("/") != len(names):
        return None
    path = typed_path(kind, names)
    if scope is None:
        return join([target.id, *path])
    first = scope.pieces[0] if isinstance(scope, Partial) else scope
    if isinstance(first, str) and first == "/":
        return join(path)
    if isinstance(first, str) and not first.startswith("/"):
        return join([target.id, "/providers/", scope, *path])
    return join([scope, *path])


def symbolic_id(evaluator: Evaluator, scope: Scope, symbol: str) -> tuple[Text, Json] | None:
    """The id and the API version of the resource of a symbolic name; None unless there is exactly one."""
    resource = get(get(scope.template, "resources"), symbol) if symbol else None
    if not isinstance(resource, dict) or get(resource, "copy") is not None or is_deployment(resource):
        return None
    context = Context(scope)
    wanted = ("type", "name", "apiVersion", "scope", "resourceGroup", "subscriptionId")
    found = {key: evaluator.value(get(resource, key), context) for key in wanted}
    kind, name, extends = found["type"], found["name"], found["scope"]
    if not isinstance(kind, str) or not isinstance(name, str | Unresolved | Partial):
        return None
    target = Target(scope.level, scope.subscription, scope.group)
    if get(resource, "existing") is True:
        target = elsewhere(found, target)
    extends = extends if isinstance(extends, str | Unresolved | Partial) else None
    whole = identity(kind, slash_segments(name), extends, target)
    return None if whole is None else (whole, found["apiVersion"])


def deployments_of(
    evaluator: Evaluator, scope: Scope
) -> list[tuple[str | None, Text, Text, Mapping[str, Json], str]]:
    """The nested deployments ``reference`` can name: symbolic name, name, id, resource, pointer."""
    if scope.deployments is None:
        scope.deployments = []
        context = Context(scope)
        current = Target(scope.level, scope.subscription, scope.group)
        for where, symbol, resource in resources_of(scope.template):
            if not is_deployment(resource) or get(resource, "copy") is not None:
                continue
            if inline_template(resource) is None:
                continue
            name = evaluator.value(get(resource, "name"), context)
            if not isinstance(name, str | Unresolved | Partial):
                continue
            target = target_of(evaluator, resource, context, current)
            kind = "Microsoft.Resources/deployments"
            whole = join([target.id, *typed_path(kind, [name])])
            scope.deployments.append((symbol, name, whole, resource, scope.pointer + where))
    return scope.deployments
