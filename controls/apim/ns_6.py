"""NS-6: deploy web application firewall. Words in ns_6.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.apim.admission import Admission
from auditor.apim.exposure import (
    Network,
    Reach,
    describe_admission,
    describe_network,
    gateway_reach,
    network_of,
)
from auditor.apim.fronts import QUERY, Fronts, Met, described, fronts_of, unfinished
from auditor.apim.kinds import SERVICE, below
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import gap_sentence, settled, some
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, Pass, Severity, Unknown, Verdict
from controls.apim import ns_6_limits, ns_6_policies
from controls.declare import check

_MOST_GAPS = 10


@check(
    "apim.ns-6.waf-in-front",
    feature="Other guidance for NS-6",
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass fail manual unknown",
)
def waf_in_front(service: Subject) -> Verdict:
    """What the internet sends to the gateway passes a web application firewall."""
    read = service.with_log(Log())
    fronts = fronts_of(read)
    verdict = _judged(service, fronts)
    service.log.extend(read.log.entries)
    return verdict


def _judged(service: Subject, fronts: Fronts) -> Verdict:
    for met in fronts.certain():
        if met.route.public is True and met.protects is False:
            return _unguarded(service, fronts, met)
    reach = settled(lambda: gateway_reach(service))
    if isinstance(reach, Undetermined):
        return _unknown(service, fronts, reach.gaps)
    match reach:
        case Reach.PRIVATE:
            return _private(service, fronts)
        case Reach.SETTLED_AFTER_DEPLOYMENT:
            needed = f"who can reach the gateway of {service.name}, which is settled after deployment"
            return _unknown(
                service, fronts, (Gap(Reason.NOT_DECLARED, needed, "audit the deployed service"),)
            )
        case Reach.NARROWED:
            return _narrowed(service, fronts)
        case Reach.SHARED:
            return _public(
                service, fronts, "Services of Azure that other customers use too reach the gateway"
            )
        case Reach.PUBLIC:
            return _public(service, fronts, "The internet reaches the gateway")


def _unguarded(service: Subject, fronts: Fronts, met: Met) -> Verdict:
    """A door to the internet without a firewall that blocks: whatever else stands in front."""
    _cite(service, [met])
    firewall = met.route.firewall
    says = "" if isinstance(firewall, Undetermined) else firewall.says
    return Fail(
        f"Requests from the internet reach the gateway by {met.route.place} without a firewall that blocks: "
        f"{says}. Guard it with a policy that is Enabled, in Prevention, with managed rules.",
        described(service, fronts),
    )


def _private(service: Subject, fronts: Fronts) -> Verdict:
    """The internet reaches it by a front alone: the fronts that were read decide."""
    internal = network_of(service) is Network.INTERNAL
    # An alias of an Internal service resolves inside its networks only: a name that may be one leaves it be.
    doubtful = [
        each
        for each in (*fronts.met, *(() if internal else fronts.perhaps))
        if each.route.public is not False and each.protects is not True
    ]
    gaps = [*(gap for each in doubtful for gap in _gaps_of(each)), *fronts.gaps]
    gaps += unfinished(service)
    if doubtful or gaps:
        return _unknown(service, fronts, gaps)
    _cite(service, (*fronts.met, *fronts.idle))
    for route in fronts.hidden:
        service.log.extend(route.log.entries[::-1])
    details, stopped = described(service, fronts), _stopped(fronts)
    if fronts.certain():
        return Pass(
            "Only private networks reach the gateway itself, and a firewall in Prevention guards every route "
            f"of the fronts before it that were read.{stopped}",
            details,
        )
    if internal:
        return Pass(
            "Internal mode: the internet reaches the gateway only through a front door of your own."
            f"{stopped}",
            details if stopped else None,
        )
    if service.source.whole:
        return Pass(
            "The internet does not reach the gateway, and no front in the input "
            f"{'that runs ' if stopped else ''}leads to it.{stopped}",
            details if stopped else None,
        )
    return _unknown(service, fronts, (_no_front(service),))


def _stopped(fronts: Fronts) -> str:
    """What to do before a stopped front is started, as a sentence that begins with a blank; else empty."""
    unguarded = {f"{m.route.kind} {m.route.front.name}" for m in fronts.idle if m.protects is not True}
    if not unguarded:
        return ""
    return (
        f" {', '.join(sorted(unguarded))}, by which it could be reached without a firewall that blocks, is "
        "stopped: guard it before it is started, or delete it."
    )


def _gaps_of(met: Met) -> Iterable[Gap]:
    found = tuple(met.gaps())
    needed = f"whether {met.route.place} leads to the gateway: its name or address may be the service's"
    return found or (Gap(Reason.EXTERNAL, needed, "show what the name resolves to"),)


def _no_front(service: Subject) -> Gap:
    return Gap(
        Reason.INPUT,
        f"whether a web application firewall in Prevention mode stands before {service.name} "
        f"({describe_network(service)}): no front that was read leads to it",
        QUERY,
    )


def _narrowed(service: Subject, fronts: Fronts) -> Verdict:
    """A security group names who reaches it: whether that is the front alone, a person knows."""
    _cite(service, fronts.certain())
    admitted = describe_admission(service, Admission.NAMED)
    return Manual(
        f"The security group lets in named addresses ({admitted}).{_names(fronts)} Show that they are those "
        "of a front with a firewall in Prevention, and of nobody who would get around it.",
        described(service, fronts),
    )


def _public(service: Subject, fronts: Fronts, who: str) -> Verdict:
    """Strangers reach the gateway: what the policies ask for decides whether that is a way around.

    Args:
        service: The service.
        fronts: What stands in front.
        who: Reaches it, as the beginning of a sentence.
    """
    apis = settled(lambda: some(below(service, "apis"), lambda _: True))
    if apis is True:
        # The prover takes a tenth of a second to import: only inputs that hold APIs pay for it.
        from auditor.apim.way_around import way_around

        around = settled(lambda: way_around(service))
        if around is None:
            return _tied(service, fronts, who)
        if isinstance(around, tuple):
            front = " past the front" if fronts.certain() else ""
            return Fail(
                f"{who}{front} ({describe_network(service)}), and the API "
                f"{around[0]} lets callers in wherever they come from ({around[1]}): whoever calls it "
                "directly passes no firewall. Close public access, or refuse in a policy of all APIs what "
                "does not come through the front.",
                described(service, fronts),
            )
    else:
        around = apis if isinstance(apis, Undetermined) else None
    if service.source.whole and not (fronts.met or fronts.perhaps or fronts.gaps):
        return Fail(
            f"{who} ({describe_network(service)}), and the input, which holds "
            f"everything there is, has no {'running ' if fronts.idle else ''}application gateway or front "
            "door that leads to it: put one with a "
            "firewall in front, and close the way around it.",
        )
    gaps = around.gaps if isinstance(around, Undetermined) else ()
    if not fronts.certain():
        return _unknown(service, fronts, (*gaps, _no_front(service)))
    needed = f"whether the APIs of {service.name} refuse whoever does not come by the front: none was read"
    return _unknown(service, fronts, gaps or (Gap(Reason.ABSENT, needed, "add its APIs to the input"),))


def _names(fronts: Fronts) -> str:
    """The fronts that surely lead to the service, as a sentence that begins with a blank."""
    names = sorted({f"{each.route.kind} {each.route.front.name}" for each in fronts.certain()})
    return f" {', '.join(names)} leads to it." if names else " No front that was read leads to it."


def _tied(service: Subject, fronts: Fronts, who: str) -> Verdict:
    """Every API asks where a request comes from: a person knows whether only the front can say it."""
    _cite(service, fronts.certain())
    return Manual(
        f"{who}, and every API asks for an address, a header, a secret or a "
        f"certificate before it lets callers in.{_names(fronts)} Show that only requests through a firewall "
        "in Prevention have it: for a Front Door its own id in X-Azure-FDID, together with the service tag "
        "AzureFrontDoor.Backend in the security group.",
        described(service, fronts),
    )


def _unknown(service: Subject, fronts: Fronts, gaps: Iterable[Gap]) -> Unknown:
    details: dict[str, Any] | None = described(service, fronts)
    distinct = list(dict.fromkeys(gaps)) or [_no_front(service)]
    return Unknown(gap_sentence(distinct), details, tuple(distinct[:_MOST_GAPS]))


def _cite(service: Subject, met: Iterable[Met]) -> None:
    """Log what was read of some routes: the verdict rests on it."""
    for each in met:
        # What decides was read last.
        service.log.extend(each.route.log.entries[::-1])
    for each in met:
        service.log.extend(each.front.subject.log.entries)


CHECKS = (waf_in_front, *ns_6_policies.CHECKS, *ns_6_limits.CHECKS)
