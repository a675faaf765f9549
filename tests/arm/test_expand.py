"""Templates are expanded: parameters, conditions, copies, names, documents."""

from __future__ import annotations

from auditor.arm import Deployment, expand, is_parameters, is_template
from auditor.model.values import Partial, PartialList, PartialObject, Unresolved
from tests.arm.templates import HERE, SERVICE, names, service, template

# -- parameters -------------------------------------------------------------------------------------------


def test_a_parameter_file_overrides_a_default() -> None:
    written = template(
        service(properties={"publicNetworkAccess": "[parameters('Access')]"}),
        parameters={"access": {"type": "string", "defaultValue": "Disabled"}},
    )
    given = expand(written, {"ACCESS": {"value": "Enabled"}})
    assert given.resources[0].body["properties"] == {"publicNetworkAccess": "Enabled"}
    assert given.defaulted_parameters == ()
    alone = expand(written)
    assert alone.resources[0].body["properties"] == {"publicNetworkAccess": "Disabled"}
    assert alone.defaulted_parameters == ("access",)


def test_a_parameter_without_value_is_unresolved_and_listed_when_it_was_needed() -> None:
    found = expand(
        template(
            service("[parameters('name')]"), parameters={"name": {"type": "string"}, "idle": {"type": "int"}}
        )
    )
    assert found.resources[0].segments == (Unresolved("parameters('name')", "parameter 'name' has no value"),)
    assert found.unresolved_parameters == ("name",)
    assert found.diagnostics == ()


def test_null_is_no_value() -> None:
    written = template(
        service(properties={"a": "[parameters('a')]", "b": "[parameters('b')]", "c": "[parameters('c')]"}),
        parameters={
            "a": {"type": "SecureString", "defaultValue": None},
            "b": {"type": "string", "defaultValue": "default"},
            "c": {"type": "string", "nullable": True},
        },
    )
    properties = expand(written, {"b": {"value": None}}).resources[0].body["properties"]
    assert properties["a"] == Unresolved("parameters('a')", "parameter 'a' has no value")
    assert properties["b"] == "default"
    assert properties["c"] is None


def test_nullable_by_its_definition() -> None:
    written = template(
        service(tags={"c": "[parameters('c')]"}),
        parameters={"c": {"$ref": "#/definitions/maybe"}},
        definitions={"maybe": {"type": "string", "nullable": True}},
    )
    assert expand(written).resources[0].body["tags"] == {"c": None}


def test_a_secret_of_a_key_vault_is_unresolved() -> None:
    written = template(service(tags={"s": "[parameters('s')]"}), parameters={"s": {"type": "secureString"}})
    found = expand(written, {"s": {"reference": {"keyVault": {"id": "/x"}, "secretName": "s"}}})
    assert found.resources[0].body["tags"]["s"] == Unresolved("parameters('s')", "comes from Key Vault")
    assert found.unresolved_parameters == ()


def test_values_of_a_parameter_file_are_not_expressions() -> None:
    written = template(service(tags={"s": "[parameters('s')]"}), parameters={"s": {"type": "string"}})
    assert expand(written, {"s": {"value": "[x()]"}}).resources[0].body["tags"]["s"] == "[x()]"


def test_a_secure_value_gets_into_no_canonical_text() -> None:
    written = template(
        service(
            tags={
                "s": "[base64(concat('user:', parameters('s'), parameters('u')))]",
                "d": "[uniqueString(parameters('d'))]",
            }
        ),
        parameters={
            "s": {"type": "secureString"},
            "u": {"type": "string"},
            "d": {"type": "secureString", "defaultValue": "hidden-default"},
        },
    )
    body = expand(written, {"s": {"value": "correct-horse"}}).resources[0].body
    assert "correct-horse" not in repr(body)
    assert "hidden-default" not in repr(body)
    assert body["tags"]["d"].expression == "uniqueString(parameters('d'))"


