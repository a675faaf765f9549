"""The policy in force for one operation as plain data: what ``auditor policy effective`` shows.

The same composition and proofs that the checks rest on, for one way to arrive. Values are masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.apim.documents import api_seen, prover_of
from auditor.apim.kinds import below
from auditor.apim.policy.operations import Arriving, Prover
from auditor.apim.policy.prove import bindings_of
from auditor.apim.policy.scopes import Api, Context, Operation, Place, Product
from auditor.apim.policy.show import statement_shown
from auditor.apim.policy.statements import NOT_READ, Note, Told
from auditor.apim.policy.tree import SECTIONS
from auditor.errors import UsageError
from auditor.model.logic import settled
from auditor.model.subject import Subject

_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to show; names as in Azure, display names, or for APIs also the path."""

    api: str
    operation: str = ""
    """Empty: the API as a whole."""
    product: str = ""
    """Empty: without a product's policy where requests can arrive so."""
    service: str = ""


def effective_policy(services: Iterable[Subject], wanted: Wanted) -> dict[str, Any]:
    """The composed pipeline of one operation.

    Args:
        services: The services of the input.
        wanted: Which API, operation and product.

    Returns:
        ``service``, ``api``, ``operation``, ``context``, ``scopes``, ``sections`` (name to statements, see
        :func:`~auditor.apim.policy.show.statement_shown`), ``notes``, ``readings``, ``ways`` (every way to
        arrive, with who is served) and ``complete``: whether everything was read.

    Raises:
        UsageError: There is no such API, operation or product, or more than one.
    """
    service, api = _find_api(list(services), wanted)
    entity = api_seen(api)
    operation = _find_operation(entity, wanted.operation)
    prover = prover_of(service)
    ways = _ways(prover, entity, operation)
    chosen = _choose(ways, _find_product(prover, entity, wanted.product))
    effective = chosen.effective

    def naming(place: Place) -> dict[str, str]:
        return _scope(service, place)

    return {
        "service": service.name,
        "api": {"name": api.name, "id": api.resource.id, "title": entity.title, "path": entity.path},
        "operation": _operation(operation),
        "context": str(chosen.context),
        "scopes": [_scope(service, place) for place in effective.chain],
        "sections": {
            name: [statement_shown(each, naming) for each in effective.reading.section(name)]
            for name in SECTIONS
        },
        "assumes": list(effective.reading.assumptions),
        "readings": [list(reading.assumptions) for reading in effective.readings[1:]],
        "notes": [_note(service, note) for note in effective.notes],
        "ways": [_way(prover, way, way is chosen) for way in ways],
        "complete": _complete(prover, ways) and _lists_operations(api),
    }


def _ways(prover: Prover, api: Api, operation: Operation | None) -> list[Arriving]:
    ways = list(prover.arriving(api, operation))
    if ways:
        return ways
    unopened = Context(key=None, certain=False)
    bindings = bindings_of(api, operation)
    return [Arriving(unopened, prover.composer.effective(api, operation), bindings)]


def _choose(ways: Sequence[Arriving], product: Product | None) -> Arriving:
    """The way that is asked for; without a product, one that no product's policy takes part in."""
    matching = [way for way in ways if way.context.product == product]
    return (matching or list(ways))[0]


def _complete(prover: Prover, ways: Iterable[Arriving]) -> bool:
    policies = prover.composer.policies
    listed = policies.products is not None and policies.subscriptions is not None
    return listed and not any(note.told in NOT_READ for way in ways for note in way.effective.notes)


def _lists_operations(api: Subject) -> bool:
    return settled(lambda: api.listed("operations")) is None


# -- finding what was asked for --------------------------------------------------------------------------


def _find_api(services: Sequence[Subject], wanted: Wanted) -> tuple[Subject, Subject]:
    if wanted.service:
        named = [each for each in services if _same(each.name, wanted.service)]
        if not named:
            raise UsageError(f"--service {wanted.service}: {_there_are(each.name for each in services)}")
        services = named
    every = [(service, api) for service in services for api in _seen_apis(service)]
    for test in (_by_name, _by_id, _by_title):
        found = [(service, api) for service, api in every if test(api, wanted.api)]
        if len(found) == 1:
            return found[0]
        if found:
            several = ", ".join(api.resource.id for _, api in found[:_MOST_NAMED])
            hint = "add --service, or the end of its id" if len(services) > 1 else "give the end of its id"
            raise UsageError(f"--api {wanted.api}: {len(found)} APIs are called that ({several}); {hint}")
    raise UsageError(f"--api {wanted.api}: {_there_are(api.name for _, api in every)}")


