"""What a template deploys, as expanding it tells."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.arm.scope import Text
from auditor.model.values import Json, Unresolved


@dataclass(frozen=True, slots=True)
class Expanded:
    """A resource as it would be deployed. Resources may share values: treat them as constants."""

    type: str
    """The full type, its case as written: ``Microsoft.ApiManagement/service/apis``."""
    segments: tuple[Text, ...]
    """The name's segments, one for each segment of the type after the provider."""
    api_version: str | None
    """None when it is not known."""
    body: dict[str, Json]
    """The evaluated members, the name in full, without those that only direct the deployment."""
    pointer: str
    """Where the resource stands in the file."""
    condition: Unresolved | None
    """What decides whether it is deployed; None when it surely is."""
    existing: bool
    """A reference to a resource that this template does not deploy."""
    scope: Text | None
    """The scope of an extension resource, evaluated."""
    copy_open: Unresolved | None
    """The unknown count of the copies this one stands for."""
    id: Text = ""
    """The resource id as ``resourceId`` gives it inside the deployment, to join references with."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a template deploys, and what could not be told about it."""

    resources: tuple[Expanded, ...] = ()
    unresolved_parameters: tuple[str, ...] = ()
    """Parameters of the template that were needed and have no value."""
    defaulted_parameters: tuple[str, ...] = ()
    """Parameters of the template whose default was used, the null of nullable ones included."""
    diagnostics: tuple[str, ...] = ()
    """What was not understood or not followed, one sentence each, with the place."""
    generator: str | None = None
    """The tool that made the template, with its version."""
    linked: tuple[str, ...] = ()
    """Templates in other files, which deploy more."""
    left_out: tuple[str, ...] = ()
    """Places where resources stand that could not be understood: more may be deployed."""