def test_texts_and_keys() -> None:
    written = template(
        service(
            tags={"a": "[[literal]", "b": "[concat('it''s', ' ',\n 'here')]"},
            identity={
                "type": "UserAssigned",
                "userAssignedIdentities": {
                    "[resourceId('A.B/c', 'x')]": {},
                    "[concat('known', '1')]": {},
                },
            },
        ),
    )
    body = expand(written).resources[0].body
    assert body["tags"] == {"a": "[literal]", "b": "it's here"}
    identities = body["identity"]["userAssignedIdentities"]
    assert isinstance(identities, PartialObject)
    assert dict(identities) == {f"{HERE}/providers/A.B/c/x": {}, "known1": {}}


def test_a_malformed_expression_spoils_its_value_only() -> None:
    found = expand(template(service(tags={"a": "[concat(]", "b": "[nosuch('x')]", "c": "[toLower('C')]"})))
    tags = found.resources[0].body["tags"]
    assert tags["a"].expression == "concat("
    assert tags["a"].reason.startswith("malformed expression")
    assert isinstance(tags["b"], Unresolved)
    assert tags["c"] == "c"
    assert len(found.diagnostics) == 2
    assert "/resources/0/tags/a" in found.diagnostics[0]
    assert "nosuch" in found.diagnostics[1]


# -- conditions and copies --------------------------------------------------------------------------------


def test_conditions() -> None:
    written = template(
        service("yes", condition=True),
        service("text", condition="true"),
        service("computed", condition="[equals('a', 'a')]"),
        service("no", condition=False),
        service("none", condition="[not(true())]"),
        service("open", condition="[equals(parameters('p'), 'a')]"),
        parameters={"p": {"type": "string"}},
    )
    found = expand(written)
    assert names(found) == ["yes", "text", "computed", "open"]
    assert [resource.condition for resource in found.resources[:3]] == [None, None, None]
    assert found.resources[3].condition == Unresolved(
        "equals(parameters('p'), 'a')", "parameter 'p' has no value"
    )


def test_a_condition_does_not_cascade_to_children() -> None:
    found = expand(template(service(condition=False, resources=[{"type": "apis", "name": "a"}])))
    assert names(found) == ["apim/a"]


def test_copies_of_a_resource() -> None:
    found = expand(
        template(
            service(
                "[concat('s', copyIndex(), '-', copyIndex('loop', 10))]",
                copy={
                    "name": "loop",
                    "count": "[length(variables('list'))]",
                    "mode": "serial",
                    "batchSize": 1,
                },
                tags={"v": "[variables('list')[copyIndex()]]"},
            ),
            variables={"list": ["x", "y"]},
        )
    )
    assert names(found) == ["s0-10", "s1-11"]
    assert [resource.body["tags"]["v"] for resource in found.resources] == ["x", "y"]
    assert {resource.pointer for resource in found.resources} == {"/resources/0"}
    assert "copy" not in found.resources[0].body


def test_no_copies() -> None:
    assert expand(template(service(copy={"name": "l", "count": 0}))).resources == ()


def test_an_unknown_number_of_copies_is_one_open_resource() -> None:
    found = expand(
        template(
            service(
                "[parameters('all')[copyIndex()].name]",
                copy={"name": "l", "count": "[length(parameters('all'))]"},
            ),
            parameters={"all": {"type": "array"}},
        )
    )
    (resource,) = found.resources
    assert resource.copy_open == Unresolved("length(parameters('all'))", "parameter 'all' has no value")
    assert str(resource.segments[0]) == "[parameters('all')[copyIndex('l')].name]"


def test_copies_of_properties_and_variables() -> None:
    copy = [
        {"name": "regions", "count": 2, "input": {"location": "[variables('names')[copyIndex('regions')]]"}}
    ]
    found = expand(
        template(
            service(properties={"copy": copy, "fixed": 1}, tags={"t": "[variables('inner').list]"}),
            variables={
                "copy": [{"name": "names", "count": 2, "input": "[concat('r', copyIndex('names', 1))]"}],
                "inner": {"copy": [{"name": "list", "count": 2, "input": "[copyIndex('list')]"}]},
            },
        )
    )
    body = found.resources[0].body
    assert body["properties"] == {"regions": [{"location": "r1"}, {"location": "r2"}], "fixed": 1}
    assert body["tags"] == {"t": [0, 1]}


