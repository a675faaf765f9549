"""With what callers of an API are served, and why a policy that authenticates does not keep them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from auditor.apim.documents import ways_in
from auditor.apim.policy.authentication import AuthenticationVerdict, Proof, combine
from auditor.apim.policy.evaluate.code import names_in
from auditor.apim.policy.guards import GUARDS, Guard, Why, why
from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.scopes import Missing, Scope
from auditor.apim.policy.statements import NOT_READ, Statement
from auditor.apim.policy.values import By
from auditor.model.evidence import Gap, Reason
from auditor.model.logic import settled
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict
from controls.apim.im_1_arrivals import ENOUGH, Case, arrivals, cases_of, how, name_of, where
from controls.policies import policy_words, told

_MOST_LISTED = 50
_FILLED = ("${", "%{")
"""How a value begins that a tool fills in before deployment."""


@dataclass(frozen=True, slots=True)
class _Cause:
    """One reason why callers get in with too little."""

    rule: Rule
    weight: Weight
    says: str
    fix: str
    statement: Statement | None = None
    operations: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()


def authenticated(api: Subject) -> Verdict:
    """With what callers are served, over every operation and way to arrive at it.

    Raises:
        Undetermined: The API's operations were not listed.
    """
    prover, ways = ways_in(api)
    cases = list(cases_of(prover, ways))
    found = combine([case.verdict for case in cases])
    causes = list(dict.fromkeys(_causes(api, cases)))
    if found.weakest is not None and found.weakest < ENOUGH:
        return _served(api, cases, found.weakest, causes)
    return _not_surely(api, prover, cases, found, causes)


# -- verdicts --------------------------------------------------------------------------------------------


def _served(api: Subject, cases: list[Case], weakest: Proof, causes: list[_Cause]) -> Verdict:
    """A failure: something is surely served with too little."""
    general = Rule.NO_AUTHENTICATION if weakest < Proof.KEY else Rule.KEY_ONLY
    reasons = [each for each in causes if each.weight is Weight.FAIL]
    fix = (
        reasons[0].fix
        if reasons
        else "Let a policy validate a token or a certificate before anything else runs."
    )
    parts = [
        f"The API {api.name} serves callers with {weakest.word} ({where(cases, weakest)})",
        *(f"{each.says}{_at(api, each)}" for each in reasons[:2]),
    ]
    _cite(api, reasons)
    message = f"{'. '.join(f'{part[0].upper()}{part[1:]}' for part in parts)}. {fix}"
    severity = Severity.HIGH if weakest < Proof.KEY else Severity.MEDIUM
    rules = [general, *(each.rule for each in causes)]
    if general is Rule.NO_AUTHENTICATION and _keys_only(cases):
        rules.insert(1, Rule.KEY_ONLY)
    return Fail(message, _details(api, cases, causes, rules), severity)


def _keys_only(cases: list[Case]) -> bool:
    """Whether nothing but a key, or another shared secret, protects some operation."""
    least: dict[str, Proof] = {}
    for case in cases:
        if case.surely is not None:
            least |= {name: min(case.surely, least.get(name, ENOUGH)) for name in case.operations}
    return any(proof >= Proof.KEY for proof in least.values())


def _not_surely(
    api: Subject, prover: Prover, cases: list[Case], found: AuthenticationVerdict, causes: list[_Cause]
) -> Verdict:
    """Where nothing is surely served with too little: whether that is so for sure."""
    causes = [replace(each, weight=Weight.UNKNOWN) if each.weight is Weight.FAIL else each for each in causes]
    details = _details(api, cases, causes, [each.rule for each in causes]) if causes else None
    open_ = [each for case in cases for each in case.verdict.entrances if each.proof < ENOUGH]
    doubts = frozenset(kind for each in open_ for kind in each.doubts)
    unread = any(note.told in NOT_READ for case in cases for note in case.ways[0].arriving.effective.notes)
    if unread or By.UNREAD in doubts or prover.composer.policies.products is None:
        return not_all_read(f"with what callers of the API {api.name} are served", details)
    names = sorted({name for each in open_ for text in each.operands for name in names_in(text)})
    policies = prover.composer.policies
    libraries = (policies.library, policies.library_of(_workspace(api)))
    missing = [
        name for name in names if all(isinstance(library.named_value(name), Missing) for library in libraries)
    ]
    _cite(api, causes)
    if missing or any(mark in text for each in open_ for text in each.operands for mark in _FILLED):
        needed = f"the named value {missing[0]}" if missing else "a value that is filled in at deployment"
        gap = Gap(
            Reason.UNREAD_POLICY,
            f"{needed}, which decides with what callers of the API {api.name} are served",
            "add the named values that the policies use to the input",
        )
        return Unknown(f"Not known: {gap.needed}.", details, (gap,))
    if doubts or open_ or not found.complete:
        shown = details or _details(api, cases, causes, [])
        return Manual(f"A person has to look: {_doubtful(api, doubts, causes, found.complete)}.", shown)
    if found.possible is None:
        return NotApplicable("No request is served: the policies refuse every caller.")
    notes = [each for each in causes if each.weight is Weight.NOTE]
    if not notes:
        return Pass(f"Every operation demands {found.possible.word}.")
    return Pass(f"Every operation demands {found.possible.word}, as long as {notes[0].says}.", details)


def not_all_read(needed: str, details: dict[str, Any] | None = None) -> Unknown:
    """What the input does not tell."""
    remedy = "add the policies of every scope, the fragments, products and subscriptions to the input"
    return Unknown(f"Not known: {needed}.", details, (Gap(Reason.UNREAD_POLICY, needed, remedy),))


def _doubtful(api: Subject, doubts: frozenset[By], causes: list[_Cause], complete: bool) -> str:
    """What decides with what callers get in, in words: conditions are not quoted."""
    switched = next((each for each in causes if each.weight is Weight.REVIEW), None)
    if switched is not None:
        return f"{switched.says}{_at(api, switched)}"
    words = {
        By.OPAQUE: "code that is not understood here decides with what callers are served",
        By.UNDOCUMENTED: "what decides with what callers are served is not documented",
        By.OUTSIDE: "another service, a cache, chance or the clock decides with what callers are served",
        By.CONFIG: "the configuration decides with what callers are served",
    }
    for kind, text in words.items():
        if kind in doubts:
            return text
    return "there are too many ways through the policy" if not complete else next(iter(words.values()))


# -- causes ----------------------------------------------------------------------------------------------


def _causes(api: Subject, cases: list[Case]) -> Iterator[_Cause]:
    """Why callers get in with too little, the most telling first."""
    yield from _open_products(api, cases)
    yield from _product_only(cases)
    found: dict[tuple[Why, Any], tuple[Guard, list[str]]] = {}
    for case in cases:
        for guard in case.guards:
            reason = why(guard, case.walked, case.unbound, case.verdict)
            if reason is not None:
                key = (reason, guard.statement.origin)
                found.setdefault(key, (guard, []))[1].extend(case.operations)
    for reason in Why:
        for (each, _), (guard, operations) in found.items():
            if each is reason:
                yield _cause_of(reason, guard, tuple(dict.fromkeys(operations)))


def _open_products(api: Subject, cases: list[Case]) -> Iterator[_Cause]:
    """An open product lets requests in without the key that the API asks for."""
    for case in cases:
        product = case.context.product
        if product is None or case.context.key or case.surely is None or case.surely >= Proof.KEY:
            continue
        demanded = settled(lambda: api.flag("/properties/subscriptionRequired"))
        if product.subscription_required is False and demanded is True:
            api.of(api.audit.inventory.by_key[product.id]).flag("/properties/subscriptionRequired")
            yield _Cause(
                Rule.OPEN_PRODUCT,
                Weight.FAIL,
                f"the open product {name_of(product)} lifts the API's demand for a key",
                "Ask for a subscription in the product, and let a policy validate a token.",
            )


def _product_only(cases: list[Case]) -> Iterator[_Cause]:
    """Only a product's policy authenticates, and another key, or none, walks around it."""
    weak = [case for case in cases if case.surely is not None]
    for case in cases:
        product = case.context.product
        if product is None or not case.strong or case.verdict.possible is None:
            continue
        gate = _gate_of_product(case)
        around = [
            other
            for other in weak
            if other.context.product != product and set(other.operations) & set(case.operations)
        ]
        if gate is not None and around:
            yield _Cause(
                Rule.PRODUCT_ONLY_AUTHENTICATION,
                Weight.FAIL,
                f"only the product {name_of(product)} authenticates, and requests {how(around[0].context)} "
                "do not meet its policy",
                "Move the statement to the policy of the API or to the global one.",
                gate,
                tuple(dict.fromkeys(name for other in around for name in other.operations)),
            )


