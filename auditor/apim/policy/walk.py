"""Walks an effective section for one caller and finds every way in which a request can end.

Source: "API Management policy reference", the pages of the policies named; "Return response" (status 200
where none is set), "Control flow" (the first ``when`` that holds).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, TypeVar

from auditor.apim.policy.arriving import (
    AUTHORIZATION,
    SETS_AUTHORIZATION,
    fact_of_header,
    is_gate_of_addresses,
    is_own,
    secrets_of,
    token_header,
)
from auditor.apim.policy.evaluate.code import Code
from auditor.apim.policy.evaluate.context import LAST_ERROR, is_certificate_header
from auditor.apim.policy.evaluate.expressions import OutOfFuel
from auditor.apim.policy.evaluate.frame import HEADER, Bindings, Frame, Remark, Remarks
from auditor.apim.policy.evaluate.path import Answer, Path, Question, TooManyPaths, explore
from auditor.apim.policy.gates import Passing, passing
from auditor.apim.policy.outcomes import Arrival, End, Fact, Outcome
from auditor.apim.policy.sheets import named_values_of
from auditor.apim.policy.slices import Slice, writes
from auditor.apim.policy.statements import UNKNOWN, Statement
from auditor.apim.policy.states import State
from auditor.apim.policy.tokens import TokenGate, assess
from auditor.apim.policy.values import NULL, Atom, By, Null, Number, Symbol, Text, Thrown, Value, show

T = TypeVar("T")

MAX_WAYS: Final = 192
"""Paths that are followed side by side."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a request stands: variables, answers, what was proved."""

    variables: tuple[tuple[str, Value], ...] = ()
    answers: tuple[tuple[Question, Answer], ...] = ()
    facts: frozenset[Fact] = frozenset()
    gates: frozenset[int] = frozenset()
    branch: Statement | None = None

    def given(self, answers: dict[Question, Answer]) -> Way:
        """The same with the answers of an evaluation."""
        return replace(self, answers=tuple(answers.items()))

    def assigned(self, name: str, value: Value) -> Way:
        """The same with a variable written."""
        return replace(self, variables=tuple({**dict(self.variables), name: value}.items()))