def test_a_property_copied_an_unknown_number_of_times() -> None:
    copy = [{"name": "regions", "count": "[length(parameters('p'))]", "input": 1}]
    found = expand(template(service(properties={"copy": copy}), parameters={"p": {"type": "array"}}))
    regions = found.resources[0].body["properties"]["regions"]
    assert isinstance(regions, PartialList)
    assert regions == []


def test_a_member_called_copy_is_kept() -> None:
    properties = {"copy": ["a"], "x": {"copy": {"enabled": True}}}
    assert expand(template(service(properties=properties))).resources[0].body["properties"] == properties


# -- names, children, ids ---------------------------------------------------------------------------------


def test_children_take_type_and_name_from_their_parents() -> None:
    operation = {"type": "operations", "name": "get", "apiVersion": "2022-08-01"}
    api = {"type": "apis", "name": "echo", "apiVersion": "2021-08-01", "resources": [operation]}
    found = expand(
        template(service("[parameters('n')]", resources=[api]), parameters={"n": {"type": "string"}})
    )
    assert [resource.type for resource in found.resources] == [
        SERVICE,
        f"{SERVICE}/apis",
        f"{SERVICE}/apis/operations",
    ]
    assert found.resources[2].segments == (
        Unresolved("parameters('n')", "parameter 'n' has no value"),
        "echo",
        "get",
    )
    assert found.resources[2].pointer == "/resources/0/resources/0/resources/0"
    assert found.resources[1].api_version == "2021-08-01"
    assert (
        str(found.resources[2].id) == f"{HERE}/providers/{SERVICE}/[parameters('n')]/apis/echo/operations/get"
    )
    assert set(found.resources[1].body) == {"name"}


def test_names_are_cut_at_known_slashes() -> None:
    found = expand(
        template(
            {"type": f"{SERVICE}/apis/policies", "name": "[concat(parameters('n'), '-x/echo', '/policy')]"},
            {"type": f"{SERVICE}/apis", "name": "[format('{0}/{1}', 'a', 'b')]"},
            parameters={"n": {"type": "string"}},
        )
    )
    first = found.resources[0].segments
    assert first == (
        Partial((Unresolved("parameters('n')", "parameter 'n' has no value"), "-x")),
        "echo",
        "policy",
    )
    assert found.resources[1].segments == ("a", "b")


def test_a_name_whose_slashes_are_not_known_still_has_its_segments() -> None:
    found = expand(
        template(
            {"type": f"{SERVICE}/apis", "name": "[parameters('path')]"},
            {"type": f"{SERVICE}/apis/policies", "name": "[concat(parameters('path'), '/policy')]"},
            parameters={"path": {"type": "string"}},
        )
    )
    assert [str(segment) for segment in found.resources[0].segments] == [
        "[split(parameters('path'), '/')[0]]",
        "[split(parameters('path'), '/')[1]]",
    ]
    assert found.resources[1].segments[2] == "policy"


def test_extension_resources() -> None:
    found = expand(
        template(
            {
                "type": "Microsoft.Insights/diagnosticSettings",
                "name": "d",
                "scope": f"[resourceId('{SERVICE}', 'apim')]",
            },
            {"type": "Microsoft.Insights/diagnosticSettings", "name": "d", "scope": f"{SERVICE}/apim"},
            {"type": f"{SERVICE}/providers/diagnosticSettings", "name": "apim/Microsoft.Insights/d"},
            service(resources=[{"type": "providers/diagnosticSettings", "name": "Microsoft.Insights/d"}]),
        )
    )
    ids = [str(resource.id) for resource in found.resources if "iagnostic" in resource.type]
    assert str(found.resources[0].scope) == f"{HERE}/providers/{SERVICE}/apim"
    assert (
        ids[0]
        == ids[1]
        == f"{HERE}/providers/{SERVICE}/apim/providers/Microsoft.Insights/diagnosticSettings/d"
    )
    assert found.resources[2].segments == found.resources[4].segments == ("apim", "Microsoft.Insights", "d")


