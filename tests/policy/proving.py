"""What tests of policies share: one document as an API's policy, labelled samples, documents as text."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

from auditor.apim.policy.authentication import AuthenticationVerdict, authentication_verdict
from auditor.apim.policy.compose import Composer, Effective
from auditor.apim.policy.evaluate.frame import Bindings
from auditor.apim.policy.prove import CertificateVerdict, certificate_verdict
from auditor.apim.policy.reader import read
from auditor.apim.policy.scopes import (
    Api,
    Context,
    Library,
    NamedText,
    Place,
    Policies,
    Read,
    Scope,
    Unreadable,
)
from auditor.apim.policy.tree import Document, Element, Expression, Text, Value

API = Api("orders")
PIN = "4F1C9A70D2E85B36A1907C54EE0B8D2963FA17C8"
CERT = "context.Request.Certificate"
DENY = '<return-response><set-status code="403" reason="Forbidden" /></return-response>'
FULL = f'{CERT} == null || !{CERT}.Verify() || {CERT}.Thumbprint != "{PIN}"'
JWT = (
    '<validate-jwt header-name="Authorization"><openid-config url="https://login.microsoftonline.com/'
    '5f2c7a9e-8d41-4b06-9c3d-e71a6b204f58/v2.0/.well-known/openid-configuration" />'
    "<audiences><audience>api://orders</audience></audiences></validate-jwt>"
)


def when(condition: str, body: str = DENY, otherwise: str = "") -> str:
    """A ``choose`` with one branch, and what is done otherwise."""
    rest = f"<otherwise>{otherwise}</otherwise>" if otherwise else ""
    return f'<choose><when condition="@({condition})">{body}</when>{rest}</choose>'


def inbound(body: str) -> str:
    """A document with an inbound section and nothing else."""
    return f"<policies><inbound>{body}</inbound></policies>"


def sections(**bodies: str) -> str:
    """A document with all four sections; those not given hold ``<base/>``."""
    names = ("inbound", "backend", "outbound", "on_error")
    parts = ((name.replace("_", "-"), bodies.get(name, "<base/>")) for name in names)
    return "<policies>" + "".join(f"<{name}>{body}</{name}>" for name, body in parts) + "</policies>"


def fragments(**bodies: str) -> dict[str, Read]:
    """Fragments by their ids."""
    return {name: read(f"<fragment>{body}</fragment>") for name, body in bodies.items()}


def effective(
    text: str | Document,
    named_values: Mapping[str, NamedText] | None = None,
    held: Mapping[str, Read] | None = None,
) -> Effective:
    """The effective policy of an API whose document is the only one."""
    document = text if isinstance(text, Document) else read(text)
    library = Library(held or {}, named_values or {})
    policies = Policies({Place(Scope.API, API.id): document}, library)
    return Composer(policies).effective(API)


def certificate(
    text: str | Document,
    named_values: Mapping[str, NamedText] | None = None,
    held: Mapping[str, Read] | None = None,
    bindings: Bindings | None = None,
) -> CertificateVerdict:
    """What such a document proves about client certificates."""
    return certificate_verdict(effective(text, named_values, held), bindings)


def entrances(body: str, key: bool = False, bindings: Bindings | None = None) -> AuthenticationVerdict:
    """Who is served by an inbound section."""
    return authentication_verdict(effective(inbound(body)), Context(key=key), bindings)


def chain(**documents: str | Unreadable | None) -> Policies:
    """Documents by the names of their scopes; a scope not given has none."""
    ids = {"operation": "orders/get", "api": "orders", "product": "gold", "workspace": "team", "global_": ""}
    return Policies(
        {
            Place(Scope(name.rstrip("_")), ids[name]): read(text) if isinstance(text, str) else text
            for name, text in documents.items()
            if text is not None
        }
    )


def labelled(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Name, expected verdict and text of the samples in a folder."""
    with (folder / "EXPECTED.tsv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            yield row["file"], row["verdict"], (folder / row["file"]).read_text(encoding="utf-8")


def written(document: Document, encoded: bool = False) -> str:
    """A document as text again: as a person writes it, or encoded as XML asks for."""
    return "".join(_node(child, encoded) for child in document.children)


def _node(node: Element | Text, encoded: bool) -> str:
    if isinstance(node, Text):
        return _value(node.value, encoded)
    attributes = "".join(f' {each.name}="{_value(each.value, encoded)}"' for each in node.attributes)
    inside = "".join(_node(child, encoded) for child in node.children)
    return f"<{node.name}{attributes}>{inside}</{node.name}>"


def _value(value: Value, encoded: bool) -> str:
    if isinstance(value, Expression) and not encoded:
        return value.text
    return escape(value.text, quote=True).replace("\n", "&#xA;")
