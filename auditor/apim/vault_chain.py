"""The whole way from a certificate, named value or host name to its secret, for readers.

It decides nothing: each link is judged by the check that it belongs to, and told here in order, so that a
broken one is seen among its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from auditor.apim.kinds import LOCATION
from auditor.apim.vault_links import firewall, identity, last_refresh, permission
from auditor.apim.vault_subnets import security_group, service_endpoint
from auditor.apim.vault_use import pointer_of
from auditor.apim.vaults import service_of
from auditor.keyvault.find import vault_of
from auditor.keyvault.names import Reference, reference_at
from auditor.model.evidence import Log, Undetermined
from auditor.model.logic import derived, gap_sentence, settled
from auditor.model.subject import Subject
from auditor.model.verdict import STATUS_OF, Fail, NotApplicable, Pass, Status, Verdict

KIND = "vault-chain"
_WORST = ("fail", "unknown", "manual", "pass", "not_applicable")


def chain(user: Subject, reference: Reference, broken: str = "") -> dict[str, Any]:
    """The details of a finding: every link with its status, what was found, and where.

    Args:
        user: A certificate, named value or host name.
        reference: Its reference to Key Vault.
        broken: The link that the finding is about.
    """
    links = [
        _link("reference", user, partial(_reference, reference=reference)),
        _link("vault", user, partial(_vault, reference=reference)),
        _link("identity", user, identity),
        _link("permission", user, partial(permission, reference=reference)),
        _link("firewall", user, partial(firewall, reference=reference)),
        *_network(service_of(user)),
        _link("refresh", user, _refresh),
    ]
    name = user.item if user.base else user.name
    details = {"kind": KIND, "from": name, "vault": reference.title, "links": links}
    return {**details, "broken": broken} if broken else details


def _link(name: str, user: Subject, judge: Callable[[Subject], Verdict]) -> dict[str, str]:
    log = Log()
    answer = settled(partial(judge, user.with_log(log)))
    if isinstance(answer, Undetermined):
        status, what = Status.UNKNOWN, gap_sentence(answer.gaps)
    else:
        status, what = STATUS_OF[type(answer)], answer.message
    told = {"link": name, "status": status.value, "what": what}
    read = [entry for entry in log.entries if entry.default is None and entry.pointer.startswith("/")]
    if read:
        last = read[-1]
        told["where"] = f"{last.resource.name} {last.pointer.lstrip('/')}".strip()
    return told


def _reference(user: Subject, reference: Reference) -> Verdict:
    reference_at(user, pointer_of(user))
    return Pass(f"It names {reference.secret} in {reference.title}.")


def _vault(user: Subject, reference: Reference) -> Verdict:
    vault = vault_of(user, reference)
    return Pass(f"The vault was read: {vault.resource.id.rpartition('/providers/')[0] or vault.source.path}.")


@derived
def _network(service: Subject) -> tuple[dict[str, str], ...]:
    """The two links that lead over the subnets of a service, each by its worst location."""
    return tuple(
        min(
            (_link(name, location, judge) for location in _locations(service)),
            key=lambda told: _WORST.index(told["status"]),
        )
        for name, judge in (("service-endpoint", service_endpoint), ("security-group", security_group))
    )


def _locations(service: Subject) -> list[Subject]:
    """The locations that are known; the service's own always is."""
    found: list[Subject] = []

    def gather() -> None:
        for location in LOCATION.find(service):
            found.append(location)  # noqa: PERF402 - those that come before the list breaks off count

    settled(gather)
    return found or [service]


def _refresh(user: Subject) -> Verdict:
    refresh = last_refresh(user)
    if refresh is None:
        return NotApplicable("Nothing reports a refresh.")
    if refresh.succeeded:
        return Pass(f"The last refresh succeeded{refresh.when}.")
    return Fail(f"The last refresh ended with {refresh.code}{refresh.when}.")
