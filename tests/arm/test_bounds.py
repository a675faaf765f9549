"""Templates made to be expensive: each is given up where it hurts, and nowhere else."""

import sys
import time
from typing import Any

import pytest

from auditor.arm import Deployment, expand
from auditor.model.values import Partial, Unresolved, walk

DEPLOYMENTS = "Microsoft.Resources/deployments"


def template(variables: dict[str, Any], **members: Any) -> dict[str, Any]:
    resource = {"type": "A.B/c", "name": "r", "properties": {"v": "[variables('v')]", "ok": "[toLower('A')]"}}
    return {"contentVersion": "1.0.0.0", "variables": variables, "resources": [resource], **members}


def chain(expression: str, end: Any, length: int) -> dict[str, Any]:
    links = {f"v{i}": expression.replace("NEXT", f"variables('v{i + 1}')") for i in range(length)}
    return {"v": "[variables('v0')]", **links, f"v{length}": end}


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


DOUBLE = "[concat(NEXT('a'), NEXT('b'))]"
RECURSIVE = [
    {
        "namespace": "f",
        "members": {
            "down": {"parameters": [{"name": "x"}], "output": {"value": "[f.down(parameters('x'))]"}},
            **{
                f"g{i}": {
                    "parameters": [{"name": "x"}],
                    "output": {"value": f"[concat(f.g{i + 1}('a'), f.g{i + 1}('b'))]"},
                }
                for i in range(40)
            },
            "g40": {"parameters": [{"name": "x"}], "output": {"value": "x"}},
        },
    }
]

EXPENSIVE = {
    "a cycle": {"v": "[variables('w')]", "w": "[base64(variables('v'))]"},
    "a long chain": chain("[concat('x', NEXT)]", "e", 500),
    "texts that double": chain("[concat(NEXT, NEXT)]", "e", 60),
    "unknown texts that double": chain("[concat(NEXT, '-', NEXT)]", "[resourceGroup().name]", 60),
    "unknown calls that double": chain("[uniqueString(NEXT, NEXT)]", "[resourceGroup().name]", 40),
    "objects that double": chain("[createObject('a', NEXT, 'b', NEXT)]", "e", 60),
    "arrays that double": chain("[concat(NEXT, NEXT)]", ["e"], 60),
    "replacements that double": chain("[replace(NEXT, 'e', 'eeeeeeeeee')]", "e", 40),
    "choices that double": chain(
        "[if(bool(tenant().a), NEXT, if(bool(tenant().b), NEXT, createObject()))]",
        {"e": 1},
        40,
    ),
    "a growing reduction": {
        "v": "[reduce(range(0, 99), 'a', lambda('a', 'b', format('{0}{0}', lambdaVariables('a'))))]"
    },
    "loops in loops": {
        "v": "[map(range(0, 9999), lambda('a', map(range(0, 9999), lambda('b', lambdaVariables('a')))))]"
    },
    "a function of itself": {"v": "[f.down('x')]"},
    "functions that double": {"v": "[f.g0('x')]"},
    "deep calls": {"v": "[" + "concat(" * 4000 + "'a'" + ")" * 4000 + "]"},
    "deep values": {"v": deep(500)},
    "deep JSON in a text": {"v": "[json('" + "[" * 5000 + "]" * 5000 + "')]"},
}


@pytest.mark.parametrize("name", EXPENSIVE)
def test_an_expensive_value_is_given_up_alone(name: str) -> None:
    started = time.process_time()
    found = expand(template(EXPENSIVE[name], functions=RECURSIVE))
    assert time.process_time() - started < 20
    properties = found.resources[0].body["properties"]
    assert properties["ok"] == "a"
    unknown = [item for _, item in walk(properties["v"]) if isinstance(item, Unresolved | Partial)]
    assert unknown or name in ("texts that double", "choices that double")
    for item in unknown:
        pieces = item.pieces if isinstance(item, Partial) else (item,)
        assert all(len(piece.expression) <= 300 for piece in pieces if isinstance(piece, Unresolved))


