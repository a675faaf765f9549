"""Copies of resources.

Source: "Resource iteration in ARM templates". The mode (serial or parallel) and the batch size change the
order of deployment only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from auditor.arm.canonical import derived, shorten
from auditor.arm.evaluate import Interpreter
from auditor.arm.scope import Context
from auditor.arm.syntax import quote
from auditor.arm.templates import get
from auditor.model.values import Json, Unresolved

MAX_RESOURCES: Final = 20_000
"""Resources that copies may add to those written in a template."""

_OPEN: Final = "how many copies there are is not known"


def iterations(
    interpreter: Interpreter, resource: dict[str, Json], context: Context
) -> Iterator[tuple[Context, Unresolved | None]]:
    """The context of each copy of a resource; one, with what is unknown, when their number is."""
    copy = get(resource, "copy")
    run = context.scope.run
    if copy is None:
        yield context, None
        return
    if not isinstance(copy, dict):
        run.diagnose("The copy at {} is not an object.")
        yield context, Unresolved(shorten(run.printer.show(copy), 200), "the copy is not an object")
        return
    name = interpreter.safe(get(copy, "name"), context)
    name = name if isinstance(name, str) and name else "copy"
    number = derived(context.scope.qualified(f"copyIndex({quote(name)})"), _OPEN)
    count = interpreter.safe_count(get(copy, "count"), context)
    if isinstance(count, Unresolved):
        yield context.within(name, number, of_resource=True), count
        return
    for index in range(count):
        run.copies += index > 0
        if run.copies > MAX_RESOURCES:
            run.diagnose(f"The copies at {{}} were left open: they make more than {MAX_RESOURCES} resources.")
            most = Unresolved(str(count), f"copies make at most {MAX_RESOURCES} resources")
            yield context.within(name, number, of_resource=True), most
            return
        yield context.within(name, index, of_resource=True), None