@dataclass(slots=True)
class Walker:
    """Walks one slice for one caller in one request context."""

    slice: Slice
    state: State
    bindings: Bindings
    remarks: Remarks
    tokens: dict[int, TokenGate] = field(default_factory=dict)
    """What the token statements prove, by the statement's id; filled as they are met."""
    met: set[int] = field(default_factory=set)
    """Ids of the statements that demand a token or a certificate, as far as some path comes to them."""
    ended: dict[Arrival, None] = field(default_factory=dict)

    def outcome(self, start: Way | None = None) -> Outcome:
        """All ways in which the request can end."""
        try:
            for way in self._all(self.slice.statements, [start or Way()]):
                self._end(way, End.FORWARDED, None)
        except (TooManyPaths, OutOfFuel):
            return Outcome(tuple(self.ended), complete=False)
        return Outcome(tuple(self.ended))

    # -- the way through -------------------------------------------------------------------------------

    def _all(self, statements: tuple[Statement, ...], ways: list[Way]) -> list[Way]:
        for statement in statements:
            if not ways:
                break
            if not self.slice.decides(statement):
                continue
            ways = [after for way in ways for after in self._one(statement, way)]
            if len(ways) > 1:
                ways = list({(w.variables, frozenset(w.answers), w.facts, w.gates): w for w in ways}.values())
            if len(ways) > MAX_WAYS:
                raise TooManyPaths
        return ways

    def _one(self, statement: Statement, way: Way) -> list[Way]:
        action = self._actions.get(statement.name)
        if action is not None:
            return action(self, statement, way)
        if statement.children:
            return self._all(statement.children, [way])
        return [self._written(statement, way)]

    def _end(self, way: Way, end: End, by: Statement | None) -> None:
        arrival = Arrival(end, way.facts | secrets_of(way.answers), way.answers, by, way.branch, way.gates)
        self.ended.setdefault(arrival)

    def _evaluate(self, way: Way, run: Callable[[Frame], T]) -> list[tuple[T | None, Way]]:
        """Every result of an evaluation with the way it leads to; None where it throws."""

        def once(path: Path) -> T | None:
            variables = dict(way.variables)
            frame = Frame(
                self.state,
                path,
                self.bindings,
                variables,
                self.slice.closed,
                self.remarks,
                self.slice.written,
            )
            try:
                return run(frame)
            except (Thrown, RecursionError):
                return None

        return [(result, way.given(answers)) for result, answers in explore(once, dict(way.answers))]

    def _asked(self, way: Way, symbol: Symbol) -> tuple[list[Way], list[Way]]:
        """The ways on which a symbol is true, and on which it is not."""
        results = self._evaluate(way, lambda frame: frame.truth(symbol))
        return [w for value, w in results if value], [w for value, w in results if not value]

    # -- statements ------------------------------------------------------------------------------------

    def _choose(self, statement: Statement, way: Way) -> list[Way]:
        waiting, after = [way], []
        for branch in statement.children:
            if branch.name == "otherwise":
                inside = [replace(each, branch=branch) for each in waiting]
                after += [replace(w, branch=way.branch) for w in self._all(branch.children, inside)]
                waiting = []
            elif branch.name == "when":
                taken: list[Way] = []
                left: list[Way] = []
                for each in waiting:
                    self._condition(branch, each, taken, left)
                after += [replace(w, branch=way.branch) for w in self._all(branch.children, taken)]
                waiting = left
        return after + waiting

    def _condition(self, branch: Statement, way: Way, taken: list[Way], left: list[Way]) -> None:
        code = self.slice.code(branch, "condition")
        inside = replace(way, branch=branch)
        if code is None:
            self._end(inside, End.FAILED, branch)
            return
        for value, after in self._evaluate(way, lambda frame: frame.truth(code.evaluate(frame))):
            if value is None:
                self._end(replace(after, branch=branch), End.FAILED, branch)
            elif value:
                taken.append(replace(after, branch=branch))
            else:
                left.append(after)

    def _set_variable(self, statement: Statement, way: Way) -> list[Way]:
        name, code = statement.element.word("name"), self.slice.code(statement, "value")
        if name is None or name not in self.slice.kept or code is None:
            return [way]
        return self._assign(statement, way, name, code)

    def _set_header(self, statement: Statement, way: Way) -> list[Way]:
        name = (statement.element.word("name") or "").casefold()
        action = statement.element.word("exists-action") or "override"
        if name not in self.slice.headers or action == "append":
            # What the caller sent stays: its value is still the caller's.
            return [way]
        sent: list[Way] = []
        unsent = [way]
        if action == "skip" and HEADER + name not in dict(way.variables):
            sent, unsent = self._asked(way, Symbol(By.CALLER, f"request header {name} is sent"))
        elif action == "skip":
            return [way]
        value = statement.element.find("value")
        code = self.slice.part(statement, value, "") if value is not None else None
        if action == "delete" or code is None:
            return sent + [each.assigned(HEADER + name, NULL) for each in unsent]
        return sent + [w for each in unsent for w in self._assign(statement, each, HEADER + name, code)]

    def _assign(self, statement: Statement, way: Way, name: str, code: Code) -> list[Way]:
        after = []
        for value, then in self._evaluate(way, code.evaluate):
            if value is None:
                self._end(then, End.FAILED, statement)
            else:
                after.append(then.assigned(name, value))
        return after

    def _written(self, statement: Statement, way: Way) -> Way:
        """Variables that a statement fills from outside: responses, cached values, tokens."""
        for name in writes(statement):
            if name not in self.slice.kept:
                continue
            text = f"result of {statement.name} in variable {name!r}"
            way = way.assigned(name, Symbol(By.OUTSIDE, text))
            if statement.name == "send-request" and statement.element.word("ignore-error") in {None, "false"}:
                # Without a response the pipeline ends in an error, so there is one.
                there = Atom("==", text, "null", literal=True)
                way = way.given({**dict(way.answers), there: Answer(False, By.CALLER)})
        return way

    def _return_response(self, statement: Statement, way: Way) -> list[Way]:
        status = statement.element.find("set-status")
        code = self.slice.part(statement, status, "code") if status is not None else None
        if code is None:
            if statement.element.get("response-variable-name") is None:
                self._end(way, End.ANSWERED, statement)
            else:
                self._status(statement, way, Symbol(By.OUTSIDE, "the status of the response in a variable"))
            return []
        for value, after in self._evaluate(way, code.evaluate):
            if value is None:
                self._end(after, End.FAILED, statement)
            else:
                self._status(statement, after, value)
        return []

    def _status(self, statement: Statement, way: Way, value: Value) -> None:
        """Ends with a status: below 400 the caller is served."""
        number = value.value if isinstance(value, Number) else None
        if isinstance(value, Text) and value.value.strip().isdecimal():
            number = float(value.value)
        if number is not None:
            self._end(way, End.DENIED if number >= 400 else End.ANSWERED, statement)
            return
        by = value.by if isinstance(value, Symbol) and value.by is not By.SECRET else By.OPAQUE
        refuses = Symbol(max(by, By.CONFIG), f"{show(value)} is a status of refusal")
        yes, no = self._asked(way, refuses)
        for each in yes:
            self._end(each, End.DENIED, statement)
        for each in no:
            self._end(each, End.ANSWERED, statement)

    def _mock_response(self, statement: Statement, way: Way) -> list[Way]:
        code = self.slice.code(statement, "status-code")
        self._status(
            statement, way, code.fixed if code is not None and code.fixed is not None else Number(200)
        )
        return []

    def _certificate(self, statement: Statement, way: Way) -> list[Way]:
        self.met.add(id(statement))
        after = []
        for value, then in self._evaluate(way, lambda frame: passing(statement, frame)):
            if value is Passing.ACCEPTED:
                after.append(then)
            elif value is Passing.IGNORED:
                # Whether the error can be seen by what follows is not documented.
                text = f"context.LastError after {statement.name} ({statement.origin})"
                after.append(then.assigned(LAST_ERROR, Symbol(By.UNDOCUMENTED, text, certificate=True)))
            else:
                self._end(then, End.DENIED, statement)
        return after

    def _token(self, statement: Statement, way: Way) -> list[Way]:
        gate = self.tokens.get(id(statement))
        if gate is None:
            gate = self.tokens[id(statement)] = assess(statement)
        self.met.add(id(statement))
        self._end(way, End.DENIED, statement)
        after: list[Way] = []
        for each, theirs in self._brought(statement, way):
            after += self._proved(gate, each) if theirs else [self._written(statement, each)]
        return after

    def _proved(self, gate: TokenGate, way: Way) -> list[Way]:
        """Ways with a token that was accepted."""
        statement = gate.statement
        way = self._written(statement, way)
        if gate.proves is False:
            return [way]
        proved, void = [way], list[Way]()
        if gate.proves is None:
            names = " ".join(f"{{{{{each}}}}}" for each in named_values_of(statement.element))
            text = f"{statement.name} ({statement.origin}) checks a signature {names}".rstrip()
            proved, void = self._asked(way, Symbol(gate.doubt, text))
        fact = Fact.ENTRA if gate.entra else Fact.TOKEN
        gates = {id(statement)}
        return void + [replace(each, facts=each.facts | {fact}, gates=each.gates | gates) for each in proved]

    def _brought(self, statement: Statement, way: Way) -> list[tuple[Way, bool]]:
        """Ways on which there is a token, and whether callers brought it: the gateway's proves nothing."""
        header, code = token_header(statement), self.slice.code(statement, "token-value")
        found: list[tuple[Value | None, Way]] = [(None, way)]
        if header is not None:
            found = [(dict(way.variables).get(HEADER + header), way)]
        elif code is not None:
            found = [each for each in self._evaluate(way, code.evaluate) if each[0] is not None]
        brought = []
        for value, each in found:
            if is_own(value):
                text = f"{statement.name} ({statement.origin}) accepts the gateway's own token"
                brought += [(one, False) for one in self._asked(each, Symbol(By.OUTSIDE, text))[0]]
            elif not isinstance(value, Null):
                brought.append((each, True))
        return brought

    def _credentials(self, statement: Statement, way: Way) -> list[Way]:
        """Statements that replace the caller's ``Authorization`` by credentials for the backend."""
        way = self._written(statement, way)
        elsewhere = statement.element.get("output-token-variable-name") is not None
        if AUTHORIZATION not in self.slice.headers or elsewhere:
            return [way]
        return [way.assigned(HEADER + AUTHORIZATION, Symbol(By.OUTSIDE, f"credentials of {statement.name}"))]

    def _check_header(self, statement: Statement, way: Way) -> list[Way]:
        values = statement.element.find_all("value")
        name = statement.element.word("name") or ""
        if is_certificate_header(name):
            fits = Symbol(By.CALLER, f"request header {name} is as expected", header=True)
            self.remarks.add(Remark.HEADER_CERTIFICATE, f"request header {name}")
            sent, unsent = self._asked(way, fits)
            for each in unsent:
                self._end(each, End.DENIED, statement)
            return sent
        if not values:
            # That a header is there proves nothing: callers send it.
            return [way]
        codes = [self.slice.part(statement, each, "") for each in values]
        configured = any(code is not None and not isinstance(code.fixed, Text) for code in codes)
        fact = fact_of_header(name, configured)
        if fact is None:
            return [way]
        self._end(way, End.DENIED, statement)
        return [replace(way, facts=way.facts | ({fact, Fact.HEADER} if fact is Fact.SECRET else {fact}))]

    def _ip_filter(self, statement: Statement, way: Way) -> list[Way]:
        if not is_gate_of_addresses(statement):
            return [way]
        self._end(way, End.DENIED, statement)
        return [replace(way, facts=way.facts | {Fact.IP})]

    def _cache(self, statement: Statement, way: Way) -> list[Way]:
        hit, miss = self._asked(way, Symbol(By.OUTSIDE, f"a cached answer exists ({statement.origin})"))
        for each in hit:
            self._end(each, End.ANSWERED, statement)
        return miss

    def _unknown(self, statement: Statement, way: Way) -> list[Way]:
        """What was not read can let a request pass, answer it or refuse it, and write every variable."""
        what = f"{statement.reason} ({statement.origin})"
        through, ends = self._asked(way, Symbol(By.UNREAD, f"{what} lets the request pass", certificate=True))
        for each in ends:
            served, refused = self._asked(each, Symbol(By.UNREAD, f"{what} answers it", certificate=True))
            for one in served:
                self._end(one, End.ANSWERED, statement)
            for one in refused:
                self._end(one, End.DENIED, statement)
        after = []
        for each in through:
            for name in self.slice.kept:
                value = Symbol(By.UNREAD, f"variable {name!r} after {what}", certificate=True)
                each = each.assigned(name, value)
            after.append(each)
        return after

    def _wait(self, statement: Statement, way: Way) -> list[Way]:
        """Children run side by side: which ends first is not documented, and ``any`` drops the others."""
        deciding = tuple(child for child in statement.children if self.slice.decides(child))
        if statement.element.word("for") == "any":
            finished = Symbol(By.UNDOCUMENTED, f"all of <wait for=any> runs ({statement.origin})")
            runs, dropped = self._asked(way, finished)
            return self._all(deciding, runs) + dropped
        if len(deciding) < 2:
            return self._all(deciding, [way])
        order = Symbol(By.UNDOCUMENTED, f"statements in <wait> run in the order written ({statement.origin})")
        forward, backward = self._asked(way, order)
        return self._all(deciding, forward) + self._all(deciding[::-1], backward)

    _actions: ClassVar[dict[str, Callable[[Walker, Statement, Way], list[Way]]]] = {
        "choose": _choose,
        "set-variable": _set_variable,
        "set-header": _set_header,
        "return-response": _return_response,
        "mock-response": _mock_response,
        "validate-client-certificate": _certificate,
        "validate-jwt": _token,
        "validate-azure-ad-token": _token,
        "check-header": _check_header,
        "ip-filter": _ip_filter,
        "cache-lookup": _cache,
        **dict.fromkeys(SETS_AUTHORIZATION, _credentials),
        "wait": _wait,
        UNKNOWN: _unknown,
    }
