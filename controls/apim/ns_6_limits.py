"""NS-6: how often callers without a key may call. Words in ns_6.md."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from auditor.apim.kinds import API
from auditor.apim.policy.issues import Rule, Weight
from auditor.model.check import BEYOND
from auditor.model.evidence import Gap, Reason
from auditor.model.logic import settled
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Unknown, Verdict
from controls.declare import check
from controls.policies import policy_words, told

if TYPE_CHECKING:
    from auditor.apim.documents import Way
    from auditor.apim.policy.limits import Limit
    from auditor.apim.policy.operations import Prover

_MOST_NAMED = 3
_FIX = (
    "Add rate-limit-by-key with a counter-key that callers cannot choose, such as context.Request.IpAddress."
)


@check(
    "apim.ns-6.rate-limit",
    feature=BEYOND,
    on=API,
    severity=Severity.LOW,
    outcomes="pass fail unknown manual not_applicable",
    filed=("NS-5",),
)
def rate_limit(api: Subject) -> Verdict:
    """Callers without a key can call so often and no more."""
    api.listed("operations")
    # The prover takes a tenth of a second to import: only inputs that hold operations pay for it.
    from auditor.apim.documents import ways_in

    prover, ways = ways_in(api)
    _read_doors(api, prover)
    without = [way for way in ways if way.arriving.context.key is False]
    if not without:
        return NotApplicable("Nobody calls without a key: who calls too often can be found and cut off.")
    found = [(way, _limit(api, way)) for way in without]
    for weight in (Weight.FAIL, Weight.WEAK):
        certain = [each for each in found if each[1].weight is weight and each[0].arriving.context.certain]
        if certain:
            return Fail(f"{_sentence(api, certain)} {_FIX}", _details(api, found))
    if any(limit.weight is Weight.UNKNOWN for _, limit in found):
        return _unknown(api, next(each for each in found if each[1].weight is Weight.UNKNOWN), found)
    if any(limit.weight in (Weight.FAIL, Weight.WEAK) for _, limit in found):
        return _unknown(
            api, next(each for each in found if each[1].weight in (Weight.FAIL, Weight.WEAK)), found
        )
    doubtful = [each for each in found if each[1].weight is Weight.REVIEW]
    if doubtful:
        return Manual(f"A person has to look: {_sentence(api, doubtful)}", _details(api, found))
    if open_ := [each for each in found if not each[0].arriving.context.certain]:
        return _unknown(api, open_[0], found)
    return Pass("Every operation limits how often callers without a key call.", _details(api, found))


def _read_doors(api: Subject, prover: Prover) -> None:
    """Log whether the products of an API ask for a key: that nobody comes without one rests on it."""
    from auditor.apim.documents import api_of

    by_key = api.audit.inventory.by_key
    for product in prover.composer.policies.products_of(api_of(api)):
        door = api.of(by_key[product.id])
        settled(partial(door.flag, "/properties/subscriptionRequired"))


def _limit(api: Subject, way: Way) -> Limit:
    """The limit on one operation in one way to arrive: in every reading of what is not documented."""
    from auditor.apim.documents import api_of
    from auditor.apim.policy.limits import Limit, limit_of
    from auditor.apim.policy.prove import bindings_of

    memo = api.audit.memo
    effective, context = way.arriving.effective, way.arriving.context
    operation = way.operation if _tells_operations(api, way) else None
    address = (
        "controls.apim.ns_6_limits",
        f"{id(effective)} {api.key}",
        f"{context} {operation and operation.id}",
    )
    known = memo.get(address)
    if isinstance(known, Limit):
        return known
    bindings = bindings_of(api_of(api), operation, context)
    found = [limit_of(reading.inbound, bindings) for reading in effective.readings]
    worst = min(found, key=lambda limit: limit.rank)
    if len({limit.weight for limit in found}) > 1:
        worst = Limit(
            Weight.REVIEW, "what is not documented decides whether calls are limited", worst.statement
        )
    elif effective.doubts and worst.weight is not Weight.FAIL:
        worst = Limit(Weight.UNKNOWN, "a policy is not well written", worst.statement)
    memo[address] = worst
    return worst


def _tells_operations(api: Subject, way: Way) -> bool:
    """Whether a condition of a policy may hold for some operations only."""
    effective = way.arriving.effective
    address = ("controls.apim.ns_6_limits", "operations", f"{id(effective)}")
    known = api.audit.memo.get(address)
    if not isinstance(known, bool):
        conditions = (
            condition.text
            for reading in effective.readings
            for top in reading.inbound
            for each in top.walk()
            if each.name == "when" and (condition := each.element.get("condition")) is not None
        )
        known = any("Operation" in text or "Method" in text or "{{" in text for text in conditions)
        api.audit.memo[address] = known
    return known


def _sentence(api: Subject, found: list[tuple[Way, Limit]]) -> str:
    """What is said of the first of some ways, and of which operations."""
    first = found[0][1]
    names = list(dict.fromkeys(way.operation.name for way, _ in found if way.operation is not None))
    shown = ", ".join(names[:_MOST_NAMED]) + (
        f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    )
    place = f" ({_place(api, first)})" if first.statement is not None else ""
    where = f"{shown} of the API {api.name}" if shown else f"the API {api.name}"
    return f"{first.says[0].upper()}{first.says[1:]}{place}: {where}."


def _place(api: Subject, limit: Limit) -> str:
    statement = limit.statement
    if statement is None:
        return ""
    return f"{statement.name}, {policy_words(api, statement)}, line {statement.origin.line}"


def _unknown(api: Subject, one: tuple[Way, Limit], found: list[tuple[Way, Limit]]) -> Unknown:
    way, limit = one
    arrives = way.arriving.context.certain or limit.weight is Weight.UNKNOWN
    needed = (
        f"{limit.says} ({way}, API {api.name})"
        if arrives
        else f"whether requests arrive {way}, API {api.name}"
    )
    remedy = "add the policies of every scope, the fragments, named values and products to the input"
    return Unknown(
        f"Not known: {needed}.", _details(api, found), (Gap(Reason.UNREAD_POLICY, needed, remedy),)
    )


def _details(api: Subject, found: list[tuple[Way, Limit]]) -> dict[str, Any] | None:
    """Every limit that was found, with the operations it is the best one of."""
    rows: dict[tuple[int, str], tuple[Limit, list[str]]] = {}
    for way, limit in found:
        if limit.statement is not None:
            key = (id(limit.statement), limit.says)
            rows.setdefault(key, (limit, []))[1].append(str(way))
    if not rows:
        return None
    return {
        "kind": "policy-statements",
        "statements": [
            told(api, Rule.RATE_LIMIT, limit.weight, limit.says, limit.statement, ways)
            for limit, ways in rows.values()
            if limit.statement is not None
        ],
    }


CHECKS = (rate_limit,)
