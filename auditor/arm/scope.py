"""What an expression can see: the run, the template it stands in, and the loops and lambdas around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol, TypeAlias

from auditor.arm.canonical import Printer, derived
from auditor.arm.syntax import Call, Node
from auditor.model.values import Json, Partial, PartialList, PartialObject, Unresolved, escape

Text: TypeAlias = str | Unresolved | Partial

MAX_DEPTH: Final = 110
"""Evaluations within evaluations; each takes a few stack frames, so this stays well below Python's limit."""
MAX_STEPS: Final = 2_000_000
"""Calls evaluated more than once, in loops, lambdas and user-defined functions, for the whole template."""
MAX_STEPS_OF_VALUE: Final = 250_000
"""The same, for one expression of the template."""
MAX_WEIGHT: Final = 4_000_000
"""Characters of one computed value, with some for each member (Azure allows templates of 4 MB)."""
_MEMBER: Final = 16
MAX_VOLUME: Final = 1_000_000_000
MAX_NESTING: Final = 100
MAX_DIAGNOSTICS: Final = 500


class Undecided(Exception):  # noqa: N818 - not an error: a value is not known
    """An expression has no value that could be told; why, in words a reader can act on.

    An empty reason means: because an argument is not known.
    """


class TooMuch(Undecided):
    """A bound was reached; ends the evaluation of the whole value, so that nothing half-done is kept."""


class TooDeep(TooMuch):
    """Evaluations were nested too deeply; from another place the same value may be within reach."""

    def __init__(self) -> None:
        super().__init__("it is nested too deeply to evaluate")


class Level(Enum):
    """At which level of the hierarchy a template is deployed; it decides what ``resourceId`` gives."""

    GROUP = "resource group"
    SUBSCRIPTION = "subscription"
    MANAGEMENT_GROUP = "management group"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class Choice:
    """What is behind an object known only as far as two alternatives agree."""

    value: Json
    condition: str
    reason: str
    yes: Json
    no: Json


class Run:
    """One expansion: what it found out on the way, and the bounds that keep it finite."""

    def __init__(self) -> None:
        self.printer = Printer()
        self.linked: dict[str, None] = {}
        self.left_out: dict[str, None] = {}
        """Places of resources that could not be understood."""
        self.unresolved_parameters: dict[str, None] = {}
        self.defaulted_parameters: dict[str, None] = {}
        self.path: list[str] = []
        self.choices: dict[int, Choice] = {}
        """Objects that are one of two, by their id."""
        self.depth = 0
        self.evaluating = False
        self.copies = 0
        self._steps = 0
        self._begun = 0
        self._volume = 0
        self._weights: dict[int, tuple[Json, int]] = {}
        self._diagnostics: dict[str, None] = {}

    def diagnose(self, sentence: str) -> None:
        """Say something about the place being evaluated; ``{}`` stands for its pointer."""
        if len(self._diagnostics) < MAX_DIAGNOSTICS:
            self._diagnostics.setdefault(sentence.replace("{}", "".join(self.path) or "/"))

    @property
    def diagnostics(self) -> tuple[str, ...]:
        """What was said, each sentence once, in order."""
        said = tuple(self._diagnostics)
        if len(said) < MAX_DIAGNOSTICS:
            return said
        return (*said, f"There is more to say about this template than {MAX_DIAGNOSTICS} sentences.")

    def begin(self) -> None:
        """Start an expression of the template."""
        self.evaluating = True
        self._begun = self._steps

    def step(self, cost: int = 1) -> None:
        """Count a call that is evaluated repeatedly."""
        self._steps += cost
        if self._steps > MAX_STEPS:
            raise TooMuch("the template needs too many steps to evaluate")
        if self._steps - self._begun > MAX_STEPS_OF_VALUE:
            raise TooMuch("it needs too many steps to evaluate")

    def bounded(self, value: Json) -> Json:
        """The same value, when neither it nor all values together are too large."""
        weight = self._weigh(value, 0)
        if weight > MAX_WEIGHT:
            raise TooMuch("the value is too large to evaluate")
        if weight > 1000:
            self._volume += weight
            if self._volume > MAX_VOLUME:
                raise TooMuch("the values of the template are too large to evaluate")
        return value

    def _weigh(self, value: Json, depth: int) -> int:
        if isinstance(value, str):
            return len(value) + _MEMBER
        if isinstance(value, Partial):
            return sum(_MEMBER + len(str(piece)) for piece in value.pieces)
        if not isinstance(value, dict | list):
            return _MEMBER
        known = self._weights.get(id(value))
        if known is not None:
            return known[1]
        if depth > MAX_NESTING:
            raise TooMuch("it is nested too deeply to evaluate")
        weight = _MEMBER
        for item in value.values() if isinstance(value, dict) else value:
            weight += self._weigh(item, depth + 1)
        # The value is kept with its weight: its id must not be given to another one.
        self._weights[id(value)] = (value, weight)
        return weight


