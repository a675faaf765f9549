"""A template and its parameters to the resources it deploys.

Source: "Understand the structure and syntax of ARM templates", "Set name and type for child resources",
"Conditional deployment" (a condition does not cascade to child resources), "Linked and nested templates".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from auditor.arm.canonical import derived, shorten, slash_segments, unknown_of
from auditor.arm.deployed import Deployment, Expanded
from auditor.arm.evaluate import Interpreter
from auditor.arm.functions_logic import truth
from auditor.arm.loops import iterations
from auditor.arm.scope import Binding, Context, Level, Run, Text, at
from auditor.arm.templates import (
    GROUP,
    SUBSCRIPTION,
    Target,
    elsewhere,
    get,
    identity,
    inline_template,
    is_deployment,
    level_of,
    nested_context,
    resources_of,
    scope_of,
    target_of,
)
from auditor.model.values import Json, Partial, PartialObject, Unresolved, join, member

_NOT_BODY: Final = frozenset(
    {
        "type",
        "apiversion",
        "resources",
        "copy",
        "dependson",
        "condition",
        "comments",
        "existing",
        "metadata",
        "name",
    }
)
_MAX_NESTING: Final = 20
"""Deployments in deployments, and children in children."""


def is_template(document: Json) -> bool:
    """Whether a JSON document is an ARM template, at whatever level it is deployed."""
    schema = get(document, "$schema")
    if isinstance(schema, str) and schema:
        return schema.casefold().split("#")[0].endswith("deploymenttemplate.json")
    return get(document, "contentVersion") is not None and isinstance(get(document, "resources"), list | dict)


def is_parameters(document: Json) -> bool:
    """Whether a JSON document is a parameter file."""
    schema = get(document, "$schema")
    if isinstance(schema, str) and schema:
        return schema.casefold().split("#")[0].endswith("deploymentparameters.json")
    return (
        get(document, "contentVersion") is not None
        and isinstance(get(document, "parameters"), dict)
        and get(document, "resources") is None
    )


def expand(template: Json, parameters: Mapping[str, Json] | None = None) -> Deployment:
    """Evaluate a template with parameter values as a parameter file holds them: ``{"x": {"value": 1}}``.

    Never raises for what a template says: what cannot be evaluated is unresolved, there and nowhere else.
    """
    if not isinstance(template, dict):
        return Deployment(diagnostics=("The document is not a JSON object.",))
    run = Run()
    level = level_of(template, Level.GROUP)
    bindings: dict[str, Binding] = {}
    for name, entry in (parameters or {}).items():
        bindings.setdefault(name.casefold(), Binding(entry, None))
    target = Target(level, SUBSCRIPTION, GROUP)
    scope = scope_of(run, template, bindings, target, root=True)
    here = _Place("", Context(scope), target)
    resources = tuple(_Expansion(run).template(template, here))
    return Deployment(
        resources=resources,
        unresolved_parameters=tuple(run.unresolved_parameters),
        defaulted_parameters=tuple(run.defaulted_parameters),
        diagnostics=run.diagnostics,
        generator=_generator(template),
        linked=tuple(run.linked),
        left_out=tuple(run.left_out),
    )


def _generator(template: Json) -> str | None:
    generator = get(get(template, "metadata"), "_generator")
    parts = [get(generator, "name"), get(generator, "version")]
    return " ".join(part for part in parts if isinstance(part, str)) or None


@dataclass(frozen=True, slots=True)
class _Place:
    """What the resources of one template or one parent have in common."""

    pointer: str
    context: Context
    target: Target
    kind: str = ""
    segments: tuple[Text, ...] = ()
    condition: Unresolved | None = None
    copy_open: Unresolved | None = None
    depth: int = 0


@dataclass(slots=True)
class _Expansion:
    run: Run
    interpreter: Interpreter = field(default_factory=Interpreter)

    def template(self, owner: Json, place: _Place) -> Iterator[Expanded]:
        """The resources of a template, or the children of a resource."""
        if place.depth > _MAX_NESTING:
            self.lose(
                place.pointer, f"The resources at {{}} are nested more than {_MAX_NESTING} levels deep."
            )
            return
        found = member(owner, "resources")
        if found is not None and found[1] is not None and not isinstance(found[1], list | dict):
            self.lose(
                f"{place.pointer}/{found[0]}", "The resources at {} are neither an array nor an object."
            )
        for where, _, resource in resources_of(owner):
            pointer = place.pointer + where
            if not isinstance(resource, dict):
                self.lose(pointer, "The resource at {} is not an object.")
            elif get(resource, "import") is not None or get(resource, "extension") is not None:
                # What another provider deploys (Microsoft Graph, Kubernetes) has its version in its type.
                if get(resource, "apiVersion") is not None:
                    self.lose(pointer, "The resource at {} is said to be another provider's.")
            else:
                self.run.path = [pointer]
                for context, count in iterations(self.interpreter, resource, place.context):
                    self.run.path = [pointer]
                    yield from self.copy(resource, pointer, context, place.copy_open or count, place)

    def copy(
        self,
        resource: dict[str, Json],
        pointer: str,
        context: Context,
        copy_open: Unresolved | None,
        place: _Place,
    ) -> Iterator[Expanded]:
        """One copy of a resource with its children, or what a nested deployment deploys."""
        condition = self.condition(resource, context, place.condition)
        deployed = condition is not False
        known = condition if isinstance(condition, Unresolved) else self.unclear(resource)
        if is_deployment(resource):
            if deployed:
                yield from self.deployment(resource, pointer, context, known, copy_open, place)
            return
        kind = self.interpreter.safe(get(resource, "type"), context)
        if not isinstance(kind, str) or ("/" not in kind.strip("/") and not place.kind):
            self.lose(pointer, "The type of the resource at {} is not known, so it was left out.")
            return
        kind = kind.strip("/").partition("@")[0]
        name = self.interpreter.safe(get(resource, "name"), context)
        relative, kind = _full_type(kind, place.kind)
        segments = self.segments(name, kind, place.segments if relative else ())
        if deployed:
            yield self.expanded(resource, pointer, context, place, kind, segments, known, copy_open)
        children = _Place(
            pointer, context, place.target, kind, segments, place.condition, copy_open, place.depth + 1
        )
        yield from self.template(resource, children)

    def condition(
        self, resource: dict[str, Json], context: Context, around: Unresolved | None
    ) -> Unresolved | bool:
        """Whether a resource is deployed, as far as that can be told."""
        found = member(resource, "condition")
        if found is None:
            return around or True
        self.run.path.append(at(found[0]))
        value = self.interpreter.safe(found[1], context)
        self.run.path.pop()
        decided = truth(value)
        if decided is not None:
            return decided and (around or True)
        own = value if isinstance(value, Unresolved) else None
        if own is None:
            unknown = unknown_of(value)
            reason = unknown.reason if unknown else "its condition is neither true nor false"
            own = derived(self.run.printer.show(value), reason)
        return derived(f"and({around.expression}, {own.expression})", around.reason) if around else own

    def unclear(self, resource: dict[str, Json]) -> Unresolved | None:
        """What leaves open whether a resource is deployed here or only referred to."""
        existing = get(resource, "existing")
        if existing is None or isinstance(existing, bool):
            return None
        return derived(self.run.printer.show(existing), "whether the resource exists already is not known")

    def expanded(
        self,
        resource: dict[str, Json],
        pointer: str,
        context: Context,
        place: _Place,
        kind: str,
        segments: tuple[Text, ...],
        condition: Unresolved | None,
        copy_open: Unresolved | None,
    ) -> Expanded:
        """The resource with its members evaluated."""
        body: dict[str, Json] = {"name": _slashed(segments)}
        written = {key: item for key, item in resource.items() if key.casefold() not in _NOT_BODY}
        for key, item in written.items():
            self.run.path.append(at(key))
            body[key] = self.interpreter.safe(item, context)
            self.run.path.pop()
        version = self.interpreter.safe(get(resource, "apiVersion"), context)
        scope = get(body, "scope")
        scope = scope if isinstance(scope, str | Unresolved | Partial) else None
        target = place.target if get(resource, "existing") is not True else elsewhere(body, place.target)
        return Expanded(
            type=kind,
            segments=segments,
            api_version=version if isinstance(version, str) else None,
            body=body,
            pointer=pointer,
            condition=condition,
            existing=get(resource, "existing") is True,
            scope=scope,
            copy_open=copy_open,
            id=self.identity(kind, segments, scope, target),
        )

    def segments(self, name: Json, kind: str, parent: tuple[Text, ...]) -> tuple[Text, ...]:
        """A name cut into its segments, after those of the parent."""
        wanted = kind.count("/") - len(parent)
        if not isinstance(name, str | Unresolved | Partial):
            unknown = unknown_of(name)
            name = derived(
                self.run.printer.show(name), unknown.reason if unknown else "a name must be a text"
            )
        own = slash_segments(name)
        if len(own) < wanted and not isinstance(name, str):
            own = self.hidden_segments(name, own, wanted)
        return (*parent, *own)

    def identity(self, kind: str, segments: tuple[Text, ...], scope: Text | None, target: Target) -> Text:
        """The id of a resource; unresolved when its name has not as many segments as its type."""
        found = identity(kind, segments, scope, target)
        if found is not None:
            return found
        text = self.run.printer.call("resourceId", [kind, _slashed(segments)])
        return derived(text, "the type and the name do not fit")

    def hidden_segments(self, name: Unresolved | Partial, own: list[Text], wanted: int) -> list[Text]:
        """The segments of a name some slashes of which are in its unknown pieces: ``split(name, '/')[0]``."""
        text = shorten(self.run.printer.show(name), 200)
        unknown = name if isinstance(name, Unresolved) else name.unresolved
        whole: list[Text] = [
            derived(f"split({text}, '/')[{index}]", unknown.reason) for index in range(wanted)
        ]
        open_at = [index for index, segment in enumerate(own) if not isinstance(segment, str)]
        whole[: open_at[0]] = own[: open_at[0]]
        tail = own[open_at[-1] + 1 :]
        if tail:
            whole[-len(tail) :] = tail
        return whole

    def deployment(
        self,
        resource: dict[str, Json],
        pointer: str,
        context: Context,
        condition: Unresolved | None,
        copy_open: Unresolved | None,
        place: _Place,
    ) -> Iterator[Expanded]:
        """The resources of a nested deployment; a linked one is noted."""
        nested = inline_template(resource)
        if nested is None:
            self.linked(resource, pointer, context)
            return
        target = target_of(_Safe(self.interpreter), resource, context, place.target)
        inner = nested_context(_Safe(self.interpreter), resource, pointer, context, target)
        where = _Place(
            pointer + nested[0],
            inner,
            target,
            condition=condition,
            copy_open=copy_open,
            depth=place.depth + 1,
        )
        yield from self.template(nested[1], where)

    def linked(self, resource: dict[str, Json], pointer: str, context: Context) -> None:
        """Note a deployment whose template is in another file."""
        properties = get(resource, "properties")
        link = self.interpreter.safe(get(properties, "templateLink"), context)
        for name in ("uri", "relativePath", "id"):
            found = get(link, name)
            if found is not None:
                text = self.address(found) if isinstance(found, str | Unresolved | Partial) else "(unknown)"
                self.run.linked.setdefault(text)
                self.say(pointer, f"The deployment at {{}} links to {text}, which was not followed.")
                return
        if isinstance(link, Unresolved | PartialObject) or get(properties, "template") is not None:
            self.run.linked.setdefault(pointer)
            self.say(pointer, "The template of the deployment at {} is not known, so it was not followed.")
        else:
            self.lose(pointer, "The deployment at {} has no template.")

    def address(self, found: Text) -> str:
        """The address of a linked template, without the query: that is where access tokens stand."""
        pieces: list[str | Unresolved] = []
        for piece in found.pieces if isinstance(found, Partial) else (found,):
            pieces.append(piece.partition("?")[0] if isinstance(piece, str) else piece)
            if isinstance(piece, str) and "?" in piece:
                break
        return shorten(self.run.printer.plain(join(pieces)))

    def lose(self, pointer: str, sentence: str) -> None:
        """A diagnostic about a place where more may be deployed than could be understood."""
        self.run.left_out.setdefault(pointer)
        self.say(pointer, sentence)

    def say(self, pointer: str, sentence: str) -> None:
        """A diagnostic about a place."""
        self.run.path = [pointer]
        self.run.diagnose(sentence)


class _Safe(Interpreter):
    """An interpreter whose values are safe to ask for from outside any expression."""

    def __init__(self, inner: Interpreter) -> None:
        self.inner = inner

    def value(self, value: Json, context: Context) -> Json:
        """The value of a piece of template JSON, whatever bounds are met."""
        return self.inner.safe(value, context)


def _full_type(kind: str, parent: str) -> tuple[bool, str]:
    """Whether a child's type (and name) continue its parent's, and the full type."""
    if not parent:
        return False, kind
    if kind.casefold().startswith(parent.casefold() + "/"):
        return False, kind
    provider, slash, _ = kind.partition("/")
    if slash and "." in provider:
        return False, kind
    return True, f"{parent}/{kind}"


def _slashed(segments: tuple[Text, ...]) -> Text:
    pieces: list[Text] = []
    for segment in segments:
        pieces += ["/", segment] if pieces else [segment]
    return join(pieces)
