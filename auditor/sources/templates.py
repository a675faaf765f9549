"""ARM templates and portal exports: expanded, with the ids a deployment would give."""

from __future__ import annotations

import re
from collections.abc import Mapping

from auditor.arm import Deployment, Expanded, expand
from auditor.model.inventory import IN_EXPRESSION, SERVICE, InputKind, Origin
from auditor.model.values import Json, Partial, PartialObject, Unresolved
from auditor.sources.jsontext import JsonDocument
from auditor.sources.shape import Found, Listed, Shaped, modern, parent_of_id, type_of_id

_EXPORT_PARAMETER = re.compile(r"[a-z0-9]+_.*_(name|externalid|value|firstname|lastname|displayname)", re.I)
"""How "Export template" names its parameters: collection, resource, member."""
_INSIGHTS = "microsoft.insights/diagnosticsettings"


def shape(document: JsonDocument, parameters: Mapping[str, Json]) -> Shaped:
    """What deploying a template would set.

    Args:
        document: A template.
        parameters: ``{name: {"value": ...}}`` from parameter files; they win over default values.
    """
    deployment = expand(document.value, parameters)
    exported = _is_export(document.value)
    kind = InputKind.PORTAL_EXPORT if exported else InputKind.ARM_TEMPLATE
    shaped = Shaped(kind, declared=True, exported=exported, notes=_notes(deployment))
    lost = list(deployment.left_out)
    for resource in deployment.resources:
        if resource.existing:
            continue
        if len(resource.segments) < resource.type.count("/"):
            # A child without its own name would be taken for its parent.
            lost.append(resource.pointer)
            shaped.notes.append(f"the name of the resource at {resource.pointer} does not fit its type")
            continue
        found = _found(resource, document)
        shaped.resources.append(found)
        parent = parent_of_id(found.id)
        if resource.copy_open is not None and parent:
            detail = f"how many are deployed depends on {resource.copy_open}"
            shaped.listings.append(Listed(parent, found.type, found.origin, False, detail))
    if deployment.linked:
        links = ", ".join(str(link) for link in deployment.linked[:3])
        _open_all(shaped, f"linked templates were not followed: {links}")
    if lost:
        _open_all(shaped, f"what is deployed at {', '.join(lost[:3])} could not be understood")
    shaped.lost = len(lost) + len(deployment.linked)
    _open_unnamed(shaped)
    return shaped


def _open_all(shaped: Shaped, detail: str) -> None:
    """More is deployed than is known, so no collection is known to be whole."""
    for found in shaped.resources:
        parent = parent_of_id(found.id)
        if parent:
            shaped.listings.append(Listed(parent, found.type, found.origin, False, detail))


def _open_unnamed(shaped: Shaped) -> None:
    """A child of a service whose name is not known may belong to any service: their collections are open."""
    services = {found.id.lower(): found.id for found in shaped.resources if found.type == SERVICE}
    children: dict[str, dict[str, Found]] = {}
    for found in shaped.resources:
        parent = parent_of_id(found.id)
        if parent and type_of_id(parent) == SERVICE:
            children.setdefault(found.type, {}).setdefault(parent.lower(), found)
            services.setdefault(parent.lower(), parent)
    for type_, by_parent in children.items():
        unnamed = [lowered for lowered in by_parent if "[" in lowered][:2]
        for lowered, service in services.items():
            other = next((one for one in unnamed if one != lowered), None)
            if other is not None:
                found = by_parent[other]
                name = found.id.rpartition("/")[2]
                detail = f"whether {name} belongs to it depends on a name that is not known"
                shaped.listings.append(Listed(service, type_, found.origin, False, detail))


def _found(resource: Expanded, document: JsonDocument) -> Found:
    names = [spell(segment) for segment in resource.segments]
    literal = all(isinstance(segment, str) for segment in resource.segments)
    type_ = resource.type
    scope = resource.scope
    resource_id, type_ = _identity(type_, names, None if scope is None else spell(scope))
    if not isinstance(scope, (str, type(None))):
        literal = False
    body = {name: value for name, value in resource.body.items() if name not in ("name", "scope")}
    if isinstance(resource.body, PartialObject):
        body = PartialObject(body, resource.body.why)
    return Found(
        resource_id,
        type_,
        body,
        Origin(resource.pointer, document),
        resource.api_version if isinstance(resource.api_version, str) else "",
        # Of a loop that runs an unknown number of times, not even one copy is known to be deployed.
        resource.condition or resource.copy_open,
        literal,
    )


def spell(value: str | Unresolved | Partial) -> str:
    """A name or an id as text; a slash inside an unresolved expression must not read as a separator."""
    if isinstance(value, str):
        return value
    pieces = value.pieces if isinstance(value, Partial) else (value,)
    return "".join(p if isinstance(p, str) else str(p).replace("/", IN_EXPRESSION) for p in pieces)


def _identity(type_: str, names: list[str], scope: str | None) -> tuple[str, str]:
    """The resource id a deployment would give, from ``/providers/`` on, and the lower-case type."""
    namespace, *path = type_.split("/")
    if "providers" in (part.lower() for part in path):
        return _attached(namespace, path, names)
    resource_id = f"/providers/{namespace}" + "".join(
        f"/{segment}/{name}" for segment, name in zip(path, names, strict=False)
    )
    if scope:
        target = scope[scope.lower().find("/providers/") :] if "/providers/" in scope.lower() else ""
        resource_id = (target or _relative(scope)) + resource_id
    return modern(resource_id, type_.lower())


def _attached(namespace: str, path: list[str], names: list[str]) -> tuple[str, str]:
    """The older form of an extension: ``service/providers/diagnosticSettings`` named ``x/Provider/y``."""
    cut = [part.lower() for part in path].index("providers")
    parent = f"/providers/{namespace}" + "".join(
        f"/{segment}/{name}" for segment, name in zip(path[:cut], names[:cut], strict=False)
    )
    provider = names[cut] if cut < len(names) else ""
    own = f"/providers/{provider}" + "".join(
        f"/{segment}/{name}" for segment, name in zip(path[cut + 1 :], names[cut + 1 :], strict=False)
    )
    return parent + own, "/".join((provider, *path[cut + 1 :])).lower()


def _relative(scope: str) -> str:
    """A scope written as type and name (``Microsoft.ApiManagement/service/contoso``) as an id."""
    return f"/providers/{scope.strip('/')}"


def _is_export(template: Mapping[str, Json]) -> bool:
    parameters = template.get("parameters")
    if not isinstance(parameters, dict) or not parameters or template.get("functions"):
        return False
    return all(_EXPORT_PARAMETER.fullmatch(str(name)) for name in parameters) and all(
        isinstance(declared, dict) and str(declared.get("type", "")) in ("String", "SecureString", "Object")
        for declared in parameters.values()
    )


def _notes(deployment: Deployment) -> list[str]:
    notes = []
    if deployment.unresolved_parameters:
        notes.append("parameters without a value: " + ", ".join(deployment.unresolved_parameters))
    if deployment.defaulted_parameters:
        notes.append("parameters at their defaultValue: " + ", ".join(deployment.defaulted_parameters))
    if deployment.linked:
        notes.append("linked templates, not followed: " + ", ".join(str(link) for link in deployment.linked))
    notes.extend(deployment.diagnostics)
    return notes
