"""What the policies of an API do with the certificates of its callers, put together once for all checks.

Joined with what the gateway asks for, which network it stands in and which certificates it holds. Sources:
"How to secure APIs using client certificate authentication in API Management", "Validate client certificate".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Final

from auditor.apim.documents import Way, ways_in
from auditor.apim.kinds import below
from auditor.apim.policy.compose import Effective, Reading
from auditor.apim.policy.evaluate.frame import Remark
from auditor.apim.policy.looks import Look
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.outcomes import CLEAN_OF, Arrival, Fact, Outcome, always
from auditor.apim.policy.prove import Cause, CertificateVerdict
from auditor.apim.policy.prove import Verdict as Proved
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.states import STRANGERS, Caller, State
from auditor.apim.policy.values import Atom, By
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import derived, some
from auditor.model.subject import Subject

_UPLOADED: Final = State(Caller.SAME_CA_OTHER_SUBJECT, same=frozenset(), uploaded=True)
"""Holds a certificate that was uploaded for another purpose, towards a backend say."""
_HOST: Final = re.compile(r"OriginalUrl|Url\.Host|Headers\[\"?host|GetValueOrDefault\(\"host", re.IGNORECASE)
_CERTIFICATE_HEADER: Final = re.compile(
    r"client[-_]?cert|x-arr-clientcert|cert(ificate)?[-_]?(thumb|subject|issuer|verif|chain|pem)|thumbprint"
    r"|ssl[-_]client[-_](cert|verify|[si][-_]dn)|forwarded-client-cert|new X509Certificate",
    re.IGNORECASE,
)
"""Names that can only mean a client's certificate; others, like ``X-SSL-Protocol``, may mean the server's."""
_HEADER_NAME: Final = re.compile(r"(?:^request header |Headers\[)([^\]\s]+)")
_CLOSING: Final = frozenset({Fact.IP, Fact.HEADER, Fact.TOKEN, Fact.ENTRA})
_LOOKS: Final = Look.CONNECTION | Look.UNCLEAR


class Bare(IntEnum):
    """How callers without a certificate fare, the worst last."""

    REFUSED = 0
    OTHERWISE = 1
    """They get in with another proof, a token or a secret."""
    BY_HOST = 2
    """They get in, or not, by the host name they take."""
    UNDECIDED = 3
    ENTER = 4


class Header(IntEnum):
    """What a certificate in a request header does, the worst last."""

    UNUSED = 0
    GUARDED = 1
    """It decides, and something else is asked for that not every caller has."""
    UNCLEAR = 2
    """It may decide, or what it is said to be may not be a certificate."""
    FORGED = 3
    """Whoever writes the header gets in."""


@dataclass(slots=True)
class Use:
    """What the policies of one API do with certificates; statements are the first ones that do it."""

    looks: Statement | None = None
    """Surely looks at the certificate of the connection, however requests arrive."""
    may_look: bool = False
    decides: bool = False
    """Who gets in surely hangs on it."""
    may_decide: bool = False
    verifies: Statement | None = None
    """Asks whether its chain can be verified."""
    bare: Bare = Bare.REFUSED
    bare_way: str = ""
    header: Header = Header.UNUSED
    header_way: str = ""
    header_decides: Statement | None = None
    header_names: frozenset[str] | None = None
    """The headers that carry it, in lower case; None where that is not known."""
    uploaded: Statement | None = None
    """Surely accepts whoever holds a certificate uploaded to the service."""
    may_accept_uploaded: bool = False
    expired_too: bool = False
    """Accepts holders of expired ones among them as well."""
    unread: str = ""
    """What of its policies was not read."""
    opened: bool = False
    """Requests surely arrive in some way."""
    operations: list[str] = field(default_factory=list)
    """Where it surely looks at the certificate, a few of them."""


_MOST_OPERATIONS: Final = 5


@derived
def use_of(api: Subject) -> Use:
    """What the policies of an API do with certificates.

    Raises:
        Undetermined: The API's operations were not listed.
    """
    prover, ways = ways_in(api)
    found = Use()
    if prover.composer.policies.products is None:
        found.unread = f"the products that {api.name} is in, and their policies"
    looked: dict[str, list[_Way]] = {}
    for way in ways:
        one = _Way(prover, way)
        looked.setdefault(way.operation.id if way.operation else "", []).append(one)
        _add(found, one)
        if one.look & Look.UNREAD or one.effective.doubts:
            found.unread = found.unread or f"a policy or fragment that applies to {api.name} ({way})"
    for group in looked.values():
        opened = [one for one in group if one.way.arriving.context.key is not None]
        found.opened |= any(one.certain for one in opened)
        sure = [one for one in opened if one.surely_looks]
        if any(one.certain for one in sure) or (sure and len(sure) == len(opened)):
            found.looks = found.looks or sure[0].first(Look.CONNECTION)
            if len(found.operations) < _MOST_OPERATIONS:
                found.operations.append(str(sure[0].way))
    return found


def _add(found: Use, one: _Way) -> None:
    """Adds what one way to arrive shows."""
    found.may_look |= bool(one.look & _LOOKS)
    if one.look & _LOOKS and one.proved.verdict is not Proved.NONE:
        found.may_decide = True
        found.decides |= one.certain and one.surely_looks
        bare = one.bare
        if bare is Bare.ENTER and not one.certain:
            bare = Bare.UNDECIDED
        if bare > found.bare or not found.bare_way:
            found.bare, found.bare_way = max(bare, found.bare), str(one.way)
    if one.look & Look.CHAIN:
        found.verifies = found.verifies or one.first(Look.CHAIN)
    header = one.header
    if header is Header.FORGED and not one.certain:
        header = Header.UNCLEAR
    if header > found.header:
        found.header, found.header_way = header, str(one.way)
        found.header_decides = one.decider
        found.header_names = one.header_names
    if one.look & Look.UPLOADED and one.accepts_uploaded is not False:
        found.may_accept_uploaded = True
        if one.accepts_uploaded and one.certain:
            found.uploaded = found.uploaded or one.first(Look.UPLOADED)
            found.expired_too |= one.accepts_expired


@dataclass
class _Way:
    """One operation arriving one way."""

    prover: Prover
    way: Way

    @property
    def certain(self) -> bool:
        """Requests do arrive like this."""
        return self.way.arriving.context.certain

    @property
    def effective(self) -> Effective:
        """What runs then."""
        return self.way.arriving.effective

    @cached_property
    def proved(self) -> CertificateVerdict:
        """What it proves about certificates."""
        return self.prover.certificate(self.way.arriving)

    @cached_property
    def look(self) -> Look:
        """What any reading of its policy looks at."""
        found = Look.NOTHING
        for reading in self.effective.readings:
            for section in _sections(reading):
                found |= self.prover.walks.looks.of(section)
        return found

    @property
    def surely_looks(self) -> bool:
        """Whether every reading looks at the certificate of the connection."""
        looks = self.prover.walks.looks
        return all(
            any(looks.of(section) & Look.CONNECTION for section in _sections(reading))
            for reading in self.effective.readings
        )

    def first(self, look: Look) -> Statement | None:
        """The first statement that looks at something."""
        sections = (section for reading in self.effective.readings for section in _sections(reading))
        return self.prover.walks.looks.first(sections, look)

    def outcomes(self) -> Iterator[Mapping[Caller, Outcome]]:
        """How the eight callers fare, in each reading."""
        for reading in self.effective.readings:
            yield self.prover.walks.of(reading.inbound, self.way.arriving.bindings).outcomes

    # -- callers without a certificate -----------------------------------------------------------------

    @property
    def bare(self) -> Bare:
        """How callers without a certificate fare."""
        proved = self.proved
        doubtful = {Cause.READINGS, Cause.UNSOUND, Cause.TOO_MUCH} & set(proved.causes)
        if Caller.NO_CERT in proved.undecided or (proved.verdict is Proved.MANUAL and doubtful):
            return Bare.UNDECIDED
        if Caller.NO_CERT in proved.enters:
            arrivals = [each for found in self.outcomes() for each in found[Caller.NO_CERT].entering]
            clean = [each for each in arrivals if not each.facts & CLEAN_OF]
            return Bare.BY_HOST if clean and all(map(_by_host, clean)) else Bare.ENTER
        if any(found[Caller.NO_CERT].entering for found in self.outcomes()):
            return Bare.OTHERWISE
        return Bare.REFUSED

    # -- certificates in headers -----------------------------------------------------------------------

    @property
    def header(self) -> Header:
        """What a certificate in a request header decides."""
        if Cause.HEADER not in self.proved.causes:
            return Header.UNUSED
        named = [text for kind, text in self.proved.remarks if kind is Remark.HEADER_CERTIFICATE]
        if not named or not all(map(_CERTIFICATE_HEADER.search, named)):
            return Header.UNCLEAR
        every = [found[Caller.NO_CERT] for found in self.outcomes()]
        forged = [each for each in every if always(one.condition() for one in _forged(each))]
        if forged and len(forged) == len(every):
            return Header.FORGED
        undecided = any(not each.complete or list(_forged(each)) for each in every)
        return Header.UNCLEAR if undecided else Header.GUARDED

    @property
    def header_names(self) -> frozenset[str] | None:
        """The request headers that certificate data is read from; None where one is not known."""
        names: set[str] = set()
        for kind, text in self.proved.remarks:
            if kind is Remark.HEADER_CERTIFICATE:
                found = _HEADER_NAME.findall(text)
                if not found:
                    return None
                names.update(each.strip("'\"").casefold() for each in found)
        return frozenset(names) or None

    @property
    def decider(self) -> Statement | None:
        """The first statement that refuses somebody."""
        return next((each.branch or each.statement for each in self.proved.deciders), None)

    # -- uploaded certificates -------------------------------------------------------------------------

    @cached_property
    def accepts_uploaded(self) -> bool | None:
        """Whether who holds any uploaded certificate gets in, and strangers do not; None: perhaps."""
        answers = {self._accepted(reading) for reading in self.effective.readings}
        return answers.pop() if len(answers) == 1 else None

    def _accepted(self, reading: Reading) -> bool | None:
        walks, bindings = self.prover.walks, self.way.arriving.bindings
        outcomes = walks.of(reading.inbound, bindings).outcomes
        holder = walks.of_state(reading.inbound, bindings, _UPLOADED)
        needed = _asked_of_all(outcomes[Caller.VALID])
        if any(_enters(outcomes[each], needed) for each in STRANGERS):
            # Who gets in anyway does not need the list: that is another finding.
            return False
        return _enters(holder, needed)

    @property
    def accepts_expired(self) -> bool:
        """Whether expired certificates are accepted."""
        return Caller.EXPIRED in self.proved.enters


def _sections(reading: Reading) -> tuple[tuple[Statement, ...], ...]:
    return (reading.inbound, reading.backend, reading.outbound, reading.on_error)


def _asked_of_all(valid: Outcome) -> frozenset[Fact]:
    """Proofs that the right caller has to bring as well."""
    return frozenset.intersection(*(each.facts for each in valid.entering)) if valid.entering else frozenset()


def _enters(outcome: Outcome, needed: frozenset[Fact]) -> bool | None:
    """Whether a caller gets in with no more proof than is asked of everybody; None: perhaps."""
    clean = [each for each in outcome.entering if not (each.facts - needed) & CLEAN_OF]
    if always(each.condition() for each in clean):
        return True
    return None if clean or not outcome.complete else False


def _by_host(arrival: Arrival) -> bool:
    return any(isinstance(question, Atom) and _HOST.search(str(question)) for question, _ in arrival.answers)


def _forged(outcome: Outcome) -> Iterator[Arrival]:
    """Paths on which a caller gets in by what a header says of a certificate, and by nothing else."""
    for arrival in outcome.entering:
        secret = any(a.by is By.SECRET and a.value and not a.header for _, a in arrival.answers)
        if arrival.from_header and not secret and not arrival.facts & _CLOSING:
            yield arrival


# -- over all APIs of a service --------------------------------------------------------------------------


def first_use(
    service: Subject, holds: Callable[[Use], bool], may: Callable[[Use], bool]
) -> tuple[Subject, Use] | None:
    """The first API of a service whose policies do something; None where none of them does.

    Args:
        service: The service.
        holds: Whether it surely is so.
        may: Whether it may be so, as far as was read; what was not read may always be.

    Raises:
        Undetermined: None surely does, and some may.
    """
    met: list[tuple[Subject, Use]] = []

    def judge(api: Subject) -> bool:
        use = use_of(api)
        if holds(use):
            met.append((api, use))
            return True
        if use.unread:
            raise Undetermined(gap(use.unread))
        if may(use):
            raise Undetermined(
                gap(f"which ways requests arrive at the API {api.name}, and what applies then")
            )
        return False

    return met[-1] if some(below(service, "apis"), judge) else None


def gap(needed: str) -> Gap:
    """What is missing of the policies."""
    remedy = "add the policies of every scope, the fragments, products and subscriptions to the input"
    return Gap(Reason.UNREAD_POLICY, needed, remedy)
