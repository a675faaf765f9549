"""The interpreter: template JSON and expressions to values.

Nothing here raises for what a template says. What cannot be evaluated becomes ``Unresolved``; a bound that is
reached (``TooMuch``) gives up the outermost expression it was met in, and that value alone.

Source: "ARM template syntax and expressions", "Property iteration", "Variable iteration" and "User-defined
functions" in the documentation of Azure Resource Manager.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from auditor.arm.access import member_of
from auditor.arm.canonical import derived, first_unknown, shorten, unknown_of
from auditor.arm.functions import EAGER, NAMES, PRINTING, lazy_function
from auditor.arm.scope import MAX_DEPTH, Context, Scope, TooDeep, TooMuch, Undecided, at
from auditor.arm.syntax import (
    Call,
    Index,
    Literal,
    Malformed,
    Node,
    Property,
    expression_in,
    literal_text,
    parse,
    show,
)
from auditor.model.values import Json, PartialList, PartialObject, Unresolved, member

MAX_COPIES: Final = 800
"""Iterations of one loop; Azure's own limit ("Resource iteration in ARM templates")."""

_UNFIT: Final = "its arguments do not fit"


class Interpreter:
    """Evaluates template JSON in a context."""

    def safe(self, value: Json, context: Context) -> Json:
        """The value of a piece of template JSON, whatever bounds are met."""
        run = context.scope.run
        depth, places, evaluating = run.depth, len(run.path), run.evaluating
        try:
            return self.value(value, context)
        except TooMuch as found:
            reason = str(found)
        except RecursionError:
            reason = str(TooDeep())
        run.depth, run.evaluating = depth, evaluating
        del run.path[places:]
        run.diagnose(f"A value at {{}} was not evaluated: {reason}.")
        return derived(f"(the value at {''.join(run.path)})", reason)

    def safe_count(self, written: Json, context: Context) -> int | Unresolved:
        """How often a resource is copied, whatever bounds are met."""
        return self.count(self.safe(written, context), context)

    def value(self, value: Json, context: Context) -> Json:
        """The value of a piece of template JSON, whose texts may be expressions."""
        if isinstance(value, str):
            return self.text(value, context)
        if not isinstance(value, dict | list):
            return value
        run = context.scope.run
        run.depth += 1
        if run.depth > MAX_DEPTH:
            raise TooDeep
        result: Json
        if isinstance(value, dict):
            result = self._object(value, context)
        else:
            result = []
            for index, item in enumerate(value):
                run.path.append(f"/{index}")
                result.append(self.value(item, context))
                run.path.pop()
        run.depth -= 1
        return result

    def text(self, text: str, context: Context) -> Json:
        """The value of a text of a template: an expression in brackets, or the text itself."""
        if text[:1] != "[":
            return text
        inner = expression_in(text)
        if inner is None:
            return literal_text(text)
        node = parse(inner)
        run = context.scope.run
        if isinstance(node, Malformed):
            run.diagnose(f"The expression at {{}} is malformed: {node.problem} (character {node.position}).")
            return Unresolved(
                context.scope.qualified(shorten(inner)), f"malformed expression: {node.problem}"
            )
        if run.evaluating:
            return self.node(node, context)
        depth, places = run.depth, len(run.path)
        run.begin()
        try:
            return self.node(node, context)
        except TooMuch as found:
            reason = str(found)
        except RecursionError:
            reason = str(TooDeep())
        finally:
            run.evaluating = False
        run.depth = depth
        del run.path[places:]
        run.diagnose(f"The expression at {{}} was not evaluated: {reason}.")
        return derived(context.scope.qualified(show(node)), reason)

    def node(self, node: Node, context: Context) -> Json:
        """The value of an expression."""
        if isinstance(node, Call):
            return self._call(node, context)
        if isinstance(node, Literal):
            return node.value
        accesses: list[Property | Index] = []
        while isinstance(node, Property | Index):
            accesses.append(node)
            node = node.target
        value = self.node(node, context)
        printer = context.scope.run.printer
        for step in reversed(accesses):
            key = step.name if isinstance(step, Property) else self.node(step.index, context)
            value = member_of(printer, value, key, safe=step.safe)
        return value

    def _call(self, call: Call, context: Context) -> Json:
        run = context.scope.run
        run.depth += 1
        if run.depth > MAX_DEPTH:
            raise TooDeep
        if context.repeated:
            run.step()
        name = call.name.casefold()
        lazy = lazy_function(name)
        if lazy is not None:
            try:
                result = lazy(self, call, context)
            except TooMuch:
                raise
            except (Undecided, ValueError, TypeError, LookupError, ArithmeticError) as problem:
                reason = str(problem) if isinstance(problem, Undecided) and str(problem) else _UNFIT
                result = derived(context.scope.qualified(show(call)), reason)
        else:
            arguments: list[Json] = []
            for argument in call.arguments:
                arguments.append(self.node(argument, context))  # noqa: PERF401 - a comprehension is one more frame
            result = self._apply(call.name, arguments, context)
        run.depth -= 1
        return run.bounded(result)

    def _apply(self, name: str, arguments: list[Json], context: Context) -> Json:
        run = context.scope.run
        folded = name.casefold()
        text = partial(run.printer.call, NAMES.get(folded, name), arguments)
        reason = ""
        if folded in EAGER or folded in PRINTING:
            try:
                return (
                    PRINTING[folded](arguments, text, run) if folded in PRINTING else EAGER[folded](arguments)
                )
            except TooMuch:
                raise
            except Undecided as undecided:
                reason = str(undecided)
            except (ValueError, TypeError, LookupError, ArithmeticError):
                reason = "" if first_unknown(arguments) else _UNFIT
        elif folded in context.scope.functions:
            return self._user_function(context.scope.functions[folded], arguments, context)
        else:
            reason = f"{shorten(name, 60)} is not a known function"
            run.diagnose(f"The function {shorten(name, 60)} used at {{}} is not known.")
        if not reason:
            unknown = first_unknown(arguments)
            reason = unknown.reason if unknown is not None else "it depends on values that are not known"
        return Unresolved(text(), reason)

    def _user_function(
        self, definition: dict[str, Json] | Json, arguments: list[Json], context: Context
    ) -> Json:
        scope = context.scope
        scope.run.step(3)
        declared = definition.get("parameters") if isinstance(definition, dict) else None
        output = definition.get("output") if isinstance(definition, dict) else None
        if not isinstance(output, dict):
            return Unresolved(scope.qualified("(function without an output)"), "the function gives no output")
        names = [
            item["name"]
            for item in (declared if isinstance(declared, list) else [])
            if isinstance(item, dict) and isinstance(item.get("name"), str)
        ]
        inner = Scope(
            scope.run,
            {},
            scope.pointer,
            scope.label,
            scope.level,
            scope.subscription,
            scope.group,
            {},
            definitions={name.casefold(): (name, {}) for name in names},
            functions=scope.functions,
        )
        for name, argument in zip(names, arguments, strict=False):
            inner.values["parameter", name.casefold()] = argument
        return self.value(output.get("value"), Context(inner, repeated=True))

    def _object(self, value: dict[str, Json], context: Context) -> dict[str, Json]:
        path = context.scope.run.path
        result: dict[str, Json] = {}
        why: Unresolved | None = None
        loops = property_loops(value)
        for key, item in value.items():
            if loops and key.casefold() == "copy":
                continue
            path.append(at(key))
            name = self.text(key, context) if key.startswith("[") else key
            if not isinstance(name, str):
                why = unknown_of(name) or Unresolved("(key)", "a key must be a text")
                name = str(name)
            result[name] = self.value(item, context)
            path.pop()
        for index, loop in enumerate(loops):
            path.append(at("copy", index))
            name = self.value(loop[0], context)
            if isinstance(name, str):
                result[name] = self.loop(name, loop[1], loop[2], context)
            else:
                why = unknown_of(name) or Unresolved("(key)", "a key must be a text")
            path.pop()
        return result if why is None else PartialObject(result, why)

    def loop(self, name: str, count: Json, item: Json, context: Context) -> list[Json]:
        """What a ``copy`` among properties or variables makes: ``item`` once for each index."""
        times = self.count(count, context)
        if isinstance(times, Unresolved):
            return PartialList([], times)
        result: list[Json] = []
        for index in range(times):
            result.append(self.value(item, context.within(name, index, of_resource=False)))  # noqa: PERF401
        return result

    def count(self, written: Json, context: Context) -> int | Unresolved:
        """How often a loop runs; unresolved too when it is more often than Azure allows."""
        times = self.value(written, context)
        if isinstance(times, str) and times.isascii() and times.isdigit() and len(times) < 9:
            times = int(times)
        if isinstance(times, int) and not isinstance(times, bool):
            if 0 <= times <= MAX_COPIES:
                return times
            context.scope.run.diagnose(
                f"The loop at {{}} would run {times} times; Azure allows {MAX_COPIES} and it was left open."
            )
            return Unresolved(str(times), f"a loop runs at most {MAX_COPIES} times")
        unknown = unknown_of(times)
        if unknown is None:
            context.scope.run.diagnose("The count of the loop at {} is not a number.")
            return Unresolved(
                context.scope.run.printer.show(times), "the count of a loop must be a whole number"
            )
        return (
            unknown
            if isinstance(times, Unresolved)
            else derived(f"length({unknown.expression})", unknown.reason)
        )


def property_loops(value: dict[str, Json]) -> list[tuple[Json, Json, Json]]:
    """The loops among an object's members (name, count, item); none when ``copy`` is a plain member."""
    found = member(value, "copy")
    if found is None or not isinstance(found[1], list) or not found[1]:
        return []
    loops = []
    for item in found[1]:
        parts = (
            [member(item, key) for key in ("name", "count", "input")] if isinstance(item, dict) else [None]
        )
        if len(parts) != 3 or any(part is None for part in parts):
            return []
        name, count, content = (part[1] for part in parts if part is not None)
        loops.append((name, count, content))
    return loops
