"""The decision of a run, alone or against an earlier result, and of a comparison."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.against import Standing
from auditor.compare import Comparison
from auditor.errors import Exit
from auditor.model.check import Check
from auditor.model.comparison import Change, DiffGateJson
from auditor.model.evidence import Reason
from auditor.model.results import AgainstJson, FindingJson, GateJson, ServiceJson
from auditor.model.verdict import Severity, Status
from auditor.totals import pairs

NEVER = "none"


def decide(
    services: list[ServiceJson],
    fail_on: str,
    allow_unknown: frozenset[str],
    unreadable: int = 0,
    allow_empty: bool = False,
    read: int = 1,
    against: Standing | None = None,
) -> GateJson:
    """Whether a run passes.

    Args:
        services: The judged services.
        fail_on: A severity, or ``none``: what is milder does not count.
        allow_unknown: ``all``, ``input``, control ids in upper case and check ids that may stay unknown.
        unreadable: How many files could not be read.
        allow_empty: No service in the scope is fine.
        read: How many files could be read.
        against: What stood before: of that nothing counts.
    """
    if not read:
        return _gate(fail_on, Exit.NO_INPUT, "no input could be read")
    if not services:
        if allow_empty and not unreadable:
            return _gate(fail_on, Exit.OK, "no API Management service in the input, as --allow-empty accepts")
        reason = "no API Management service in the input"
        return _gate(fail_on, Exit.INCOMPLETE if allow_empty else Exit.NO_INPUT, reason)
    failed = unknown = judged = waived = 0
    for _, check_id, _, status, findings in pairs(services):
        if status in (Status.PASS, Status.FAIL, Status.WAIVED):
            judged += 1
        waived += any(f["status"] == Status.WAIVED and _counts(f, fail_on) for f in findings)
        if any(f["status"] == Status.FAIL and _counts(f, fail_on) for f in findings):
            failed += 1
        elif any(_open(f, check_id, allow_unknown) and _counts(f, fail_on) for f in findings):
            unknown += 1
    threshold = "" if fail_on == "low" else f" at or above {fail_on}"
    if against is not None and fail_on != NEVER:
        missing = f"{unreadable} of the files could not be read" if unreadable else ""
        missing = missing or ("" if judged else "nothing at all was passed or failed")
        return _decide_against(services, fail_on, allow_unknown, against, missing)
    if failed:
        tail = f", {unknown} undecided" if unknown else ""
        return _gate(fail_on, Exit.FAILED, f"{failed} {_checks(failed)} failed{threshold}{tail}")
    if unreadable:
        return _gate(fail_on, Exit.INCOMPLETE, f"{unreadable} of the files could not be read")
    if not judged:
        return _gate(fail_on, Exit.INCOMPLETE, "nothing at all was passed or failed")
    if fail_on == NEVER:
        return _gate(fail_on, Exit.OK, "findings do not decide, as --fail-on none asks")
    if unknown:
        reason = f"nothing failed{threshold}, but {unknown} {_checks(unknown)} undecided"
        return _gate(fail_on, Exit.INCOMPLETE, f"{reason} (see --allow-unknown)")
    accepted = f"; {waived} {_checks(waived)} waived" if waived else ""
    reason = f"nothing failed{threshold}, and everything that counts was decided{accepted}"
    return _gate(fail_on, Exit.OK, reason)


def _decide_against(
    services: list[ServiceJson],
    fail_on: str,
    allow_unknown: frozenset[str],
    against: Standing,
    missing: str,
) -> GateJson:
    """The decision on what an earlier result did not have; the rest is told as a count.

    Failures are counted one by one, not by check: a known one must not hide another of the same check.
    ``missing`` says why the run is incomplete whatever it found, and is empty where it is not.
    """
    threshold = "" if fail_on == "low" else f" at or above {fail_on}"
    new = known = opened = known_open = 0
    for _, check_id, _, _, findings in pairs(services):
        counted = [f for f in findings if _counts(f, fail_on)]
        failed = [against.stood(f) for f in counted if f["status"] == Status.FAIL]
        undecided = [against.stood(f) for f in counted if _open(f, check_id, allow_unknown)]
        known += sum(failed)
        new += len(failed) - sum(failed)
        opened += not all(undecided)
        known_open += bool(undecided) and all(undecided)
    if new:
        code, reason = Exit.FAILED, f"{_count(new, 'new failure')}{threshold}; {known} known"
        reason += f" from {against.path}"
        reason += f"; {_count(opened, 'check')} undecided anew" if opened else ""
    elif missing:
        code, reason = Exit.INCOMPLETE, missing
    elif opened:
        reason = f"nothing failed anew{threshold}, but {_count(opened, 'check')} undecided anew"
        code, reason = Exit.INCOMPLETE, f"{reason} (see --allow-unknown); {_count(known, 'failure')} known"
        reason += f" from {against.path}"
    else:
        code, reason = Exit.OK, f"nothing failed anew{threshold}; {_count(known, 'failure')} known"
        reason += f" from {against.path}"
    gate = _gate(fail_on, code, reason)
    gate["against"] = AgainstJson(
        path=against.path,
        as_of=against.as_of,
        new=new,
        known=known,
        undecided_anew=opened,
        known_undecided=known_open,
        gone=against.gone,
        notes=list(against.notes),
    )
    return gate


def decide_difference(found: Comparison, fail_on: str, allow_removed: bool) -> DiffGateJson:
    """Whether a comparison passes: nothing fails anew, and what was decided still is.

    Args:
        found: The comparison.
        fail_on: A severity, or ``none``: what is milder does not count.
        allow_removed: A subject that is gone from a complete list does not count as lost.
    """
    failing = (one.entry.finding for one in found.differences if one.fails_anew)
    anew = sum(_counts(finding, fail_on) for finding in failing)
    lost = [
        one
        for one in found.differences
        if one.change is Change.NO_LONGER_ASSESSED
        and _severe(one.severity, fail_on)
        and not (allow_removed and one.removed)
    ]
    threshold = "" if fail_on == "low" else f" at or above {fail_on}"
    losses = f"{_count(len(lost), 'verdict')} no longer assessed"
    are = losses.replace(" no", " is no" if len(lost) == 1 else " are no", 1)
    if not any(pair.old or pair.new for pair in found.pairs):
        code, reason = Exit.NO_INPUT, "no API Management service in either result"
    elif fail_on == NEVER:
        code, reason = Exit.OK, "differences do not decide, as --fail-on none asks"
    elif anew:
        code, reason = Exit.FAILED, f"{_count(anew, 'new failure')}{threshold}"
        reason += f"; {losses}" if lost else ""
    elif lost:
        code, reason = Exit.INCOMPLETE, f"nothing failed anew{threshold}, but {are}"
    else:
        code, reason = Exit.OK, f"nothing failed anew{threshold}, and what was decided before still is"
    return DiffGateJson(fail_on=fail_on, allow_removed=allow_removed, exit_code=int(code), reason=reason)


def unknown_selectors(values: Iterable[str], checks: Iterable[Check]) -> list[str]:
    """Those of the ``--allow-unknown`` values that name nothing."""
    known = selectors(checks)
    return [value for value in values if value not in known]


def selectors(checks: Iterable[Check]) -> dict[str, None]:
    """Every value that ``--allow-unknown`` takes, in the catalogue's order."""
    known = dict.fromkeys(("all", "input"))
    for check in checks:
        known |= dict.fromkeys((check.control, check.id))
    return known


def _open(finding: FindingJson, check_id: str, allowed: frozenset[str]) -> bool:
    """Whether a finding leaves something undecided that is not allowed for."""
    if finding["status"] == Status.ERROR:
        return True
    if finding["status"] != Status.UNKNOWN:
        return False
    if "all" in allowed or check_id in allowed or check_id.split(".")[1].upper() in allowed:
        return False
    only_input = bool(finding["gaps"]) and all(gap["reason"] == Reason.INPUT for gap in finding["gaps"])
    return not ("input" in allowed and only_input)


def _counts(finding: FindingJson, fail_on: str) -> bool:
    return _severe(Severity(finding["severity"]), fail_on)


def _severe(severity: Severity, fail_on: str) -> bool:
    return fail_on != NEVER and severity.rank <= Severity(fail_on).rank


def _count(number: int, word: str) -> str:
    return f"{number} {word if number == 1 else word + 's'}"


def _checks(count: int) -> str:
    return "check" if count == 1 else "checks"


def _gate(fail_on: str, code: Exit, reason: str) -> GateJson:
    return GateJson(fail_on=fail_on, exit_code=int(code), reason=reason)
