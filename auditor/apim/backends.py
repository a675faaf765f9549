"""Which policies send to a backend, over every operation and way to arrive, and what they bring to it.

Sources: "Backends in Azure API Management" (credentials, pools), "Set backend service" policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from auditor.apim.documents import Way, ways_in
from auditor.apim.kinds import POLICY_SCOPE, below, owner, service_of
from auditor.apim.libraries import document_of, library_of, pool_members
from auditor.apim.policy.backends import Sending, Sent, sending
from auditor.apim.policy.compose import Effective
from auditor.apim.subscriptions import is_active
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import settled, within
from auditor.model.subject import Subject


@dataclass(frozen=True, slots=True)
class Use:
    """One path on which requests go to a backend, or may."""

    sent: Sent
    way: Way
    certain: bool
    """Requests do arrive like this, and no open reading of the documentation leads elsewhere."""

    @property
    def named(self) -> bool:
        """Whether the policy names the backend, so that it is surely meant."""
        return self.sent.names is not None


@dataclass(slots=True)
class Uses:
    """Every use of every backend of a service."""

    by_name: dict[tuple[int, str], list[Use]] = field(default_factory=dict)
    """By the library the policy refers to, and the backend's name."""
    anywhere: dict[int, list[Use]] = field(default_factory=dict)
    """Where code chooses among all backends."""
    gaps: list[Gap] = field(default_factory=list)
    assumed: list[Subject] = field(default_factory=list)
    """Subscriptions that are taken not to work because they do not say their state."""


def uses_of(backend: Subject) -> tuple[list[Use], tuple[Gap, ...]]:
    """How policies use a backend, by itself or in a pool, and what of them was not read."""
    home = owner(backend)
    known = _uses(service_of(backend))
    library, name = id(library_of(home)), backend.name.casefold()
    pools, unclear = _pools(home)
    found = list(known.by_name.get((library, name), ()))
    for pool in pools.get(name, ()):
        found += known.by_name.get((library, pool), ())
    gaps = tuple(dict.fromkeys((*known.gaps, *unclear)))
    return [*found, *known.anywhere.get(library, ())], gaps


_Pools = tuple[dict[str, list[str]], tuple[Gap, ...]]


def _pools(home: Subject) -> _Pools:
    """The pools that each backend is in, by names in lower case, and what is not known of them."""
    address = ("auditor.apim.backends.pools", home.key, "")
    known: _Pools | None = home.audit.memo.get(address)
    if known is None:
        known = home.audit.memo[address] = _read_pools(home.with_log(Log()))
    return known


def _read_pools(home: Subject) -> _Pools:
    found: list[Subject] = []
    pools: dict[str, list[str]] = {}
    gaps: list[Gap] = []
    listed = settled(lambda: found.extend(home.children("backends")))
    if isinstance(listed, Undetermined):
        gaps.extend(listed.gaps)
    for each in found:
        if not each.mentions("/properties/pool") and not each.mentions("/properties/url"):
            needed = f"whether the backend {each.name} is a pool, and of what"
            gaps.append(Gap(Reason.ABSENT, needed, "put the whole backend into the input"))
        members = settled(partial(pool_members, each))
        if isinstance(members, Undetermined):
            gaps.extend(members.gaps)
            continue
        for name in members:
            pools.setdefault(name, []).append(each.name.casefold())
    return pools, tuple(gaps)


def _uses(service: Subject) -> Uses:
    """Worked out once for all backends of a service."""
    address = ("auditor.apim.backends.uses", service.key, "")
    known = service.audit.memo.get(address)
    if not isinstance(known, Uses):
        known = service.audit.memo[address] = _collected(service.with_log(Log()))
    return known


def _collected(service: Subject) -> Uses:
    found = Uses()
    apis: list[Subject] = []
    settled(lambda: found.assumed.extend(_stateless(service)))
    listed = settled(lambda: apis.extend(below(service, "apis")))
    if isinstance(listed, Undetermined):
        found.gaps.extend(listed.gaps)
    made: dict[int, tuple[Effective, Sending]] = {}
    for api in apis:
        arrived = settled(partial(ways_in, api))
        if isinstance(arrived, Undetermined):
            found.gaps.extend(arrived.gaps)
            continue
        prover, ways = arrived
        if prover.composer.policies.products is None:
            found.gaps.append(_gap(f"which products, with policies of their own, the API {api.name} is in"))
        if api.stated("/properties/type").casefold() == "graphql":
            found.gaps.append(_gap(f"what the resolvers of the API {api.name} send to a backend"))
        seen: set[tuple[int, bool]] = set()
        for way in ways:
            effective, certain = way.arriving.effective, way.arriving.context.certain
            if (id(effective), certain) in seen:
                continue
            seen.add((id(effective), certain))
            if id(effective) not in made:
                made[id(effective)] = (effective, sending(effective))
            _add(found, way, made[id(effective)][1])
    found.gaps = list(dict.fromkeys(found.gaps))
    return found


def _stateless(service: Subject) -> Iterator[Subject]:
    subscriptions = service.children("subscriptions")
    return (each for each in subscriptions if not each.mentions("/properties/state"))


def _add(found: Uses, way: Way, known: Sending) -> None:
    if known.unread:
        found.gaps.append(_gap(f"{known.unread} ({way})"))
    for sent in known.sent:
        chosen = sent.chosen
        if chosen is None:
            continue
        certain = way.arriving.context.certain and (chosen, sent.proof) in known.certain
        use, library = Use(sent, way, certain), id(chosen.library)
        if sent.names is None:
            found.anywhere.setdefault(library, []).append(use)
        for name in sent.names or ():
            found.by_name.setdefault((library, name), []).append(use)


def _gap(needed: str) -> Gap:
    remedy = "add the policies of every scope, the fragments, named values and products to the input"
    return Gap(Reason.UNREAD_POLICY, needed, remedy)


def cite_uses(backend: Subject, uses: list[Use]) -> None:
    """Log the documents that the uses of a backend rest on, and what was assumed of ways to arrive."""
    by_key = backend.audit.inventory.by_key
    service = service_of(backend)
    for subscription in _uses(service).assumed:
        settled(partial(is_active, subscription.with_log(backend.log)))
    for place in sorted({place for use in uses for place in use.way.arriving.effective.chain}, key=str):
        document_of(backend.of(by_key[place.id]) if place.id else service)


def policy_holders(service: Subject) -> Iterator[Subject]:
    """Everything of a service that a policy can hang on, operations included; fragments are parts of one."""

    def holders(scope: Subject) -> Iterator[Subject]:
        if not scope.resource.type.casefold().endswith("/policyfragments"):
            yield scope
        if scope.resource.type.casefold().endswith("/apis"):
            yield from scope.children("operations")

    return within(POLICY_SCOPE.find(service), holders)