def _seen_apis(service: Subject) -> list[Subject]:
    found: list[Subject] = []
    settled(lambda: found.extend(below(service, "apis")))
    return found


def _by_name(api: Subject, wanted: str) -> bool:
    return _same(api.name, wanted)


def _by_id(api: Subject, wanted: str) -> bool:
    return ("/" + api.resource.id.strip("/")).casefold().endswith("/" + wanted.strip("/").casefold())


def _by_title(api: Subject, wanted: str) -> bool:
    entity = api_seen(api)
    return _same(entity.title, wanted) or (entity.path is not None and _same(entity.path, wanted.strip("/")))


def _find_operation(api: Api, wanted: str) -> Operation | None:
    if not wanted:
        return None
    for called in (
        {each: each.name for each in api.operations},
        {each: each.title for each in api.operations},
        {each: f"{each.method} {each.url_template}" for each in api.operations},
    ):
        found = [each for each, name in called.items() if _same(name, wanted)]
        if found:
            return found[0]
    raise UsageError(f"--operation {wanted}: {_there_are(each.name for each in api.operations)}")


def _find_product(prover: Prover, api: Api, wanted: str) -> Product | None:
    if not wanted:
        return None
    products = prover.composer.policies.products or ()
    found = [each for each in products if _same(each.name, wanted) or _same(each.title, wanted)]
    if not found:
        raise UsageError(f"--product {wanted}: {_there_are(each.name for each in products)}")
    if (api.name or api.id) not in found[0].apis:
        holding = [each.name for each in prover.composer.policies.products_of(api)]
        raise UsageError(f"--product {wanted}: the API {api.name} is not in it; it is in {_listed(holding)}")
    return found[0]


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _there_are(names: Iterable[str]) -> str:
    return f"not in the input; there is {_listed(list(dict.fromkeys(names)))}"


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


# -- what is said of it ----------------------------------------------------------------------------------


def _operation(operation: Operation | None) -> dict[str, str] | None:
    if operation is None:
        return None
    return {"name": operation.name, "method": operation.method, "url_template": operation.url_template}


def _scope(service: Subject, place: Place) -> dict[str, str]:
    resource = service.audit.inventory.by_key[place.id] if place.id else service.resource
    return {"scope": str(place.scope), "resource": resource.id, "name": resource.name}


def _note(service: Subject, note: Note) -> dict[str, Any]:
    """One remark of composition; scopes are named by their resources."""
    return {
        "kind": str(note.told),
        "says": _NOTES[note.told],
        **_scope(service, note.origin.place),
        "section": note.origin.section,
        "line": note.origin.line,
        "lost": [
            {"statement": each.name, "scope": str(each.origin.place.scope), "line": each.origin.line}
            for each in note.statements
        ],
        "scopes": [str(place.scope) for place in note.scopes],
    }


_NOTES = {
    Told.CUTS_OFF: "no <base/>: the statements of wider scopes do not run",
    Told.LATE_BASE: "statements stand before <base/> and run before those of wider scopes",
    Told.SECTION_ABSENT: "the section is missing: whether it inherits is not documented",
    Told.BASE_REPEATED: "<base/> is written more than once: what that does is not documented",
    Told.BASE_NESTED: "<base/> stands inside another statement: what it does there is not documented",
    Told.BASE_IN_FRAGMENT: "<base/> stands in a fragment, where it is not allowed",
    Told.UNREADABLE: "the policy was not read",
    Told.UNSOUND: "the text is broken: what the service sees may differ",
    Told.FRAGMENT_MISSING: "a fragment was not found, or not read",
    Told.FRAGMENT_NESTED: "a fragment includes another one, which is not allowed",
    Told.FRAGMENT_CYCLIC: "a fragment includes itself",
    Told.FRAGMENT_SECTIONS: "a fragment is malformed",
}


def _way(prover: Prover, way: Arriving, chosen: bool) -> dict[str, Any]:
    entrances = prover.entrances(way)
    certificate = prover.certificate(way)
    return {
        "context": str(way.context),
        "certain": way.context.certain,
        "shown": chosen,
        "served_with": entrances.weakest.word if entrances.weakest is not None else None,
        "perhaps_with": entrances.possible.word if entrances.possible is not None else None,
        "certificate": str(certificate.verdict) if certificate.tested else None,
        "policies": [str(place.scope) for place in way.effective.chain],
    }
