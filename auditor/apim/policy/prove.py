"""The face of this package: what an effective policy proves about its callers.

Verdicts are plain data; ``details`` gives them the shape in which results are stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.apim.policy.certificates import Cause, Decider, Judged, Verdict, judge
from auditor.apim.policy.compose import Effective
from auditor.apim.policy.evaluate.frame import Bindings, Remark, known_bindings
from auditor.apim.policy.scopes import Api, Context, Operation
from auditor.apim.policy.states import Caller
from auditor.apim.policy.values import By, Symbol, Value
from auditor.apim.policy.walks import Walks

__all__ = ["Cause", "CertificateVerdict", "Verdict", "bindings_of", "certificate_verdict"]


@dataclass(frozen=True, slots=True)
class CertificateVerdict:
    """Whether a client certificate is really required, who gets in, and what decides."""

    verdict: Verdict
    reason: str
    states: Mapping[Caller, str]
    enters: tuple[Caller, ...]
    undecided: tuple[Caller, ...]
    operands: tuple[str, ...]
    causes: tuple[Cause, ...]
    deciders: tuple[Decider, ...]
    remarks: tuple[tuple[Remark, str], ...]
    instead: tuple[str, ...]
    tested: bool
    readings: tuple[tuple[str, Verdict], ...]
    """Where something is not documented: the assumptions, and what holds under them."""

    def details(self) -> dict[str, Any]:
        """The stored form, ``kind`` ``caller-states``."""
        return {
            "kind": "caller-states",
            "verdict": str(self.verdict),
            "reason": self.reason,
            "states": {str(caller): mark for caller, mark in self.states.items()},
            "decided_by": [_decided(each) for each in self.deciders],
            "undecided": [str(caller) for caller in self.undecided],
            "operands": list(self.operands),
            "causes": [str(cause) for cause in self.causes],
            "notes": [{"kind": str(kind), "text": text} for kind, text in self.remarks],
            "instead": list(self.instead),
            "readings": [{"assumes": text, "verdict": str(verdict)} for text, verdict in self.readings],
        }


def _decided(decider: Decider) -> dict[str, Any]:
    origin = (decider.branch or decider.statement).origin
    return {
        "scope": str(origin.place.scope),
        "resource": origin.place.id,
        "fragment": origin.fragment,
        "line": origin.line,
        "column": origin.column,
        "statement": decider.statement.name,
        "condition": decider.text,
        "end": str(decider.end),
        "callers": [str(caller) for caller in decider.callers],
    }


def bindings_of(api: Api, operation: Operation | None = None, context: Context | None = None) -> Bindings:
    """What is fixed for an operation and a way to arrive: conditions on it are then decided."""
    values: dict[str, str | bool | None] = {
        "Api": "",
        "Api_Id": api.name or api.id,
        "Api_Name": api.title or None,
    }
    optional = {
        "Api_Path": api.path,
        "Api_Revision": api.revision,
        "Api_Version": api.version,
        "Api_IsCurrentRevision": api.current,
    }
    values.update({key: value for key, value in optional.items() if value is not None})
    if not api.title:
        del values["Api_Name"]
    if operation is not None:
        values |= {"Operation": "", "Operation_Id": operation.name or operation.id}
        if operation.title:
            values["Operation_Name"] = operation.title
        if operation.method and operation.method != "*":
            values |= {"Operation_Method": operation.method, "Request_Method": operation.method}
        if operation.url_template:
            values["Operation_UrlTemplate"] = operation.url_template
    if context is not None and context.key is not None:
        values.update(_arrival(context))
    found = known_bindings(**values)
    if operation is not None:
        found.update(_request(operation))
    return found


def _request(operation: Operation) -> Iterator[tuple[str, Value]]:
    """What requests for one operation have in common, and callers do not choose as they like.

    Which paths reach an operation is not documented to the letter (case, encoding), so that a condition on
    the path is a question for a person. Source: "API Management policy expressions" (``Request.Method``,
    ``IUrl``).
    """
    if not operation.method:
        yield "context.Request.Method", Symbol(By.UNREAD, "the operation's method")
    if "*" not in operation.url_template:
        for url in ("Url", "OriginalUrl"):
            yield (
                f"context.Request.{url}.Path",
                Symbol(By.UNDOCUMENTED, "the path of requests for the operation"),
            )


def _arrival(context: Context) -> dict[str, str | bool | None]:
    """Product and subscription of a way to arrive."""
    values: dict[str, str | bool | None] = {"Subscription": "" if context.key else None}
    product = context.product
    if product is None:
        return {**values, "Product": None}
    values |= {"Product": "", "Product_Id": product.name or product.id}
    if product.title:
        values["Product_Name"] = product.title
    return values


def certificate_verdict(
    effective: Effective, bindings: Bindings | None = None, walks: Walks | None = None
) -> CertificateVerdict:
    """Whether a client certificate is really required by an effective policy.

    Args:
        effective: What runs, in every reading that the documentation leaves open.
        bindings: What is fixed for the operation and the way to arrive; see ``bindings_of``.
        walks: What was found out before; give the same one for all policies of a service.
    """
    walks = walks or Walks()
    judged = [judge(reading, bindings or {}, walks) for reading in effective.readings]
    kinds = {each.verdict for each in judged}
    readings = tuple(
        ("; ".join(reading.assumptions), each.verdict)
        for reading, each in zip(effective.readings, judged, strict=True)
        if reading.assumptions
    )
    worst = judged[0]
    if len(kinds) > 1:
        words = "; ".join(f"{verdict} if {text}" for text, verdict in readings)
        reason = f"what is not documented decides: {words}"
        return _made(worst, Verdict.MANUAL, reason, (Cause.READINGS, *worst.causes), readings)
    if effective.doubts and worst.verdict in {Verdict.PASS, Verdict.NONE}:
        reason = f"{effective.doubts[0].message}: the policy may be another one than was read"
        return _made(worst, Verdict.MANUAL, reason, (Cause.UNSOUND,), readings)
    return _made(worst, worst.verdict, worst.reason, worst.causes, readings)


def _made(
    judged: Judged,
    verdict: Verdict,
    reason: str,
    causes: tuple[Cause, ...],
    readings: tuple[tuple[str, Verdict], ...],
) -> CertificateVerdict:
    return CertificateVerdict(
        verdict,
        reason,
        judged.states,
        judged.enters,
        judged.undecided,
        judged.operands,
        causes,
        judged.deciders,
        judged.remarks,
        tuple(sorted(judged.instead)),
        judged.tested,
        readings,
    )