@dataclass(frozen=True, slots=True)
class Binding:
    """What a deployment gives for a parameter: written text, evaluated in the context of whoever gives it."""

    raw: Json
    """``{"value": ...}`` or ``{"reference": ...}``, or an expression that gives such an object."""
    context: Context | None
    """None when the text is a value already, as in a parameter file."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as written, under its name; ``loop`` when it is one of the ``copy`` of the variables."""

    name: str
    raw: Json
    loop: bool = False


@dataclass(slots=True, eq=False)
class Scope:
    """One template being deployed: its parameters, variables and functions, each evaluated once."""

    run: Run
    template: Mapping[str, Json]
    pointer: str
    label: str
    """What tells this template's unknowns from those of others: empty for the root."""
    level: Level
    subscription: Text
    group: Text
    bindings: Mapping[str, Binding]
    root: bool = False
    definitions: Mapping[str, tuple[str, Mapping[str, Json]]] = field(default_factory=dict)
    variables: Mapping[str, Variable] = field(default_factory=dict)
    functions: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    values: dict[tuple[str, str], Json] = field(default_factory=dict)
    """Evaluated parameters and variables, by kind and folded name."""
    busy: set[tuple[str, str]] = field(default_factory=set)
    children: dict[str, Scope] = field(default_factory=dict)
    """Inner scopes of nested deployments, by pointer."""
    deployments: list[tuple[str | None, Text, Text, Mapping[str, Json], str]] | None = None
    """Nested deployments that ``reference`` can reach: symbolic name, name, id, resource, pointer."""

    def qualified(self, text: str) -> str:
        """An expression about this template, told apart from the same expression in another."""
        return f"deployment({self.label}).{text}" if self.label else text


@dataclass(frozen=True, slots=True)
class Context:
    """Where an expression is evaluated."""

    scope: Scope
    loops: Mapping[str, int | Unresolved] = field(default_factory=dict)
    """Indexes by folded loop name; the innermost resource loop also under the empty name."""
    names: Mapping[str, Json] = field(default_factory=dict)
    """Lambda variables by folded name."""
    repeated: bool = False
    """Evaluated more than once for one place in the file."""
    parameter: str = ""
    """The parameter whose default is being evaluated."""

    def within(self, loop: str, index: int | Unresolved, of_resource: bool) -> Context:
        """The context of one iteration."""
        loops = {**self.loops, loop.casefold(): index}
        if of_resource:
            loops[""] = index
        return Context(self.scope, loops, self.names, True, self.parameter)

    def binding(self, names: Mapping[str, Json]) -> Context:
        """The context of a lambda's body."""
        return Context(self.scope, self.loops, {**self.names, **names}, True, self.parameter)


class Evaluator(Protocol):
    """What functions ask of the evaluator (``evaluate.py``), without importing it."""

    def node(self, node: Node, context: Context) -> Json:
        """The value of an expression."""

    def value(self, value: Json, context: Context) -> Json:
        """The value of a piece of template JSON, whose texts may be expressions."""


Eager: TypeAlias = Callable[[list[Json]], Json]
"""A function of known and unknown values; raises Undecided when it cannot tell."""
Printing: TypeAlias = Callable[[list[Json], Callable[[], str], Run], Json]
"""The same, given how to print the call, to name what is not known inside its result, and the run."""
Lazy: TypeAlias = Callable[[Evaluator, Call, Context], Json]
"""A function that evaluates its arguments itself, or needs to know where it stands."""


def at(*keys: str | int) -> str:
    """Part of a JSON pointer."""
    return "".join("/" + escape(str(key)) for key in keys)


def literal(node: Node) -> str:
    """The text an argument is written as; Undecided when it is not one."""
    value = getattr(node, "value", None)
    if not isinstance(value, str):
        raise Undecided("a name must be written as a text here")
    return value


def known(value: Json) -> Json:
    """The value itself; Undecided unless all of its own level is known."""
    if isinstance(value, Unresolved | Partial | PartialObject | PartialList):
        raise Undecided
    return value


def unknown_member(text: str, whole: Unresolved) -> Unresolved:
    """A member of something unknown."""
    return derived(whole.expression + text, whole.reason)
