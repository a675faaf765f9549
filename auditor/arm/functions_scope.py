"""Functions that read what the template declares: parameters, variables, loop indexes, nested outputs.

Source: "ARM template functions – deployment", "– resource" (``reference``), "Resource iteration in ARM
templates" (``copyIndex``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from auditor.arm.canonical import Whole, derived, unknown_of
from auditor.arm.functions_resources import DEPLOYED
from auditor.arm.scope import Binding, Context, Evaluator, Lazy, Scope, Text, TooDeep, TooMuch, Undecided, at
from auditor.arm.syntax import Call, quote
from auditor.arm.templates import (
    Target,
    deployments_of,
    get,
    inline_template,
    is_secure,
    nested_context,
    symbolic_id,
    target_of,
)
from auditor.model.values import Json, Partial, PartialObject, Unresolved

_KEY_VAULT: Final = "comes from Key Vault"


def _name(evaluator: Evaluator, call: Call, context: Context) -> str | Unresolved:
    (argument,) = call.arguments
    name = evaluator.node(argument, context)
    if isinstance(name, str):
        return name
    unknown = unknown_of(name)
    text = context.scope.qualified(context.scope.run.printer.call(call.name, [name]))
    return derived(text, unknown.reason if unknown else "a name must be a text")


def _parameters(evaluator: Evaluator, call: Call, context: Context) -> Json:
    name = _name(evaluator, call, context)
    return name if isinstance(name, Unresolved) else read_parameter(evaluator, context.scope, name)


def _variables(evaluator: Evaluator, call: Call, context: Context) -> Json:
    name = _name(evaluator, call, context)
    return name if isinstance(name, Unresolved) else read_variable(evaluator, context.scope, name)


def read_parameter(evaluator: Evaluator, scope: Scope, name: str) -> Json:
    """The value of a parameter: what the deployment gives, else its default, else null where allowed."""
    key = ("parameter", name.casefold())
    if key in scope.values:
        return scope.values[key]
    spelled, definition = scope.definitions.get(key[1], (name, None))
    text = scope.qualified(f"parameters({quote(spelled)})")
    if definition is None:
        scope.run.diagnose(f"The parameter {quote(name)} used at {{}} is not declared.")
        return derived(text, f"parameter {quote(name)} is not declared")
    if key in scope.busy:
        return derived(text, "it is defined in terms of itself")
    place = at("parameters", spelled)
    value = _once(scope, key, text, place, lambda: _parameter(evaluator, scope, spelled, definition, text))
    if is_secure(definition) and unknown_of(value) is None:
        scope.run.printer.hide(value, text)
    return value


def _once(scope: Scope, key: tuple[str, str], text: str, place: str, evaluate: Callable[[], Json]) -> Json:
    """Evaluate what a template declares, and keep it; what is too large is not known, whoever asks."""
    run = scope.run
    path, depth = run.path, run.depth
    run.path = [scope.pointer, place]
    scope.busy.add(key)
    try:
        value = run.bounded(evaluate())
    except TooDeep:
        raise
    except TooMuch as found:
        run.depth = depth
        run.diagnose(f"The value at {{}} was not evaluated: {found}.")
        value = derived(text, str(found))
    finally:
        scope.busy.discard(key)
        run.path = path
    scope.values[key] = value
    return value


def _parameter(evaluator: Evaluator, scope: Scope, name: str, definition: Json, text: str) -> Json:
    binding = scope.bindings.get(name.casefold())
    if binding is not None:
        value = _given(evaluator, binding, text)
        # Azure takes null for "not given"; an export writes it for every secure parameter.
        if value is not None:
            return value
    default = get(definition, "defaultValue")
    if default is not None:
        if scope.root:
            scope.run.defaulted_parameters.setdefault(name)
        return evaluator.value(default, Context(scope, parameter=name))
    if _nullable(scope, definition):
        if scope.root:
            scope.run.defaulted_parameters.setdefault(name)
        return None
    if scope.root:
        scope.run.unresolved_parameters.setdefault(name)
    return derived(text, f"parameter {quote(name)} has no value")


def _given(evaluator: Evaluator, binding: Binding, text: str) -> Json:
    entry = binding.raw
    if binding.context is not None:
        entry = evaluator.value(entry, binding.context)
    if isinstance(entry, Unresolved):
        return derived(f"{entry.expression}.value", entry.reason)
    if get(entry, "reference") is not None:
        return derived(text, _KEY_VAULT)
    if isinstance(entry, PartialObject) and get(entry, "value") is None:
        return derived(f"{entry.why.expression}.value", entry.why.reason)
    return get(entry, "value")


def _nullable(scope: Scope, definition: Json) -> bool:
    for _ in range(10):
        if get(definition, "nullable") is True:
            return True
        reference = get(definition, "$ref")
        if not isinstance(reference, str) or not reference.startswith("#/definitions/"):
            return False
        definition = get(get(scope.template, "definitions"), reference.removeprefix("#/definitions/"))
    return False


def read_variable(evaluator: Evaluator, scope: Scope, name: str) -> Json:
    """The value of a variable."""
    key = ("variable", name.casefold())
    if key in scope.values:
        return scope.values[key]
    variable = scope.variables.get(key[1])
    text = scope.qualified(f"variables({quote(variable.name if variable else name)})")
    if variable is None:
        scope.run.diagnose(f"The variable {quote(name)} used at {{}} is not declared.")
        return derived(text, f"variable {quote(name)} is not declared")
    if key in scope.busy:
        return derived(text, "it is defined in terms of itself")

    def evaluate() -> Json:
        if not variable.loop:
            return evaluator.value(variable.raw, Context(scope))
        return get(evaluator.value({"copy": [variable.raw]}, Context(scope)), variable.name)

    return _once(scope, key, text, at("variables", "copy" if variable.loop else variable.name), evaluate)


def _copy_index(evaluator: Evaluator, call: Call, context: Context) -> Json:
    arguments = [evaluator.node(argument, context) for argument in call.arguments]
    name = arguments.pop(0) if arguments and not isinstance(arguments[0], int) else ""
    offset = arguments[0] if arguments else 0
    index = context.loops.get(name.casefold()) if isinstance(name, str) else None
    if index is None or not isinstance(offset, int):
        unknown = unknown_of(name) or unknown_of(offset)
        raise Undecided(unknown.reason if unknown else "there is no such loop around it")
    if isinstance(index, int):
        return index + offset
    return derived(f"add({index.expression}, {offset})", index.reason) if offset else index


def _reference(evaluator: Evaluator, call: Call, context: Context) -> Json:
    arguments = [evaluator.node(argument, context) for argument in call.arguments]
    sought = arguments[0] if arguments else None
    whole = _runtime(evaluator, "reference", arguments, context)
    if not isinstance(sought, str | Unresolved | Partial):
        return whole
    for symbol, name, identity, resource, pointer in deployments_of(evaluator, context.scope):
        if sought in (name, identity) or _same_name(sought, symbol, name):
            outputs = _outputs(evaluator, context.scope, resource, pointer)
            if outputs is None:
                return whole
            found: Json = Whole({"outputs": outputs}, whole)
            full = len(arguments) > 2 and isinstance(arguments[2], str) and arguments[2].casefold() == "full"
            if full:
                found = Whole(
                    {"properties": Whole(found, derived(f"{whole.expression}.properties", DEPLOYED))}, whole
                )
            return found
    return whole


def _runtime(evaluator: Evaluator, name: str, arguments: list[Json], context: Context) -> Unresolved:
    """What a deployed resource answers; a symbolic name means something in its own template only."""
    scope = context.scope
    first = arguments[0] if arguments else None
    if isinstance(first, str) and "/" not in first:
        found = symbolic_id(evaluator, scope, first)
        if found is None:
            return derived(scope.qualified(scope.run.printer.call(name, arguments)), DEPLOYED)
        whole, version = found
        arguments = [whole, *(arguments[1:] or ([version] if isinstance(version, str) else []))]
    return derived(scope.run.printer.call(name, arguments), DEPLOYED)


def _list(evaluator: Evaluator, call: Call, context: Context) -> Json:
    arguments = [evaluator.node(argument, context) for argument in call.arguments]
    return _runtime(evaluator, call.name, arguments, context)


def _same_name(sought: Text, symbol: str | None, name: Text) -> bool:
    if not isinstance(sought, str):
        return False
    return any(isinstance(one, str) and one.casefold() == sought.casefold() for one in (symbol, name))


def _outputs(evaluator: Evaluator, scope: Scope, resource: Json, pointer: str) -> dict[str, Json] | None:
    """The outputs of a nested deployment; None when they are being worked out already."""
    key = ("outputs", pointer)
    if key in scope.values:
        known: dict[str, Json] = scope.values[key]
        return known
    nested = inline_template(resource)
    if nested is None or key in scope.busy:
        return None
    here = Context(scope)
    path, scope.run.path = scope.run.path, [pointer, nested[0], "/outputs"]
    scope.busy.add(key)
    result: dict[str, Json] = {}
    try:
        current = Target(scope.level, scope.subscription, scope.group)
        context = nested_context(
            evaluator, resource, pointer, here, target_of(evaluator, resource, here, current)
        )
        declared = get(nested[1], "outputs")
        for name, output in declared.items() if isinstance(declared, dict) else ():
            if isinstance(output, dict) and get(output, "copy") is None:
                result[name] = {"value": evaluator.value(get(output, "value"), context)}
    finally:
        scope.busy.discard(key)
        scope.run.path = path
    scope.values[key] = result
    return result


LAZY: Final[dict[str, Lazy]] = {
    "parameters": _parameters,
    "variables": _variables,
    "copyIndex": _copy_index,
    "reference": _reference,
    "list": _list,
}
