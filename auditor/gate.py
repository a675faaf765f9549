"""The decision of a run, alone or against an earlier result, and of a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
_RANK: Mapping[str, int] = {severity.value: severity.rank for severity in Severity}


@dataclass(slots=True)
class Tally:
    """What a gate counts of judged services, taken while each is at hand."""

    fail_on: str
    """A severity, or ``none``: what is milder does not count."""
    allow_unknown: frozenset[str]
    """``all``, ``input``, control ids in upper case and check ids that may stay unknown."""
    failed: int = 0
    unknown: int = 0
    judged: int = 0
    waived: int = 0

    def add(self, check_id: str, status: Status, findings: list[FindingJson]) -> None:
        """Count one of :func:`auditor.totals.pairs`."""
        self.judged += status in (Status.PASS, Status.FAIL, Status.WAIVED)
        counted = [finding for finding in findings if _counts(finding, self.fail_on)]
        self.waived += any(finding["status"] == Status.WAIVED for finding in counted)
        if any(finding["status"] == Status.FAIL for finding in counted):
            self.failed += 1
        elif any(_open(finding, check_id, self.allow_unknown) for finding in counted):
            self.unknown += 1


@dataclass(frozen=True, slots=True)
class Whole:
    """What else decides: how much of what was asked for could be read."""

    services: int
    read: int = 1
    """How many files could be read."""
    unreadable: int = 0
    """How many files could not be read."""
    allow_empty: bool = False
    """No service in the scope is fine."""


def decided(
    tally: Tally, whole: Whole, services: Iterable[ServiceJson] = (), against: Standing | None = None
) -> GateJson:
    """Whether a run passes, by what was counted.

    Args:
        tally: What the services came to.
        whole: How much could be read.
        services: The judged services, for a decision against an earlier result alone.
        against: What stood before: of that nothing counts.
    """
    fail_on, failed, unknown, unreadable = tally.fail_on, tally.failed, tally.unknown, whole.unreadable
    if not whole.read:
        return _gate(fail_on, Exit.NO_INPUT, "no input could be read")
    if not whole.services:
        if whole.allow_empty and not unreadable:
            return _gate(fail_on, Exit.OK, "no API Management service in the input, as --allow-empty accepts")
        reason = "no API Management service in the input"
        return _gate(fail_on, Exit.INCOMPLETE if whole.allow_empty else Exit.NO_INPUT, reason)
    threshold = "" if fail_on == "low" else f" at or above {fail_on}"
    if against is not None and fail_on != NEVER:
        missing = f"{unreadable} of the files could not be read" if unreadable else ""
        missing = missing or ("" if tally.judged else "nothing at all was passed or failed")
        return _decide_against(services, fail_on, tally.allow_unknown, against, missing)
    if failed:
        tail = f", {unknown} undecided" if unknown else ""
        return _gate(fail_on, Exit.FAILED, f"{failed} {_checks(failed)} failed{threshold}{tail}")
    if unreadable:
        return _gate(fail_on, Exit.INCOMPLETE, f"{unreadable} of the files could not be read")
    if not tally.judged:
        return _gate(fail_on, Exit.INCOMPLETE, "nothing at all was passed or failed")
    if fail_on == NEVER:
        return _gate(fail_on, Exit.OK, "findings do not decide, as --fail-on none asks")
    if unknown:
        reason = f"nothing failed{threshold}, but {unknown} {_checks(unknown)} undecided"
        return _gate(fail_on, Exit.INCOMPLETE, f"{reason} (see --allow-unknown)")
    accepted = f"; {tally.waived} {_checks(tally.waived)} waived" if tally.waived else ""
    reason = f"nothing failed{threshold}, and everything that counts was decided{accepted}"
    return _gate(fail_on, Exit.OK, reason)


def _decide_against(
    services: Iterable[ServiceJson],
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
    return fail_on != NEVER and _RANK[finding["severity"]] <= _RANK[fail_on]


def _severe(severity: Severity, fail_on: str) -> bool:
    return fail_on != NEVER and severity.rank <= _RANK[fail_on]


def _count(number: int, word: str) -> str:
    return f"{number} {word if number == 1 else word + 's'}"


def _checks(count: int) -> str:
    return "check" if count == 1 else "checks"


def _gate(fail_on: str, code: Exit, reason: str) -> GateJson:
    return GateJson(fail_on=fail_on, exit_code=int(code), reason=reason)