def test_a_bad_value_used_everywhere_costs_once() -> None:
    resources = [{"type": "A.B/c", "name": f"r{i}", "tags": {"v": "[variables('v')]"}} for i in range(300)]
    bad = EXPENSIVE["loops in loops"]
    started = time.process_time()
    expand({"contentVersion": "1.0.0.0", "variables": bad, "resources": resources})
    assert time.process_time() - started < 20


def test_deep_values_of_a_parameter_file() -> None:
    written = template({"v": "[parameters('p')]"}, parameters={"p": {"type": "object"}})
    found = expand(written, {"p": {"value": deep(300)}})
    assert isinstance(found.resources[0].body["properties"]["v"], Unresolved)
    direct = template({"v": 1})
    direct["resources"][0]["properties"] = deep(400)
    direct["resources"][0]["tags"] = deep(400)
    body = expand(direct).resources[0].body
    assert isinstance(body["properties"], Unresolved)
    assert body["properties"] != body["tags"]


def test_little_stack_is_enough_not_to_raise() -> None:
    def below(levels: int) -> Deployment:
        return below(levels - 1) if levels else expand(template(EXPENSIVE["a long chain"]))

    frames, frame = 0, sys._getframe()
    while frame.f_back is not None:
        frames, frame = frames + 1, frame.f_back
    for room in (150, 300, 600):
        found = below(sys.getrecursionlimit() - frames - room)
        assert isinstance(found.resources[0].body["properties"]["v"], Unresolved)


def test_too_many_copies_are_left_open() -> None:
    copied = {"type": "A.B/c", "name": "[concat('r', copyIndex())]", "copy": {"name": "l", "count": 801}}
    (resource,) = expand({"contentVersion": "1", "resources": [copied]}).resources
    assert resource.copy_open is not None
    copied["copy"] = {"name": "l", "count": 800}
    found = expand({"contentVersion": "1", "resources": [dict(copied) for _ in range(40)]})
    assert 20_000 <= len(found.resources) < 21_000
    assert found.resources[-1].copy_open is not None
    assert any("20000" in sentence for sentence in found.diagnostics)


def test_resources_written_down_are_never_too_many() -> None:
    resources = [{"type": "A.B/c", "name": f"r{i}"} for i in range(25_000)]
    assert len(expand({"contentVersion": "1", "resources": resources}).resources) == 25_000


def test_deployments_nested_too_deeply() -> None:
    inner: dict[str, Any] = {"contentVersion": "1", "resources": [{"type": "A.B/c", "name": "r"}]}
    for _ in range(100):
        deployment = {
            "type": "Microsoft.Resources/deployments",
            "name": "n",
            "properties": {"template": inner},
        }
        inner = {"contentVersion": "1", "resources": [deployment]}
    found = expand(inner)
    assert found.resources == ()
    assert len(found.diagnostics) == 1


@pytest.mark.parametrize(
    "members",
    [
        {"resources": None},
        {"resources": "x"},
        {"resources": [None, 1, "x", [], {}]},
        {"parameters": [], "variables": 5, "functions": {"a": 1}, "resources": [{"type": "A.B/c"}]},
        {"functions": [1, {"namespace": "n", "members": 5}, {"namespace": "n", "members": {"f": 1}}]},
        {"variables": {"copy": [1, {"name": 5}, {"name": "x"}], "x": None}},
        {"resources": [{"type": "A.B/c", "name": 5, "copy": 5, "condition": {}, "resources": 5}]},
        {"resources": [{"type": "A.B/c", "name": ["x"], "copy": {"count": -1}, "condition": "maybe"}]},
        {"resources": [{"type": "A.B/c", "copy": {"name": {}, "count": "x"}, "scope": 5, "apiVersion": 5}]},
        {"resources": [{"type": DEPLOYMENTS, "properties": 5}]},
        {
            "resources": [
                {"type": "Microsoft.Resources/deployments", "properties": {"template": "[variables('x')]"}}
            ]
        },
        {
            "resources": [
                {
                    "type": "Microsoft.Resources/deployments",
                    "properties": {"template": {"outputs": 5}, "parameters": []},
                }
            ]
        },
    ],
)
def test_documents_of_any_shape(members: dict[str, Any]) -> None:
    found = expand({"contentVersion": "1.0.0.0", **members})
    assert isinstance(found, Deployment)
