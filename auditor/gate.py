"""The decision of a run."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.errors import Exit
from auditor.model.check import Check
from auditor.model.evidence import Reason
from auditor.model.results import FindingJson, GateJson, ServiceJson
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
) -> GateJson:
    """Whether a run passes.

    Args:
        services: The judged services.
        fail_on: A severity, or ``none``: what is milder does not count.
        allow_unknown: ``all``, ``input``, control ids in upper case and check ids that may stay unknown.
        unreadable: How many files could not be read.
        allow_empty: No service in the scope is fine.
        read: How many files could be read.
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
        if any(_open(f, check_id, allow_unknown) and _counts(f, fail_on) for f in findings):
            unknown += 1
    threshold = "" if fail_on == "low" else f" at or above {fail_on}"
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


def unknown_selectors(values: Iterable[str], checks: Iterable[Check]) -> list[str]:
    """Those of the ``--allow-unknown`` values that name nothing."""
    known = {"all", "input"}
    for check in checks:
        known |= {check.id, check.control}
    return [value for value in values if value not in known]


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
    return fail_on != NEVER and Severity(finding["severity"]).rank <= Severity(fail_on).rank


def _checks(count: int) -> str:
    return "check" if count == 1 else "checks"


def _gate(fail_on: str, code: Exit, reason: str) -> GateJson:
    return GateJson(fail_on=fail_on, exit_code=int(code), reason=reason)
