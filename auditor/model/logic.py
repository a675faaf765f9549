"""Three-valued logic over several items, and facts that several checks share.

Both keep the rule of the model: an item that cannot be read neither hides a failure nor grants a pass.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.inventory import SERVICE
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, Pass, Unknown, Verdict

T = TypeVar("T")
P = ParamSpec("P")

_MOST_GAPS = 10
"""How many gaps one verdict names; more do not help a reader."""


def every(
    items: Iterable[Subject],
    judge: Callable[[Subject], Verdict],
    passed: str | Callable[[int], str],
    empty: Verdict | None = None,
) -> Verdict:
    """Pass when every item passes.

    A failing item decides, whatever could not be read; without one, an unread item makes it unknown, then
    one that a person must decide makes it manual. The log keeps the evidence of the deciding items only.

    Args:
        items: Subjects that share one log; iterating may raise ``Undetermined`` for the rest.
        judge: Called with each item on a log of its own; may raise ``Undetermined``.
        passed: The message when all pass, or a function of how many did.
        empty: The verdict when there are no items and the list is complete; a pass without it.
    """
    outcomes, gaps = _outcomes(items, judge)
    failed = [(verdict, log, item) for verdict, log, item in outcomes if isinstance(verdict, Fail)]
    if failed:
        verdict = _worst(v for v, _, _ in failed)
        _keep(failed)
        rest = len(failed) - 1
        more = f" (and {rest} more: {_names(failed[1:])})" if rest else ""
        message = f"{verdict.message.removesuffix('.')}{more}." if more else verdict.message
        return Fail(message, verdict.details, verdict.severity)
    unknown = [(v, log, item) for v, log, item in outcomes if isinstance(v, Unknown)]
    if unknown or gaps:
        _keep(unknown)
        found = [gap for verdict, _, _ in unknown if isinstance(verdict, Unknown) for gap in verdict.gaps]
        return _unknown([*found, *gaps])
    manual = [(v, log, item) for v, log, item in outcomes if isinstance(v, Manual)]
    if manual:
        _keep(manual)
        return manual[0][0]
    good = [(v, log, item) for v, log, item in outcomes if isinstance(v, Pass)]
    if not good and (outcomes or empty is not None):
        _keep(outcomes)
        return outcomes[0][0] if outcomes or empty is None else empty
    _keep(good)
    return Pass(passed if isinstance(passed, str) else passed(len(good)))


def all_of(subject: Subject, judges: Sequence[Callable[[Subject], Verdict]], passed: str) -> Verdict:
    """Pass when every one of several questions about one subject passes.

    As with ``every``, a question that cannot be answered neither hides another's failure nor grants a pass;
    failures are told together, in the order of the questions.

    Args:
        subject: What all questions are about.
        judges: Each called once, on a log of its own; may raise ``Undetermined``.
        passed: The message when all pass.
    """
    waiting = iter(judges)
    outcomes, _ = _outcomes([subject] * len(judges), lambda item: next(waiting)(item))
    failed = [outcome for outcome in outcomes if isinstance(outcome[0], Fail)]
    if failed:
        _keep(failed)
        severity = _worst(verdict for verdict, _, _ in failed).severity
        return Fail(" ".join(verdict.message for verdict, _, _ in failed), None, severity)
    for doubt in (Unknown, Manual):
        undecided = [outcome for outcome in outcomes if isinstance(outcome[0], doubt)]
        if undecided:
            _keep(undecided)
            gaps = [
                gap for verdict, _, _ in undecided if isinstance(verdict, Unknown) for gap in verdict.gaps
            ]
            return _unknown(gaps) if doubt is Unknown else undecided[0][0]
    _keep(outcomes)
    return Pass(passed)


def some(items: Iterable[Subject], holds: Callable[[Subject], bool]) -> bool:
    """Whether something holds for at least one item.

    The log keeps the item that decides it, or all of them where none does.

    Raises:
        Undetermined: It holds for none that could be read, and not all could be.
    """
    gaps: list[Gap] = []
    seen: list[tuple[Log, Subject]] = []
    for item in _safely(items, gaps):
        log = Log()
        try:
            answer = holds(item.with_log(log))
        except Undetermined as undetermined:
            gaps.extend(undetermined.gaps)
            continue
        if answer and may_not_be_deployed(item):
            gaps.append(conditional_gap(item))
            continue
        if answer:
            item.log.extend(log.entries)
            return True
        seen.append((log, item))
    for log, item in seen:
        item.log.extend(log.entries)
    if gaps:
        raise Undetermined(*gaps[:_MOST_GAPS])
    return False


def either(subject: Subject, *statements: Callable[[Subject], bool]) -> bool:
    """Whether at least one statement about a subject holds, though others could not be decided.

    The log keeps the statement that decides it, or all of them where none holds.

    Raises:
        Undetermined: None that could be decided holds, and not all could be.
    """
    gaps: list[Gap] = []
    seen = Log()
    for holds in statements:
        log = Log()
        try:
            answer = holds(subject.with_log(log))
        except Undetermined as undetermined:
            gaps.extend(undetermined.gaps)
            continue
        if answer:
            subject.log.extend(log.entries)
            return True
        seen.extend(log.entries)
    subject.log.extend(seen.entries)
    if gaps:
        raise Undetermined(*gaps[:_MOST_GAPS])
    return False


def together(*groups: Iterable[Subject]) -> Iterator[Subject]:
    """The items of several groups; what could not be had of any of them is raised once, at the end."""
    gaps: list[Gap] = []
    for group in groups:
        yield from _safely(group, gaps)
    if gaps:
        raise Undetermined(*dict.fromkeys(gaps))


def within(outer: Iterable[Subject], inner: Callable[[Subject], Iterable[Subject]]) -> Iterator[Subject]:
    """The inner items of every outer item, gaps of both raised once, at the end."""
    gaps: list[Gap] = []
    for item in _safely(outer, gaps):
        yield from _safely(inner(item), gaps)
    if gaps:
        raise Undetermined(*gaps)


def derived(compute: Callable[Concatenate[Subject, P], T]) -> Callable[Concatenate[Subject, P], T]:
    """Make a fact that several checks share: computed once per subject, its evidence logged at each use.

    ``compute`` may raise ``Undetermined``; that outcome is kept and raised again, with the evidence that
    was read on the way. What else it is given has to be hashable, and is told apart by its value.
    """
    fact = f"{compute.__module__}.{compute.__qualname__}"

    @functools.wraps(compute)
    def attribute(subject: Subject, /, *given: P.args, **named: P.kwargs) -> T:
        memo = subject.audit.memo
        address = (fact, subject.resource.key, subject.base, *given, *named.items())
        outcome: Any = memo.get(address)
        if outcome is None:
            log = Log()
            try:
                outcome = (compute(subject.with_log(log), *given, **named), None, tuple(log.entries))
            except Undetermined as undetermined:
                outcome = (None, undetermined.gaps, tuple(log.entries))
            memo[address] = outcome
        value, gaps, evidence = outcome
        subject.log.extend(evidence)
        if gaps is not None:
            raise Undetermined(*gaps)
        result: T = value
        return result

    return attribute


def settled(compute: Callable[[], T]) -> T | Undetermined:
    """A value, or why it is not known: for models that carry what is not known on to where it decides."""
    try:
        return compute()
    except Undetermined as undetermined:
        # Where it was raised does not matter, and would keep alive all that the code there held.
        return undetermined.with_traceback(None)


def may_not_be_deployed(item: Subject) -> bool:
    """Whether a resource depends on a condition that is not known.

    The service itself is judged as deployed: that is what auditing its template means.
    """
    return item.resource.condition is not None and item.resource.type != SERVICE


def conditional_gap(item: Subject) -> Gap:
    """That a resource is deployed only under a condition which is not known."""
    condition = item.resource.condition
    why = f": {condition.reason}" if condition is not None and condition.reason else ""
    needed = f"whether {item.name} is deployed at all: its condition is {condition}{why}"
    return Gap(Reason.UNRESOLVED, needed, "give the parameters with --parameters FILE")


_Outcome = tuple[Verdict, Log, Subject]


def _outcomes(
    items: Iterable[Subject], judge: Callable[[Subject], Verdict]
) -> tuple[list[_Outcome], list[Gap]]:
    gaps: list[Gap] = []
    outcomes: list[_Outcome] = []
    for item in _safely(items, gaps):
        log = Log()
        verdict: Verdict
        try:
            verdict = judge(item.with_log(log))
        except Undetermined as undetermined:
            verdict = Unknown(str(undetermined), None, undetermined.gaps)
        if isinstance(verdict, Fail) and may_not_be_deployed(item):
            verdict = Unknown(verdict.message, None, (conditional_gap(item),))
        outcomes.append((verdict, log, item))
    return outcomes, gaps


def _safely(items: Iterable[Subject], gaps: list[Gap]) -> Iterator[Subject]:
    """The items that can be had; what stops the listing is added to ``gaps``."""
    try:
        yield from items
    except Undetermined as undetermined:
        gaps.extend(undetermined.gaps)


def _worst(verdicts: Iterable[Verdict]) -> Fail:
    fails = [verdict for verdict in verdicts if isinstance(verdict, Fail)]
    return min(fails, key=lambda fail: fail.severity.rank if fail.severity else 0)


def _keep(outcomes: Sequence[_Outcome]) -> None:
    for _, log, item in outcomes:
        item.log.extend(log.entries)


def _names(outcomes: Sequence[_Outcome]) -> str:
    shown = [item.item or item.name for _, _, item in outcomes[:3]]
    return ", ".join(shown) + (", ..." if len(outcomes) > len(shown) else "")


def _unknown(gaps: list[Gap]) -> Unknown:
    distinct = list(dict.fromkeys(gaps))
    return Unknown(gap_sentence(distinct), None, tuple(distinct[:_MOST_GAPS]))


def gap_sentence(gaps: Iterable[Gap]) -> str:
    """What is missing, in one sentence."""
    needed = list(dict.fromkeys(gap.needed for gap in gaps))
    more = f" (and {len(needed) - 1} more)" if len(needed) > 1 else ""
    return f"Not known: {needed[0]}{more}." if needed else "Not known."