def _gate_of_product(case: Case) -> Statement | None:
    """What authenticates in the product's policy: a statement of its own, or a branch that refuses."""
    inbound = case.ways[0].arriving.effective.reading.inbound
    every = [each for top in inbound for each in top.walk() if each.origin.place.scope is Scope.PRODUCT]
    asked = [each for each in every if each.name in GUARDS and id(each) in case.walked.met]
    refusing = [each for each in every if each.name == "choose" and _refuses(each)]
    return next(iter((*asked, *refusing)), None)


def _refuses(choose: Statement) -> bool:
    return any(each.name == "return-response" for each in choose.walk())


def _cause_of(reason: Why, guard: Guard, operations: tuple[str, ...]) -> _Cause:
    names = ", ".join(sorted(guard.names)[:3])
    plural = "s" if len(guard.names) > 1 else ""
    if reason is Why.AVOIDABLE:
        rule, weight = Rule.AVOIDABLE_AUTHENTICATION, Weight.FAIL
        says = "authentication stands in a branch that the caller can avoid"
        fix = "Authenticate before the choose, or refuse in otherwise what no branch authenticates."
    elif reason is Why.DEAD:
        rule, weight = Rule.DEAD_AUTHENTICATION, Weight.FAIL
        says = "authentication stands in a branch whose condition never holds"
        fix = (
            "Take the statement out of the choose, or mend the condition: often it reads what nothing writes."
        )
    elif reason is Why.OFF:
        rule, weight = Rule.SWITCHED_AUTHENTICATION, Weight.FAIL
        says = f"the present value of the named value{plural} {names} switches authentication off"
        fix = "Take the statement out of the choose, so that no named value switches it."
    elif reason is Why.OPEN:
        rule, weight = Rule.SWITCHED_AUTHENTICATION, Weight.REVIEW
        by = f"the named value{plural} {names}" if names else "the configuration"
        says = f"{by} switches authentication on or off, by a value that is not known here"
        fix = "Take the statement out of the choose, so that nothing switches it."
    else:
        rule, weight = Rule.SWITCHED_AUTHENTICATION, Weight.NOTE
        says = f"the named value{plural} {names} keep{'' if plural else 's'} authentication switched on"
        fix = ""
    return _Cause(rule, weight, says, fix, guard.statement, operations, guard.names)


def _workspace(api: Subject) -> str | None:
    return api.resource.parent_key if "/workspaces/" in api.resource.type else None


def _cite(api: Subject, causes: Iterable[_Cause]) -> None:
    """Log the named values that decide."""
    from auditor.apim.written import read_named_values

    for each in causes:
        read_named_values(api, each.names)


def _at(api: Subject, cause: _Cause) -> str:
    """Where a statement stands, in brackets."""
    if cause.statement is None:
        return ""
    statement = cause.statement
    return f" ({statement.name}, {policy_words(api, statement)}, line {statement.origin.line})"


# -- who gets in, as a table -------------------------------------------------------------------------------


def _details(api: Subject, cases: list[Case], causes: list[_Cause], rules: list[Rule]) -> dict[str, Any]:
    """The stored form, ``kind`` ``authentication``: neither conditions nor operands are quoted."""
    listed = [
        told(api, each.rule, each.weight, each.says, each.statement, each.operations)
        for each in causes
        if each.statement is not None
    ]
    return {
        "kind": "authentication",
        "rules": [str(rule) for rule in dict.fromkeys(rules)],
        "arrivals": arrivals(cases)[:_MOST_LISTED],
        **({"statements": listed[:_MOST_LISTED]} if listed else {}),
    }
