"""The snippets of a check's Fix section, by the tool they are written for, and what they set in Azure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt

from auditor.model.check import Words
from auditor.model.values import Json

TOOLS = {"sh": "az", "bash": "az", "bicep": "bicep", "terraform": "terraform", "xml": "policy"}
"""The tool of a fence, by its language. Other languages are for people alone."""


class SnippetError(Exception):
    """A snippet says something that the table of its control does not know, or that cannot be read."""


@dataclass(frozen=True)
class Change:
    """What one snippet sets in one resource."""

    type: str
    """The resource type, as the management API writes it."""
    name: str | None
    """The last segment of the resource's name, where the snippet says it as a literal."""
    body: dict[str, Json] = field(default_factory=dict)
    """Wire JSON: ``properties``, ``identity``, ``sku``."""
    version: str = ""
    """The api-version it is written for, where it names one."""


def fences(words: Words) -> list[tuple[str, str]]:
    """Every snippet of the Fix section as (tool, text), in their order; those in lists are found as well."""
    tokens = MarkdownIt("commonmark").parse(words.fix)
    return [
        (TOOLS[token.info.strip()], token.content)
        for token in tokens
        if token.type == "fence" and token.info.strip() in TOOLS
    ]


def snippets(words: Words, tool: str) -> list[str]:
    return [text for kind, text in fences(words) if kind == tool]


def inline_commands(words: Words) -> list[str]:
    """Commands of az in running text, between backquotes."""
    return [
        child.content
        for token in MarkdownIt("commonmark").parse(words.fix)
        for child in token.children or ()
        if child.type == "code_inline" and child.content.startswith("az ")
    ]


def full_type(short: str) -> str:
    """The resource type of a short form: ``service/apis`` belongs to API Management."""
    return short if short.startswith("Microsoft.") else f"Microsoft.ApiManagement/{short}"


ROLES = {
    "API Management Service Reader Role": "71522526-b88f-4d52-b57f-d31fc3546d0d",
    "Key Vault Certificate User": "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
}
"""Built-in roles by name (Azure built-in roles, Azure documentation)."""
FORMS: dict[str, Callable[[Any], Json]] = {
    "number": int,
    "switch": lambda on: {True: "Enabled", False: "Disabled"}[on],
    "services": lambda names: [{"service": name} for name in names],
    "lists": lambda texts: {key: str(text).split(",") for key, text in texts.items()},
    "role": lambda name: f"/providers/Microsoft.Authorization/roleDefinitions/{ROLES[name]}",
}
"""What a value becomes on the wire: digits as a number, a boolean as a word, names of services as the
objects of a subnet, comma-separated texts as lists, the name of a built-in role as its id."""


@dataclass
class Draft:
    """Changes while they are made, one argument at a time.

    A place is ``service/apis#/properties/protocols``, with the name of the resource in parentheses behind the
    type where it matters. ``*`` in the pointer is the number of the block the argument stands in; ``=Proxy``
    behind it sets a constant; ``|text``, ``|not``, ``|list`` and the keys of ``FORMS`` turn the value
    into what goes over the wire: the word ``True`` or ``False``, the opposite, a list of one.
    """

    made: dict[tuple[str, str | None], Change] = field(default_factory=dict)

    def put(self, place: str, value: Json, number: int = 0) -> None:
        short, _, rest = place.partition("#")
        match = re.fullmatch(r"([\w./]+)(?:\(([\w-]+)\))?", short)
        if match is None:
            raise SnippetError(f"{place}: not the form TYPE#POINTER")
        rest, _, form = rest.partition("|")
        pointer, equals, constant = rest.partition("=")
        wire = self._in_form(constant if equals else value, form, place)
        kind, name = full_type(match[1]), match[2]
        if pointer == "/name":
            change = self.made.pop((kind, None), None) or Change(kind, str(wire))
            self.made[kind, None] = Change(kind, str(wire), change.body)
            return
        change = self.made.setdefault((kind, name), Change(kind, name))
        tokens = [t.replace("~1", "/").replace("~0", "~") for t in pointer[1:].split("/")]
        self._set(change.body, [str(number) if t == "*" else t for t in tokens], wire)

    @staticmethod
    def _in_form(value: Json, form: str, place: str) -> Json:
        if not form:
            return value
        if form == "list":
            return [value]
        if form in FORMS:
            return FORMS[form](value)
        if form in ("text", "not") and isinstance(value, bool):
            return str(value) if form == "text" else not value
        raise SnippetError(f"{place}: {value!r} cannot be turned into that form")

    @staticmethod
    def _set(target: dict[str, Json], tokens: list[str], value: Json) -> None:
        at: dict[str, Json] | list[Json] = target
        for token, after in zip(tokens, [*tokens[1:], ""], strict=True):
            last = after == ""
            fresh: Json = value if last else ([] if after.isdigit() else {})
            if isinstance(at, list):
                index = int(token)
                if index == len(at):
                    at.append(fresh)
                elif last:
                    at[index] = value
                below = at[index]
            else:
                if last or token not in at:
                    at[token] = fresh
                below = at[token]
            if not last:
                assert isinstance(below, dict | list)
                at = below

    def changes(self) -> list[Change]:
        return list(self.made.values())
