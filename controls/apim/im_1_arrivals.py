"""The ways to arrive at an API, folded: which operations are served with what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from auditor.apim.documents import Way
from auditor.apim.policy.authentication import AuthenticationVerdict, Proof
from auditor.apim.policy.guards import Guard, guards
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.scopes import Context, Product
from auditor.apim.policy.walks import Walked

ENOUGH = Proof.CERTIFICATE
"""From here on callers have to say who they are."""
_MOST_NAMED = 20


@dataclass(eq=False, slots=True)
class Case:
    """Operations that arrive one way under one policy, and who is served."""

    ways: list[Way]
    verdict: AuthenticationVerdict
    walked: Walked
    unbound: Walked
    guards: tuple[Guard, ...]
    operations: list[str] = field(default_factory=list)

    @property
    def context(self) -> Context:
        """The way to arrive."""
        return self.ways[0].arriving.context

    @property
    def surely(self) -> Proof | None:
        """What is surely enough, where that is too little."""
        weakest = self.verdict.weakest
        return weakest if self.context.certain and weakest is not None and weakest < ENOUGH else None

    @property
    def strong(self) -> bool:
        """Whether callers have to say who they are."""
        return self.verdict.possible is None or self.verdict.possible >= ENOUGH


def cases_of(prover: Prover, ways: Iterable[Way]) -> Iterator[Case]:
    """Ways with one policy, one context and the same fixed values fare the same."""
    groups: dict[tuple[int, Context, tuple[int, ...]], Case] = {}
    listed: dict[int, tuple[Guard, ...]] = {}
    for way in ways:
        arriving = way.arriving
        read = arriving.bindings
        readings = arriving.effective.readings if read else ()
        walked = tuple(id(prover.walks.of(each.inbound, read)) for each in readings)
        key = (id(arriving.effective), arriving.context, walked)
        case = groups.get(key)
        if case is None:
            inbound = arriving.effective.reading.inbound
            if id(inbound) not in listed:
                listed[id(inbound)] = guards(inbound)
            case = groups[key] = Case(
                [way],
                prover.entrances(arriving),
                prover.walks.of(inbound, read),
                prover.walks.of(inbound, {}),
                listed[id(inbound)],
            )
        else:
            case.ways.append(way)
        case.operations.append(way.operation.name if way.operation else "the API")
    return iter(groups.values())


def arrivals(cases: list[Case]) -> list[dict[str, Any]]:
    """With what callers are served, by proof and way to arrive, the weakest first."""
    total = len({name for case in cases for name in case.operations})
    rows: dict[tuple[int, bool, str], list[str]] = {}
    for case in cases:
        sure, possible = case.verdict.weakest, case.verdict.possible
        if possible is None:
            rows.setdefault((len(Proof), True, how(case.context)), []).extend(case.operations)
            continue
        if sure is not None:
            rows.setdefault((sure, True, how(case.context)), []).extend(case.operations)
        if sure is None or possible < sure:
            rows.setdefault((possible, False, how(case.context)), []).extend(case.operations)
    return [
        _row(*key, names, total)
        for key, names in sorted(rows.items(), key=lambda row: (row[0][0], not row[0][1], row[0][2]))
    ]


def _row(proof: int, certain: bool, context: str, names: list[str], total: int) -> dict[str, Any]:
    every = sorted(dict.fromkeys(names))
    row: dict[str, Any] = {
        "with": Proof(proof).name.lower() if proof < len(Proof) else "refused",
        "says": Proof(proof).word if proof < len(Proof) else "refused whatever they bring",
        "certain": certain,
        "context": context,
        "operations": len(every),
        "of": total,
    }
    if len(every) < total:
        row["names"] = every[:_MOST_NAMED]
    return row


def where(cases: list[Case], weakest: Proof) -> str:
    """Which operations are served with the least, and how requests arrive."""
    concerned = [case for case in cases if case.surely is weakest]
    names = sorted({name for case in concerned for name in case.operations})
    total = len({name for case in cases for name in case.operations})
    if len(names) == total:
        text = f"operation {names[0]}" if total == 1 else f"all {total} operations"
    else:
        shown = ", ".join(names[:3])
        text = f"{shown}{f' and {len(names) - 3} more' if len(names) > 3 else ''} of {total} operations"
    contexts = list(dict.fromkeys(how(case.context) for case in concerned))
    more = len(contexts) - 1
    rest = f" and {more} more way{'s' if more > 1 else ''} to arrive" if more else ""
    return f"{text}, requests {contexts[0]}{rest}"


def how(context: Context) -> str:
    """How requests arrive, in words."""
    product = context.product
    if product is not None:
        name = name_of(product)
        return f"with a key of the product {name}" if context.key else f"without a key, in the product {name}"
    if context.key:
        return "with a key of the API, of all APIs or of the whole service"
    return "without a key" if context.key is False else "however they arrive"


def name_of(product: Product) -> str:
    """A product's name as its resource has it."""
    return product.name or product.id.rpartition("/")[2]
