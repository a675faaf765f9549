"""Nested and linked deployments are followed, each with its own parameters."""

from __future__ import annotations

from auditor.arm import expand
from auditor.model.values import Partial, Unresolved
from tests.arm.templates import HERE, SERVICE, names, nested, service, template


def test_an_inner_scope_sees_its_own_parameters() -> None:
    inner = template(
        service("[parameters('name')]", tags={"v": "[variables('v')]", "d": "[parameters('d')]"}),
        parameters={"name": {"type": "string"}, "d": {"type": "string", "defaultValue": "[variables('v')]"}},
        variables={"v": "inner"},
    )
    found = expand(
        template(
            nested(inner, parameters={"NAME": {"value": "[concat(parameters('name'), '-x')]"}}),
            parameters={"name": {"type": "string"}},
            variables={"v": "outer"},
        )
    )
    (resource,) = found.resources
    assert resource.segments == (
        Partial((Unresolved("parameters('name')", "parameter 'name' has no value"), "-x")),
    )
    assert resource.body["tags"] == {"v": "inner", "d": "inner"}
    assert resource.pointer == "/resources/0/properties/template/resources/0"
    assert found.unresolved_parameters == ("name",)


def test_an_outer_scope_sees_the_parameters_of_the_parent() -> None:
    inner = template(service(tags={"v": "[variables('v')]"}), variables={"v": "inner"})
    for scope in ("outer", None):
        found = expand(template(nested(inner, scope=scope), variables={"v": "outer"}))
        assert found.resources[0].body["tags"] == {"v": "outer"}


def test_unknowns_of_different_modules_stay_apart() -> None:
    inner = template(service("[parameters('name')]"), parameters={"name": {"type": "string"}})
    found = expand(
        template(
            nested(inner, name="one"),
            nested(inner, name="two"),
            service("[parameters('name')]"),
            parameters={"name": {"type": "string"}},
        )
    )
    assert len({resource.segments for resource in found.resources}) == 3


def test_conditions_and_copies_of_deployments_reach_their_resources() -> None:
    inner = template(
        service("[parameters('n')]", condition="[equals(parameters('n'), parameters('m'))]"),
        parameters={
            "n": {"type": "string"},
            "m": {"type": "string", "defaultValue": "[resourceGroup().name]"},
        },
    )
    found = expand(
        template(
            nested(
                inner,
                condition="[bool(parameters('on'))]",
                copy={"name": "l", "count": 2},
                name="[concat('m', copyIndex())]",
                parameters={"n": {"value": "[concat('s', copyIndex())]"}},
            ),
            nested(inner, condition=False),
            parameters={"on": {"type": "bool"}},
        )
    )
    assert names(found) == ["s0", "s1"]
    assert found.resources[1].condition is not None
    assert found.resources[1].condition.expression == (
        "and(bool(parameters('on')), equals('s1', resourceGroup().name))"
    )


def test_an_open_number_of_deployments() -> None:
    inner = template(service("[parameters('n')]"), parameters={"n": {"type": "string"}})
    found = expand(
        template(
            nested(
                inner,
                copy={"name": "l", "count": "[parameters('many')]"},
                parameters={"n": {"value": "[concat('s', copyIndex())]"}},
            ),
            parameters={"many": {"type": "int"}},
        )
    )
    (resource,) = found.resources
    assert str(resource.segments[0]) == "s[copyIndex('l')]"
    assert resource.copy_open is not None


def test_outputs_of_a_module_are_known() -> None:
    inner = template(
        outputs={"id": {"type": "string", "value": "[resourceId('A.B/c', parameters('n'))]"}},
        parameters={"n": {"type": "string"}},
    )
    module = nested(inner, parameters={"n": {"value": "x"}})
    reference = "reference(resourceId('Microsoft.Resources/deployments', 'module'), '2022-09-01')"
    tags = {
        "a": f"[{reference}.outputs.id.value]",
        "b": "[reference('module').outputs.ID.value]",
        "c": f"[{reference}.outputs.nosuch.value]",
    }
    found = expand(template(module, service(tags=tags))).resources[0].body["tags"]
    assert str(found["a"]) == str(found["b"]) == f"{HERE}/providers/A.B/c/x"
    assert isinstance(found["c"], Unresolved)


def test_values_given_by_an_expression_for_the_whole_parameter() -> None:
    inner = template(
        service(tags={"p": "[parameters('p')]"}),
        parameters={"p": {"type": "string", "defaultValue": "default"}},
    )
    for condition, expected in (("true()", "given"), ("false()", "default")):
        entry = f"[if({condition}, createObject('value', 'given'), createObject('value', null()))]"
        found = expand(template(nested(inner, parameters={"p": entry})))
        assert found.resources[0].body["tags"] == {"p": expected}


def test_a_deployment_to_another_group() -> None:
    inner = template(
        service(tags={"g": "[resourceGroup().name]", "i": "[resourceId('A.B/c', 'x')]"}),
    )
    found = expand(template(nested(inner, resourceGroup="other", subscriptionId="s1")))
    (resource,) = found.resources
    assert resource.body["tags"] == {
        "g": "other",
        "i": "/subscriptions/s1/resourceGroups/other/providers/A.B/c/x",
    }
    assert resource.id == f"/subscriptions/s1/resourceGroups/other/providers/{SERVICE}/apim"


def test_linked_templates_are_listed() -> None:
    linked = nested(template())
    linked["properties"] = {"templateLink": {"uri": "[concat('https://x/', parameters('t'))]"}}
    found = expand(template(linked, parameters={"t": {"type": "string"}}))
    assert found.linked == ("https://x/[parameters('t')]",)
    assert "/resources/0" in found.diagnostics[0]


def test_tokens_in_the_address_of_a_linked_template_are_not_shown() -> None:
    linked = nested(template())
    linked["properties"] = {
        "templateLink": {"uri": "[concat('https://x/a.json?sig=first', parameters('t'))]"}
    }
    other = nested(template())
    other["properties"] = {"templateLink": {"uri": "[concat('https://x/', parameters('t'))]"}}
    found = expand(
        template(linked, other, parameters={"t": {"type": "secureString"}}), {"t": {"value": "second-token"}}
    )
    assert found.linked == ("https://x/a.json", "[concat('https://x/', parameters('t'))]")
    assert "second-token" not in repr(found)
    assert "sig=first" not in repr(found)
