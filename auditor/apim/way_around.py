"""Whether callers get in with nothing that ties their request to a proxy: address, header, certificate.

A caller with a valid token gets past a firewall as well as anybody: tokens and keys tie nobody to a proxy.
``X-Azure-FDID`` counts as an address, which it stands for. Sources: "Configure Front Door Standard/Premium in
front of Azure API Management" (restrict with the header, and with the service tag AzureFrontDoor.Backend).
"""

from __future__ import annotations

from typing import Final

from auditor.apim.documents import Way, ways_in
from auditor.apim.kinds import below
from auditor.apim.policy.arriving import secrets_of
from auditor.apim.policy.compose import Reading
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.outcomes import Arrival, Fact, always
from auditor.apim.policy.states import Caller
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import derived, some
from auditor.model.subject import Subject

_TIES: Final = frozenset({Fact.IP, Fact.HEADER, Fact.SECRET})


@derived
def way_around(service: Subject) -> tuple[str, str] | None:
    """An API and a way in on which nothing ties a request to a proxy; None where every way asks for a tie.

    Raises:
        Undetermined: None that was read surely is open, and not all were read.
    """
    met: list[tuple[str, str]] = []

    def stands_open(api: Subject) -> bool:
        prover, ways = ways_in(api)
        answers = [(_open(prover, way), way) for way in ways]
        for answer, way in answers:
            if answer and way.arriving.context.certain and not way.arriving.effective.doubts:
                met.append((api.name, str(way)))
                return True
        if any(answer is not False for answer, _ in answers) or prover.composer.policies.products is None:
            raise Undetermined(
                Gap(
                    Reason.UNREAD_POLICY,
                    f"whether the API {api.name} refuses callers who do not come by a proxy",
                    "add the policies of every scope, the fragments, products and subscriptions to the input",
                )
            )
        return False

    return met[-1] if some(below(service, "apis"), stands_open) else None


def _open(prover: Prover, way: Way) -> bool | None:
    """Whether a caller without a certificate gets in with nothing that ties the request; None: perhaps."""
    answers = {_in(prover, way, reading) for reading in way.arriving.effective.readings}
    return answers.pop() if len(answers) == 1 else None


def _in(prover: Prover, way: Way, reading: Reading) -> bool | None:
    outcome = prover.walks.of(reading.inbound, way.arriving.bindings).outcomes[Caller.NO_CERT]
    free = [each for each in outcome.entering if not _tied(each)]
    if always(each.condition() for each in free):
        return True
    return None if free or not outcome.complete else False


def _tied(arrival: Arrival) -> bool:
    return bool((arrival.facts | secrets_of(arrival.answers)) & _TIES)
