"""What a Bicep snippet sets, read with a grammar of the language; nothing in it is guessed."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from auditor.model.values import Json
from tests.controls.remedies.snippets import Change, SnippetError

_NOT_IN_A_BODY = frozenset({"parent", "name", "scope", "dependsOn"})


@functools.cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bicep.language()))


def changes_of(text: str, names: Mapping[str, Json]) -> list[Change]:
    """The resources that a snippet declares.

    Args:
        text: the snippet.
        names: what parameters and members of other resources stand for, as they are written.

    Raises:
        SnippetError: it is not Bicep, or names something that ``names`` does not hold.
    """
    root = _parser().parse(text.encode()).root_node
    if root.has_error:
        raise SnippetError(f"not Bicep: {_first_error(root)}")
    reader = _Reader(dict(names))
    found = []
    for node in root.named_children:
        match node.type:
            case "variable_declaration":
                reader.names[_text(node.named_children[0])] = reader.value(node.named_children[-1])
            case "resource_declaration":
                found += reader.resource(node)
            case "parameter_declaration" | "decorators" | "comment" | "target_scope_assignment":
                pass
            case other:
                raise SnippetError(f"{other}: not expected in a snippet: {_text(node)}")
    return found


def _first_error(node: Node) -> str:
    if node.is_error or node.is_missing:
        return f"line {node.start_point.row + 1}: {_text(node)[:60]!r}"
    return next((_first_error(child) for child in node.children if child.has_error), _text(node)[:60])


def _text(node: Node) -> str:
    return (node.text or b"").decode()


class _Reader:
    def __init__(self, names: dict[str, Json]) -> None:
        self.names = names

    def resource(self, node: Node) -> list[Change]:
        if any(child.type == "existing" for child in node.children):
            return []
        kind, version = str(self.value(node.named_children[1])).split("@")
        body = self.value(node.named_children[-1], top=True)
        assert isinstance(body, dict)
        name = body.pop("name", None)
        return [Change(kind, name if isinstance(name, str) else None, body, version)]

    def value(self, node: Node, top: bool = False) -> Json:
        match node.type:
            case "string":
                return self._string(node)
            case "boolean":
                return _text(node) == "true"
            case "number":
                return int(_text(node))
            case "null":
                return None
            case "object":
                return self._object(node, top)
            case "array":
                return [self.value(child) for child in node.named_children if child.type != "comment"]
            case _:
                return self._named(node)

    def _named(self, node: Node) -> Json:
        written = "".join(_text(node).split())
        if written not in self.names:
            raise SnippetError(f"{written}: names say nothing of it")
        return self.names[written]

    def _object(self, node: Node, top: bool) -> Json:
        members: dict[str, Json] = {}
        for child in node.named_children:
            if child.type == "comment":
                continue
            if child.type != "object_property":
                raise SnippetError(f"{child.type}: not expected in an object: {_text(child)}")
            key, value = child.named_children[0], child.named_children[-1]
            member = str(self.value(key)) if key.type == "string" else _text(key)
            if top and member in _NOT_IN_A_BODY:
                if member == "name" and value.type == "string":
                    members[member] = self._string(value)
                continue
            members[member] = self.value(value)
        return members

    def _string(self, node: Node) -> str:
        parts = []
        for child in node.named_children:
            if child.type == "interpolation":
                parts.append(str(self.value(child.named_children[0])))
            elif child.type == "escape_sequence":
                parts.append(_text(child)[1:])
            else:
                parts.append(_text(child))
        return "".join(parts)