def test_symbolic_names_and_a_classic_list_give_the_same() -> None:
    classic = template(
        service("[variables('n')]", properties={"a": 1}),
        {
            "type": f"{SERVICE}/apis",
            "apiVersion": "2022-08-01",
            "name": "[format('{0}/{1}', variables('n'), 'echo')]",
            "dependsOn": ["[resourceId('x/y', 'z')]"],
            "properties": {"p": f"[reference(resourceId('{SERVICE}', variables('n')), '2022-08-01').x]"},
        },
        variables={"n": "[uniqueString(resourceGroup().id)]"},
    )
    symbolic = {
        **classic,
        "languageVersion": "2.0",
        "resources": {
            "apim": classic["resources"][0],
            "api": {
                **classic["resources"][1],
                "dependsOn": ["apim"],
                "properties": {"p": "[reference('apim').x]"},
            },
            "other": {
                "existing": True,
                "type": "A.B/c",
                "apiVersion": "2020-01-01",
                "name": "o",
                "resourceGroup": "rg",
            },
        },
    }
    left = [(r.type, r.segments, r.body, r.id) for r in expand(classic).resources]
    right = expand(symbolic).resources
    assert left == [(r.type, r.segments, r.body, r.id) for r in right if not r.existing]
    assert [r.pointer for r in right] == ["/resources/apim", "/resources/api", "/resources/other"]
    assert right[2].existing
    assert str(right[2].id).endswith("/resourceGroups/rg/providers/A.B/c/o")


def test_what_is_no_resource_is_said() -> None:
    found = expand(
        template(1, {"name": "x"}, {"type": "[parameters('t')]"}, parameters={"t": {"type": "string"}})
    )
    assert found.resources == ()
    assert len(found.diagnostics) == 3
    assert expand([]).diagnostics
    assert expand({"resources": {"a": {"import": "kubernetes", "type": "core/Secret@v1"}}}) == Deployment()


# -- documents --------------------------------------------------------------------------------------------


def test_user_defined_functions() -> None:
    functions = [
        {
            "namespace": "contoso",
            "members": {
                "name": {
                    "parameters": [{"name": "prefix", "type": "string"}],
                    "output": {"type": "string", "value": "[concat(toLower(parameters('prefix')), '-x')]"},
                }
            },
        }
    ]
    found = expand(template(service("[Contoso.Name('APIM')]"), functions=functions))
    assert names(found) == ["apim-x"]


def test_a_policy_loaded_from_a_file_is_a_variable() -> None:
    found = expand(
        template(
            {
                "type": f"{SERVICE}/policies",
                "name": "apim/policy",
                "properties": {"value": "[variables('$fxv#0')]"},
            },
            variables={"$fxv#0": "<policies />"},
        )
    )
    assert found.resources[0].body["properties"]["value"] == "<policies />"


def test_which_documents_are_templates() -> None:
    for kind in ("deploymentTemplate", "subscriptionDeploymentTemplate", "TENANTDEPLOYMENTTEMPLATE"):
        assert is_template({"$schema": f"http://schema.management.azure.com/schemas/2018-05-01/{kind}.json#"})
    assert is_template({"contentVersion": "1.0.0.0", "resources": []})
    assert not is_template({"contentVersion": "1.0.0.0", "parameters": {}})
    assert not is_template(
        {"$schema": "https://x/deploymentParameters.json#", "contentVersion": "1", "resources": []}
    )
    assert not is_template([])
    assert is_parameters({"$schema": "https://x/deploymentParameters.json#"})
    assert is_parameters({"contentVersion": "1.0.0.0", "parameters": {}})
    assert not is_parameters({"contentVersion": "1.0.0.0", "parameters": {}, "resources": []})


def test_the_generator_is_told() -> None:
    metadata = {"_generator": {"name": "bicep", "version": "0.30.3", "templateHash": "1"}}
    assert expand(template(metadata=metadata)).generator == "bicep 0.30.3"
    assert expand(template()).generator is None
