"""What limits a comparison of two stored results, in sentences that every report of it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from auditor.compare import Comparison
from auditor.model.results import Results, RunJson

_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored result and what it is called."""

    path: str
    results: Results


def caveats(old: RunJson, new: RunJson) -> Iterator[str]:
    """What the two runs do not have in common, so that a difference may come from there."""
    if old["catalogue"] != new["catalogue"]:
        yield f"The catalogues differ ({old['catalogue']}, then {new['catalogue']}): rules may have changed."
    elif old["tool"]["version"] != new["tool"]["version"]:
        versions = f"{old['tool']['version']}, then {new['tool']['version']}"
        yield f"The versions of the tool differ ({versions}): rules may have changed."
    kinds = [sorted({one["title"] for one in run["inputs"]}) for run in (old, new)]
    if kinds[0] != kinds[1]:
        said = [" and ".join(kind) or "nothing" for kind in kinds]
        yield (
            f"The inputs are of different kinds ({said[0]}, then {said[1]}): what one cannot show is not "
            "assessed there."
        )
    asked = [_controls(run) for run in (old, new)]
    if asked[0] != asked[1]:
        yield f"The controls that were asked for differ ({asked[0]}, then {asked[1]})."
    whole = [bool(run["scope"].get("complete")) for run in (old, new)]
    if whole[0] is not whole[1]:
        which = "old" if whole[0] else "new"
        yield f"Only the {which} result took its files for all there is (--complete)."
    for name, run in (("old", old), ("new", new)):
        if run["problems"]:
            yield f"{len(run['problems'])} of the files of the {name} result could not be read."
    moments = _moment(old["as_of"]), _moment(new["as_of"])
    if moments[0] and moments[1] and moments[0] > moments[1]:
        yield f"The old result is the later one ({old['as_of']}, then {new['as_of']})."


def _moment(text: str) -> datetime | None:
    """A moment as scans write it, with its offset; None for another text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _controls(run: RunJson) -> str:
    asked = run["scope"].get("controls", "all")
    return ", ".join(map(str, asked)) if isinstance(asked, list) else str(asked)


def matching_caveats(found: Comparison) -> Iterator[str]:
    """How services were matched, where it was not by their id; and those that only one result has."""
    named = [pair.name for pair in found.pairs if pair.by_name]
    if named:
        yield f"Matched by name, since the ids differ: {_names(named)}."
    guessed = [
        pair.name
        for pair in found.pairs
        if pair.old and pair.new and "[" in pair.name and pair.old["input"] != pair.new["input"]
    ]
    if guessed:
        yield f"Taken for the same by a name that is an expression, in other files: {_names(guessed)}."
    if found.ambiguous:
        yield f"Not matched, since several have the name or the id: {_names(found.ambiguous)}."
    matched = any(pair.old and pair.new for pair in found.pairs)
    if not matched and any(pair.old for pair in found.pairs) and any(pair.new for pair in found.pairs):
        yield "The two results have no service in common."
        return
    for text, names in (
        ("Only in the old result", [pair.name for pair in found.pairs if pair.new is None]),
        ("Only in the new result", [pair.name for pair in found.pairs if pair.old is None]),
    ):
        if names:
            yield f"{text}: {_names(names)}."


def _names(names: list[str]) -> str:
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


def renamed_caveats(old: Results, renamed: Mapping[str, str]) -> Iterator[str]:
    """Which checks of an earlier result were followed to the id they have now."""
    for check in old["catalogue"]["checks"]:
        if check["id"] in renamed:
            yield f"{check['id']} is called {renamed[check['id']]} now."
