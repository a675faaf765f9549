"""Secrets at every listed position, in every input shape, never reach any output, log or traceback."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from auditor.cli import main
from auditor.errors import AuditorError
from auditor.redaction import KNOWN_FORMATS, LISTED_FIELDS
from reports import FORMATS
from tests.auditing import ID, child, declared, template

GROUP = "/subscriptions/0/resourceGroups/g/providers"
CANARY = re.compile(r"Cnry\d{4}x\w*")
PROVIDER = "microsoft.apimanagement/service"


def canary(number: int) -> str:
    return f"Cnry{number:04d}xQ7vLp9ZwB3kT8mN2"


def planted(pointer: str, value: Any) -> Any:
    """A body with a value at a pointer pattern."""
    for token in reversed(pointer.split("/")[1:]):
        value = [value] if token == "[]" else {("member" if token == "*" else token): value}  # noqa: S105
    return value


def bodies(wrap: Callable[[str], Any] = str) -> list[tuple[str, dict[str, Any]]]:
    """Type and body with a canary, for every listed position."""
    found = []
    for number, (type_, pointer) in enumerate(LISTED_FIELDS):
        body = planted(pointer, wrap(canary(number)))
        if type_.lower().endswith(("/namedvalues", f"{PROVIDER}/properties")):
            body["properties"] |= {"secret": True, "displayName": "key"}
        found.append((type_, body))
    return found


def named(type_: str, number: int, service: str = "contoso") -> str:
    depth = type_.count("/")
    return "/".join([service, *(f"r{number}" for _ in range(depth - 1))])


def identified(type_: str, number: int) -> str:
    provider, *path = type_.split("/")
    names = named(type_, number).split("/")
    return f"{GROUP}/{provider}/" + "/".join(f"{a}/{b}" for a, b in zip(path, names, strict=True))


def resources(service: str = "contoso", wrap: Callable[[str], Any] = str) -> list[dict[str, Any]]:
    return [
        {"type": type_, "apiVersion": "2024-05-01", "name": named(type_, number, service), **body}
        for number, (type_, body) in enumerate(bodies(wrap))
    ]


def reported() -> list[dict[str, Any]]:
    return [
        {"id": identified(type_, number), "name": f"r{number}", "type": type_, **body}
        for number, (type_, body) in enumerate(bodies())
    ]


def nested() -> dict[str, Any]:
    """Every child inside its parents."""
    tops = []
    for resource in resources():
        provider, first, *path = resource["type"].split("/")
        names = resource["name"].split("/")
        inner = {**resource, "type": path[-1] if path else resource["type"], "name": names[-1]}
        for segment, name in zip(reversed(path[:-1]), reversed(names[1:-1]), strict=True):
            inner = {"type": segment, "apiVersion": "2024-05-01", "name": name, "resources": [inner]}
        if path:
            inner = {**declared(name=names[0]), "type": f"{provider}/{first}", "resources": [inner]}
        tops.append(inner)
    return template(*tops)


def flattened() -> list[dict[str, Any]]:
    found = []
    for resource in reported():
        properties = resource.pop("properties", {})
        always = {"publisherEmail": "x", "virtualNetworkType": "None", "displayName": "x"}
        found.append({**resource, "resourceGroup": "g", **always, **properties})
    return found


def powershell() -> list[dict[str, Any]]:
    return [
        {
            "ResourceId": resource["id"],
            "ResourceType": resource["type"],
            "Name": resource["name"],
            "Properties": resource.get("properties"),
        }
        for resource in reported()
    ]


def spec_example() -> list[dict[str, Any]]:
    return [{"parameters": {}, "responses": {"200": {"body": resource}}} for resource in reported()]


def exported() -> dict[str, Any]:
    parameter = {"service_contoso_name": {"type": "String", "defaultValue": "contoso"}}
    return template(*resources("[parameters('service_contoso_name')]"), parameters=parameter)


def deployment(scope: str, **parameters: Any) -> dict[str, Any]:
    """Every resource in a nested deployment."""
    properties = {
        "mode": "Incremental",
        "expressionEvaluationOptions": {"scope": scope},
        "parameters": parameters,
        "template": template(*resources()),
    }
    kind = "Microsoft.Resources/deployments"
    return template({"type": kind, "apiVersion": "2021-04-01", "name": "n", "properties": properties})


SHAPES: dict[str, Callable[[], list[Any]]] = {
    "template": lambda: [template(*resources())],
    "symbolic names": lambda: [
        {**template(), "languageVersion": "2.0", "resources": {f"s{i}": r for i, r in enumerate(resources())}}
    ],
    "nested children": lambda: [nested()],
    "nested deployment": lambda: [deployment("inner"), deployment("outer")],
    "export": lambda: [exported()],
    "single bodies": reported,
    "list": lambda: [{"value": reported(), "nextLink": f"https://x/?$skiptoken={canary(9000)}"}],
    "array": lambda: [reported()],
    "az": lambda: [flattened()],
    "PowerShell": lambda: [powershell()],
    "Resource Graph": lambda: [{"count": 1, "data": reported(), "total_records": 1}],
    "specification example": spec_example,
    "members in capitals": lambda: [
        json.loads(re.sub(r'"(\w+)":', _shout, json.dumps({"value": reported()})))
    ],
    "concat": lambda: [template(*resources(wrap=lambda c: f"[concat('{c}', parameters('x'))]"))],
    "if": lambda: [template(*resources(wrap=lambda c: f"[if(parameters('x'), '{c}', '{c}b')]"))],
    "json": lambda: [
        template(*resources(wrap=lambda c: f"[json(concat('{{\"a\":\"{c}', parameters('x')))]"))
    ],
    "malformed": lambda: [template(*resources(wrap=lambda c: f"[concat('{c}', parameters('x'"))],
    "unknown function": lambda: [template(*resources(wrap=lambda c: f"[contoso.f('{c}')]"))],
    "list of objects": lambda: [template(*resources(wrap=lambda c: [{"a": [c]}, c]))],
    "secure default": lambda: [_secure("securestring")],
    "plain default": lambda: [_secure("string")],
    "secure object": lambda: [_secure("secureObject")],
    "variable": lambda: [
        {**template(*resources(wrap=lambda c: f"[variables('{c[:8]}')]")), "variables": _each(str)}
    ],
}


def _list() -> dict[str, Any]:
    return {"value": reported()}


def _shout(found: re.Match[str]) -> str:
    name = found[1] if found[1] == "value" else found[1].upper()
    return f'"{name}":'


def _each(make: Callable[[str], Any]) -> dict[str, Any]:
    return {canary(number)[:8]: make(canary(number)) for number in range(len(LISTED_FIELDS))}


def _secure(kind: str) -> dict[str, Any]:
    made = resources(wrap=lambda c: f"[concat(parameters('{c[:8]}'), parameters('none'))]")
    whole = resources(wrap=lambda c: f"[parameters('{c[:8]}')]")
    for resource in whole:
        resource["name"] = f"{resource['name']}w"
    return template(*made, *whole, parameters=_each(lambda c: {"type": kind, "defaultValue": c}))


def leaks(folder: Path, capture: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, set[str]]:
    """The exit code, and the canaries in anything a scan puts out."""
    reports = [(kind, folder / f"report.{kind}") for kind in FORMATS]
    options = [part for kind, path in reports for part in ("--report", f"{kind}={path}")]
    with pytest.raises(SystemExit) as raised:
        main(["scan", *arguments, "--evidence", "all", *options])
    shown = "".join(capture.readouterr())
    shown += "".join(path.read_text(encoding="utf-8") for _, path in reports if path.exists())
    return raised.value.code, set(CANARY.findall(shown))


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_listed_is_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str], shape: str) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    for number, document in enumerate(SHAPES[shape]()):
        (inputs / f"{number}.json").write_text(json.dumps(document), encoding="utf-8")
    code, shown = leaks(tmp_path, capfd, str(inputs))
    fields = {canary(number): field for number, field in enumerate(LISTED_FIELDS)}
    assert {text: fields.get(text[: len(canary(0))]) for text in shown} == {}
    assert code in (1, 3)


def _formats() -> Iterator[tuple[str, str]]:
    for name, example in KNOWN_FORMATS:
        yield name, example(Random(7))


@pytest.mark.parametrize(("name", "secret"), list(_formats()), ids=[name for name, _ in _formats()])
def test_no_known_format_is_shown_wherever_it_stands(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, secret: str
) -> None:
    quoted = secret.replace("'", "''")
    service = {
        **declared(publisherName=secret, virtualNetworkType=secret),
        "tags": {secret: secret},
        "location": secret,
        "sku": {"name": secret},
        "identity": {"type": secret, "userAssignedIdentities": {secret: {}}},
    }
    parts = [
        service,
        child("namedValues", "a", displayName=secret, value=secret),
        child("namedValues", "b", displayName="b", value=f"[concat('{quoted}', parameters('x'))]"),
        child("apis", "c", serviceUrl=f"https://x.example/?{secret}", protocols=[secret]),
        {**child("apis", "d"), "name": f"[concat('contoso/', '{quoted}')]"},
        {**child("apis", "e"), "condition": f"[equals('{quoted}', parameters('x'))]"},
        {
            **child("apis", "f"),
            "copy": {"name": "l", "count": f"[length(concat('{quoted}', parameters('x')))]"},
        },
        {**child("apis", "g"), "type": f"[concat('{quoted}', parameters('x'))]"},
        {**declared(), "name": f"[concat('{quoted}', parameters('x'))]"},
    ]
    path, broken, body = (tmp_path / each for each in ("in.json", "broken.json", "body.json"))
    document = template(*parts, parameters={"x": {"type": "string"}, secret: {"type": "string"}})
    path.write_text(json.dumps(document), encoding="utf-8")
    broken.write_text(f'{{"value": "{json.dumps(secret)} {secret}', encoding="utf-8")
    body.write_text(
        json.dumps({"id": f"{ID}/apis/{secret}", "name": secret, "properties": {"protocols": secret}}),
        encoding="utf-8",
    )
    options = [part for kind in FORMATS for part in ("--report", f"{kind}={tmp_path / kind}")]
    with pytest.raises(SystemExit):
        main(["scan", str(path), str(broken), str(body), "--evidence", "all", *options])
    shown = "".join(capfd.readouterr()) + "".join((tmp_path / each).read_text("utf-8") for each in FORMATS)
    heart = max(re.split(r"[^\w]+", secret), key=len)
    assert secret not in shown, name
    assert heart not in shown or len(heart) < 20, (name, heart)


def _deployed(kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A template whose listed fields are parameters, and the file that gives their values."""
    made = resources(wrap=lambda c: f"[concat(parameters('{c[:8]}'), parameters('none'))]")
    whole = resources(wrap=lambda c: f"[parameters('{c[:8]}')]")
    for resource in whole:
        resource["name"] = f"{resource['name']}w"
    declarations = {**_each(lambda _: {"type": kind}), "none": {"type": "string"}}
    values = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
        "contentVersion": "1.0.0.0",
        "parameters": _each(lambda c: {"value": c if kind.lower().endswith("string") else {"a": [c]}}),
    }
    return template(*made, *whole, parameters=declarations), values


