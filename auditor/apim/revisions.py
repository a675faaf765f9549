"""Revisions of one API, and whether another one than the current demands less of its callers.

A revision can be called under ``;rev=N`` behind the API's path as long as it is online. The id without that
suffix is the current one's. Sources: "Revisions in Azure API Management", REST specification ``Api``
(``isCurrent``, ``isOnline``, ``apiRevision``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from auditor.apim.collections import planned
from auditor.apim.documents import ways_in
from auditor.apim.kinds import owner
from auditor.apim.policy.authentication import AuthenticationVerdict, combine
from auditor.apim.policy.statements import Told
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.logic import conditional_gap, may_not_be_deployed, settled
from auditor.model.subject import Subject

_SUFFIX = ";rev="


def current_of(api: Subject) -> Subject | None:
    """The current revision of the API that a revision belongs to; None where the input does not tell it."""
    same = _same_api(api)
    plain = [each for each in same if _SUFFIX not in each.name.casefold()]
    return next(iter(plain or [each for each in same if _says_current(each)]), None)


def others_of(current: Subject) -> Iterator[Subject]:
    """The other revisions that can be called, then ``Undetermined`` if there may be more.

    A template that a later revision stands in alone leaves the earlier ones as they are.
    """
    gaps: list[Gap] = []
    same = [each for each in _same_api(current) if each.key != current.key and not _says_current(each)]
    for revision in same:
        online = settled(partial(_is_online, revision))
        if isinstance(online, Undetermined):
            gaps.extend(online.gaps)
        elif online:
            yield revision
    listed = settled(partial(owner(current).listed, "apis"))
    gaps.extend(listed.gaps if isinstance(listed, Undetermined) else ())
    if not same and planned(current) and not current.source.whole:
        number = current.text("/properties/apiRevision").value().strip()
        if number != "1":
            needed = f"the other revisions of the API {current.name}: the template holds one of several"
            gaps.append(Gap(Reason.NOT_DECLARED, needed, "audit the deployed service"))
    if gaps:
        raise Undetermined(*gaps)


def _same_api(api: Subject) -> list[Subject]:
    """All revisions of an API that the input holds; those of a service are sorted once."""
    parent = api.resource.parent_key
    address = ("auditor.apim.revisions", parent, api.resource.type)
    groups = api.audit.memo.get(address)
    if groups is None:
        groups = api.audit.memo[address] = {}
        for each in api.audit.inventory.children(parent, api.resource.type):
            groups.setdefault(_base(each.name), []).append(each)
    return [api.of(each) for each in groups.get(_base(api.name), ())]


def _base(name: str) -> str:
    return name.casefold().partition(_SUFFIX)[0]


def _says_current(revision: Subject) -> bool:
    return revision.mentions("/properties/isCurrent") and settled(
        lambda: revision.flag("/properties/isCurrent")
    ) in (True,)


def _is_online(revision: Subject) -> bool:
    """Whether a revision answers; one is online until somebody takes it offline, which templates cannot."""
    if planned(revision) or not revision.mentions("/properties/isOnline"):
        return True
    return revision.flag("/properties/isOnline")


@dataclass(frozen=True, slots=True)
class Weaker:
    """An operation of another revision that is served with less than the current one demands."""

    revision: Subject
    operation: str
    served: AuthenticationVerdict
    demanded: AuthenticationVerdict


@dataclass(slots=True)
class Demands:
    """What a revision demands, operation by operation."""

    by_operation: dict[str, AuthenticationVerdict]
    together: AuthenticationVerdict
    sound: bool
    """No text it rests on is broken."""
    products: bool
    """The products were listed: another one could open it otherwise."""


def demands_of(revision: Subject) -> Demands:
    """What a revision demands of its callers.

    Raises:
        Undetermined: Its operations were not listed.
    """
    prover, ways = ways_in(revision)
    found: dict[str, list[AuthenticationVerdict]] = {}
    for way in ways:
        name = way.operation.name.casefold() if way.operation else ""
        found.setdefault(name, []).append(prover.entrances(way.arriving))
    notes = {note.told for way in ways for note in way.arriving.effective.notes}
    every = {name: combine(verdicts) for name, verdicts in found.items()}
    return Demands(
        every,
        combine(list(every.values())),
        Told.UNSOUND not in notes,
        prover.composer.policies.products is not None,
    )


def weaker(current: Subject, revision: Subject) -> Weaker | None:
    """Where a revision surely demands less than the current one; None where it surely does not.

    Raises:
        Undetermined: What was not read decides it.
    """
    mine, theirs = demands_of(revision), demands_of(current)
    open_: list[str] = []
    for name, served in mine.by_operation.items():
        # What only the other revision has is compared with the least the current one asks for anywhere.
        demanded = theirs.by_operation.get(name, theirs.together)
        if mine.sound and theirs.sound and _demands_less(served, demanded):
            if may_not_be_deployed(revision):
                raise Undetermined(conditional_gap(revision))
            return Weaker(revision, name, served, demanded)
        if not _alike(served, demanded):
            open_.append(name)
    if open_ or not (mine.sound and theirs.sound and mine.products and theirs.products):
        raise Undetermined(
            Gap(
                Reason.UNREAD_POLICY,
                f"whether revision {revision.name} demands as much as the current one",
                "add the policies of every scope, the fragments, products and subscriptions to the input",
            )
        )
    return None


def _demands_less(served: AuthenticationVerdict, demanded: AuthenticationVerdict) -> bool:
    """Whether one surely serves callers whom the other surely does not."""
    if served.weakest is None or not demanded.complete:
        return False
    return demanded.possible is None or served.weakest < demanded.possible


def _alike(served: AuthenticationVerdict, demanded: AuthenticationVerdict) -> bool:
    """Whether whoever is served here is surely served there too."""
    if not served.complete:
        return False
    if served.possible is None:
        return True
    if demanded.weakest is not None and served.possible >= demanded.weakest:
        return True
    same = [
        {(str(e.context), e.proof, e.sure, e.end, e.operands) for e in v.entrances}
        for v in (served, demanded)
    ]
    return demanded.complete and same[0] == same[1]
