"""``results.json``: the stored result itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from auditor.model.results import Results, ServiceJson


def render_json(results: Results) -> str:
    """The stored result as JSON: see :func:`json_pieces`."""
    return "".join(json_pieces(results))


def json_pieces(results: Results) -> Iterator[str]:
    """The stored result as JSON in pieces, members in the schema's order.

    What heads it is indented; each control of a service and each row of what was withheld has a line of its
    own. So two results compare line by line, and an estate of a thousand services is written by the
    standard library's fast encoder.
    """
    head = {name: results[name] for name in ("schema_version", "run", "summary", "catalogue")}
    text = json.dumps(head, ensure_ascii=False, indent=1)
    yield text[:-2]
    yield from _list("withheld", ((f"  {_compact(row)}",) for row in results["withheld"]))
    yield from _list("services", map(_service, results["services"]))
    yield "\n}\n"


def _list(name: str, rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A member of the document: rows, each in pieces."""
    empty = True
    for row in rows:
        yield f',\n "{name}": [\n' if empty else ",\n"
        yield from row
        empty = False
    yield f',\n "{name}": []' if empty else "\n ]"


def _service(service: ServiceJson) -> Iterator[str]:
    envelope = {name: value for name, value in service.items() if name != "controls"}
    yield f'  {_compact(envelope)[:-1]}, "controls": [\n'
    for number, control in enumerate(service["controls"]):
        yield f",\n   {_compact(control)}" if number else f"   {_compact(control)}"
    yield "\n  ]}"


# A result refers to nothing above itself: looking for that at each object takes a twentieth of the time.
_compact: Callable[[object], str] = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
