"""``results.json``: the stored result itself."""

from __future__ import annotations

import json
from collections.abc import Iterator

from auditor.model.results import Results, ServiceJson


def render_json(results: Results) -> str:
    """The stored result as JSON, members in the schema's order.

    What heads it is indented; each control of a service and each row of what was withheld has a line of its
    own. So two results compare line by line, and an estate of a thousand services is written by the
    standard library's fast encoder.
    """
    head = {name: results[name] for name in ("schema_version", "run", "summary", "catalogue")}
    text = json.dumps(head, ensure_ascii=False, indent=1)
    return "".join((text[:-2], *_lists(results), "\n}\n"))


def _lists(results: Results) -> Iterator[str]:
    rows = ",\n".join(f"  {_compact(row)}" for row in results["withheld"])
    yield f',\n "withheld": [\n{rows}\n ]' if rows else ',\n "withheld": []'
    services = ",\n".join(_service(service) for service in results["services"])
    yield f',\n "services": [\n{services}\n ]' if services else ',\n "services": []'


def _service(service: ServiceJson) -> str:
    envelope = {name: value for name, value in service.items() if name != "controls"}
    controls = ",\n".join(f"   {_compact(control)}" for control in service["controls"])
    return f'  {_compact(envelope)[:-1]}, "controls": [\n{controls}\n  ]}}'


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
