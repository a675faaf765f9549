"""The check of IM-4 on calls of the gateway as a trusted service. Words in im_4.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from auditor.apim.collections import planned
from auditor.apim.defaults import TRUSTED_ACCESS_OFF
from auditor.apim.kinds import POLICY_SCOPE, SERVICE, below
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import gap_sentence, settled
from auditor.model.subject import Subject
from auditor.model.verdict import Manual, NotApplicable, Pass, Severity, Source, Unknown, Verdict
from controls.declare import check

_NEVER_TRUSTED = datetime(2025, 12, 1, tzinfo=UTC)
"""Services created from this day on never had trusted access for calls of the gateway."""
_ENDED = datetime(2026, 3, 15, tzinfo=UTC)
_MOST_TOLD = 3
_MOST_GAPS = 10
_AUDIENCE = "/properties/credentials/managedIdentity/resource"


@dataclass(slots=True)
class _Calls:
    """What calls services of the list with the managed identity, and what may."""

    found: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def add(self, where: str, service: str | None) -> None:
        if service:
            self.found.append(f"{service} ({where})")
        elif service is None:
            needed = f"for what {where} asks a token of the managed identity"
            remedy = "add the named values it uses to the input, or read how the policy sets it"
            self.gaps.append(Gap(Reason.UNREAD_POLICY, needed, remedy))


@check(
    "apim.im-4.trusted-service-retirement",
    feature="Client certificate authentication",
    on=SERVICE,
    source=Source.CLIENT_CERTIFICATES,
    severity=Severity.INFO,
    outcomes="pass manual unknown not_applicable",
)
def trusted_service_retirement(service: Subject) -> Verdict:
    """Nothing rests on the gateway being a trusted service."""
    if service.flag(f"/properties/customProperties/{TRUSTED_ACCESS_OFF}"):
        return Pass("Trusted access of the gateway is switched off, and calls go another way.")
    created = None if planned(service) else settled(partial(service.moment, "/properties/createdAtUtc"))
    if isinstance(created, datetime) and created >= _NEVER_TRUSTED:
        return NotApplicable("The service was created after trusted access of the gateway had ended.")
    calls = _Calls()
    _of_policies(service, calls)
    _of_resources(service, calls)
    if calls.found:
        return Manual(_sentence(calls.found, service.now))
    if calls.gaps:
        gaps = tuple(dict.fromkeys(calls.gaps))[:_MOST_GAPS]
        return Unknown(gap_sentence(gaps), None, gaps)
    return Pass(
        "No policy, backend or logger calls Storage, Key Vault, Service Bus, Event Hubs or a container "
        "registry with the managed identity."
    )


def _sentence(found: list[str], now: datetime) -> str:
    distinct = list(dict.fromkeys(found))
    shown = "; ".join(distinct[:_MOST_TOLD])
    more = f"; and {len(distinct) - _MOST_TOLD} more" if len(distinct) > _MOST_TOLD else ""
    since = (
        "since 15 March 2026 none of them lets" if now >= _ENDED else "from 15 March 2026 on none will let"
    )
    return (
        f"The managed identity calls {shown}{more}; {since} the gateway in as a trusted service: show "
        "that each lets the gateway in by a network rule, a private endpoint, or without a firewall."
    )


def _of_policies(service: Subject, calls: _Calls) -> None:
    # Reading policies takes a tenth of a second to import: only inputs that get here pay for it.
    from auditor.apim.policy.trusted import calls as called
    from auditor.apim.written import told_of, words_for, written

    scopes: list[Subject] = []
    listed = settled(partial(scopes.extend, POLICY_SCOPE.find(service)))
    for scope in scopes:
        read = written(scope)
        calls.gaps.extend(read.gaps)
        for holder in read.holders:
            service.log.extend(holder.log.entries)
        for holder, (line, target) in told_of(read, called):
            calls.add(f"{words_for(holder)}, line {line}", target)
    if isinstance(listed, Undetermined):
        calls.gaps.extend(listed.gaps)


def _of_resources(service: Subject, calls: _Calls) -> None:
    """What backends and loggers ask for themselves."""
    for noun, collection, judge in (("backend", "backends", _of_backend), ("logger", "loggers", _of_logger)):
        seen: list[Subject] = []
        listed = settled(partial(seen.extend, below(service, collection)))
        for one in seen:
            log = Log()
            answer = settled(partial(judge, one.with_log(log)))
            service.log.extend(log.entries)
            if isinstance(answer, Undetermined):
                calls.gaps.extend(answer.gaps)
            else:
                calls.add(f"the {noun} {one.name}", answer)
        if isinstance(listed, Undetermined):
            calls.gaps.extend(listed.gaps)


def _of_backend(backend: Subject) -> str:
    """The service of the list that the backend's own identity is for; empty where it is for none."""
    from auditor.apim.policy.trusted import trusted_audience

    if not backend.has("/properties/credentials/managedIdentity"):
        return ""
    return trusted_audience(backend.text(_AUDIENCE).value().strip())


def _of_logger(logger: Subject) -> str:
    if not logger.has("/properties/credentials/identityClientId"):
        return ""
    kind = logger.text("/properties/loggerType").value().casefold()
    return "Azure Event Hubs" if kind == "azureeventhub" else ""


CHECKS = (trusted_service_retirement,)
