"""What an effective policy brings to a backend: which one a request goes to, and what proves who sends it.

A path is a pair of where it goes and what was put into the request on the way, so that a branch which chooses
a backend and signs in to it is told apart from one that does not. Sources: "Set backend service" policy (a
``base-url`` does not override the ``backend-id`` of a wider scope), "Authentication policies", "Set header"
and "Set query string parameter" policies, "Forward request" policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final

from auditor.apim.policy.compose import Effective
from auditor.apim.policy.origins import From, brought_by, forms, head
from auditor.apim.policy.rules.identities import KEY_HEADERS, KEY_PARAMETERS
from auditor.apim.policy.running import Running, running, spot_of
from auditor.apim.policy.scopes import Scope
from auditor.apim.policy.statements import UNKNOWN, Statement

MAX_PATHS: Final = 1_000
"""Paths that are followed side by side."""
_ENDS: Final = frozenset({"return-response", "mock-response"})
_IDENTITY: Final = "authentication-managed-identity"
_SIGNS_IN: Final = frozenset({"authentication-certificate", "authentication-basic"})
_HEADERS: Final = KEY_HEADERS | {
    "authorization",
    "x-api-key",
    "apikey",
    "x-auth-token",
    "subscription-key",
    "cookie",
}
_PARAMETERS: Final = KEY_PARAMETERS | {"apikey", "api_key", "access_token", "key"}
SAYS_CREDENTIAL: Final = re.compile(
    r"auth|key|token|secret|passw|pwd|credential|cookie|signature", re.IGNORECASE
)
"""Names that say of a header or parameter that it may be a credential."""


class Proof(IntEnum):
    """What a request brings to the backend, weak to strong."""

    NONE = 0
    PASSED = 1
    """The caller's own credential, handed on."""
    SOMETIMES = 2
    """Nothing on this path, while a condition that was left behind would have brought something."""
    UNREAD = 3
    """What was not read may bring something."""
    GUESSED = 4
    """A header or parameter whose name sounds like a credential."""
    KEY = 5
    SIGNED = 6
    """A certificate, or a user name with a password."""
    IDENTITY = 7
    """A token of the managed identity, or of another issuer."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One path to a backend."""

    chosen: Statement | None = None
    """The statement that chooses a backend by its id; None where none does."""
    names: frozenset[str] | None = frozenset()
    """Names of the backends it can be, in lower case; None where any can."""
    proof: Proof = Proof.NONE
    by: Statement | None = None
    """What brings the proof."""

    def proved(self, proof: Proof, by: Statement) -> Sent:
        """The same with something more in the request; the strongest counts."""
        return replace(self, proof=proof, by=by) if proof > self.proof else self


@dataclass(frozen=True, slots=True)
class Sending:
    """Every path to a backend of one effective policy."""

    sent: tuple[Sent, ...]
    certain: frozenset[tuple[Statement | None, Proof]]
    """What holds in every reading of what is not documented."""
    unread: str
    """Why something may be missing; empty where all was read."""


def sending(effective: Effective) -> Sending:
    """What an effective policy sends to backends that are chosen by their ids."""
    found: list[list[Sent]] = []
    unread = effective.doubts[0].message if effective.doubts else ""
    for reading in effective.readings:
        flow = _Flow(running(reading.inbound, reading.backend))
        paths = flow.all(reading.backend, flow.all(reading.inbound, frozenset({Sent()})))
        if not any(place.scope is Scope.GLOBAL for place in effective.chain) and not flow.forwards:
            # A service without a global policy of its own has the one it was made with: it forwards.
            flow.sent.update(dict.fromkeys(paths))
        unread = unread or flow.unread
        found.append([each for each in flow.sent if each.chosen is not None])
    held = [frozenset((each.chosen, each.proof) for each in one) for one in found]
    every = tuple(dict.fromkeys(each for one in found for each in one))
    return Sending(every, frozenset.intersection(*held), unread)


_Paths = frozenset[Sent]