@pytest.mark.parametrize("kind", ["string", "securestring", "object", "secureObject"])
def test_no_value_of_a_parameters_file_is_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    paths = [tmp_path / "main.json", tmp_path / "main.parameters.json"]
    for path, document in zip(paths, _deployed(kind), strict=True):
        path.write_text(json.dumps(document), encoding="utf-8")
    code, shown = leaks(tmp_path, capfd, str(paths[0]), "--parameters", str(paths[1]), "--debug")
    assert shown == set()
    assert code in (1, 3)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"parameters": {{"a": {{"value": "{canary(1)}" "{canary(2)}"}}}}}}',
        f'{{"parameters": {{"a": "{canary(1)}", "b": {{"value": 1, "value": "{canary(2)}"}}}}}}',
        f'["{canary(1)}"]',
        f'{{"parameters": "{canary(1)}"}}',
        f'"{canary(1)}',
    ],
)
@pytest.mark.parametrize("debug", [False, True], ids=["quiet", "debug"])
def test_no_error_about_a_file_shows_what_is_in_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str, debug: bool
) -> None:
    """Neither of an input nor of a parameters file, in a message or a traceback."""
    good, bad = tmp_path / "main.json", tmp_path / "bad.json"
    good.write_text(json.dumps(template(declared())), encoding="utf-8")
    bad.write_text(text, encoding="utf-8")
    for arguments in ([str(bad)], [str(good), "--parameters", str(bad)]):
        said = ""
        try:
            main(["scan", *arguments, *(["--debug"] if debug else [])])
        except (SystemExit, AuditorError) as error:
            said = "".join(traceback.format_exception(error))
        said += "".join(capfd.readouterr())
        assert said
        assert not CANARY.search(said)


def test_no_traceback_of_a_fault_shows_what_was_read(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text of an exception may well hold the inventory: it shows withheld values as withheld."""
    path = tmp_path / "main.json"
    path.write_text(json.dumps({"value": reported()}), encoding="utf-8")

    def broken(*given: object, **named: object) -> None:
        raise ValueError(f"{given!r} {named!r}")

    monkeypatch.setattr("auditor.audit.audit", broken)
    with pytest.raises(ValueError, match="contoso") as raised:
        main(["scan", str(path), "--debug"])
    said = "".join(traceback.format_exception(raised.value)) + "".join(capfd.readouterr())
    assert not CANARY.search(said)