@dataclass(slots=True)
class _Flow:
    """Follows all paths side by side through one reading."""

    sheet: Running
    sent: dict[Sent, None] = field(default_factory=dict)
    unread: str = ""
    forwards: bool = False
    """A statement that forwards the request was met."""

    def all(self, statements: Iterable[Statement], paths: _Paths) -> _Paths:
        for statement in statements:
            if not paths:
                break
            paths = self._one(statement, paths)
            if len(paths) > MAX_PATHS:
                self.unread = "there are too many paths to follow them all"
                return frozenset(list(paths)[:1])
        return paths

    def _one(self, statement: Statement, paths: _Paths) -> _Paths:
        name = statement.name
        if name in _ENDS:
            return frozenset()
        if name == "forward-request":
            self.sent.update(dict.fromkeys(paths))
            self.forwards = True
            return paths
        if name == UNKNOWN:
            self.unread = self.unread or statement.reason or "a part of it was not read"
            lost = frozenset(each.proved(Proof.UNREAD, statement) for each in paths)
            if statement.origin.section != "inbound":
                # It may forward the request itself.
                self.sent.update(dict.fromkeys(lost))
            return lost
        if name == "set-backend-service":
            return frozenset(self._chosen(statement, each) for each in paths)
        if name == "choose":
            return self._choose(statement, paths)
        if statement.children:
            return self.all(statement.children, paths)
        if name == "set-header" and _deletes(statement, "authorization"):
            return frozenset(_stripped(each) for each in paths)
        proof = self._proof(statement)
        return frozenset(each.proved(proof, statement) for each in paths) if proof else paths

    def _chosen(self, statement: Statement, path: Sent) -> Sent:
        code = spot_of(statement).code("backend-id")
        if code is None:
            kept = path.chosen is not None and path.chosen.origin.place != statement.origin.place
            return path if kept else replace(path, chosen=None, names=frozenset())
        known = forms(code, self.sheet)
        fixed = all(brought_by(form) is None for form in known)
        names = frozenset(head(form).strip().casefold() for form in known) if fixed else None
        return replace(path, chosen=statement, names=names)

    def _choose(self, statement: Statement, paths: _Paths) -> _Paths:
        results = [self.all(branch.children, paths) for branch in statement.children]
        if all(branch.name != "otherwise" for branch in statement.children):
            results.append(paths)
        before = {each.by for each in paths}
        improves = [any(each.by not in before for each in result) for result in results]
        choices = {each.chosen for each in paths}
        after: set[Sent] = set()
        for index, result in enumerate(results):
            others = any(improves[:index] + improves[index + 1 :])
            for each in result:
                # A branch that chooses its own backend is judged by what it brings to that one.
                left = others and each.proof is Proof.NONE and each.chosen in choices
                after.add(replace(each, proof=Proof.SOMETIMES) if left else each)
        return frozenset(after)

    def _proof(self, statement: Statement) -> Proof:
        name, element = statement.name, statement.element
        if name in _SIGNS_IN:
            return Proof.SIGNED
        if name == _IDENTITY:
            # Into a variable it is put for a header that is set later.
            return Proof.NONE if element.get("output-token-variable-name") is not None else Proof.IDENTITY
        if name in {"set-header", "set-query-parameter"} and not _deletes(statement):
            word = (element.word("name") or "").casefold()
            if word in (_HEADERS if name == "set-header" else _PARAMETERS):
                return self._value(statement, word)
            if SAYS_CREDENTIAL.search(word):
                return Proof.GUESSED
        return Proof.NONE

    def _value(self, statement: Statement, name: str) -> Proof:
        """What the value of a credential's header or parameter is worth."""
        spot = spot_of(statement)
        codes = [spot.below(each).text() for each in statement.element.find_all("value")]
        every = [form for code in codes if code is not None for form in forms(code, self.sheet)]
        hands = {brought_by(form) for form in every}
        if not every or every == [("",)]:
            return Proof.NONE
        if hands == {From.CALLER}:
            return Proof.PASSED
        if hands & {From.CALLER, From.UNKNOWN}:
            return Proof.UNREAD
        if name == "authorization" and From.OUTSIDE in hands:
            return Proof.IDENTITY
        return Proof.SIGNED if name == "authorization" else Proof.KEY


def _deletes(statement: Statement, name: str = "") -> bool:
    """Whether a statement takes a header or parameter away."""
    element = statement.element
    if (element.word("exists-action") or "").casefold() != "delete":
        return False
    return not name or (element.word("name") or "").casefold() == name


def _stripped(path: Sent) -> Sent:
    """A path once ``Authorization`` is taken out of the request."""
    by = path.by
    held = by is not None and (
        by.name in {_IDENTITY, "authentication-basic"}
        or (by.name == "set-header" and (by.element.word("name") or "").casefold() == "authorization")
    )
    return replace(path, proof=Proof.NONE, by=None) if held else path
