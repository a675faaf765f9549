"""Takes the secrets out of a resource as it comes in."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from hashlib import blake2b
from typing import Final, NoReturn

from auditor.model.values import (
    Json,
    Partial,
    PartialList,
    PartialObject,
    Redacted,
    Sealed,
    Unresolved,
    member,
)
from auditor.redaction.expressions import LONG, scrubbed, substance
from auditor.redaction.fields import POLICY, SECRET_NAMES, Manner, Steps, steps
from auditor.redaction.literals import (
    REDACTED_PREFIX,
    band,
    is_mask,
    is_suspicious,
    looks_random,
    may_be_chosen,
    reference_in,
)
from auditor.redaction.people import People
from auditor.redaction.scan import SHORTEST, replaced, spans, suspects, whole
from auditor.redaction.trees import explained, listed, mapped, objects, renamed, with_changes

TOO_DEEP: Final = Unresolved("(the whole resource)", "it is nested too deeply to be read")
_DEEPEST: Final = 100
"""Deeper than any template; what lies below is replaced whole rather than walked."""

_KEYS_REMEMBERED: Final = 20_000

# A tuple is tested several times faster than a union made on the spot, and every node is tested.
_UNKNOWN: Final = (Unresolved, Partial)

_ENVELOPE: Final = frozenset({"name", "id", "type"})
"""Members at the top that identify a resource: credentials in them are cut out, but they stay texts."""


class Redactor:
    """Replaces secrets, and tells equal ones alike within a run.

    Secrets themselves are not kept: what the run remembers of one is a digest under a key that only this
    object has, and the number of its class. Nothing of it is shown or can be stored.
    """

    __slots__ = ("_groups", "_key", "_names", "_people")

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._groups: dict[bytes, int] = {}
        self._names: dict[str, str] = {}
        self._people = People(self._key)

    def __repr__(self) -> str:
        return f"<Redactor: {len(self._groups)} secrets replaced>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Redactor belongs to one run and is not stored")

    def resource(self, type: str, body: Json) -> Json:  # noqa: A002 - the word of the wire
        """Replace the secrets in the body of a resource.

        Args:
            type: The full wire type, in any case: ``Microsoft.ApiManagement/service/namedValues``.
            body: The resource as the API or a template has it, with or without the ``properties`` envelope; a
                list of such, or the wrapper ``{"value": [...]}`` around one.

        Returns:
            The same tree with a ``Redacted`` at every credential position; parts without secrets are shared.
        """
        try:
            return self._free(self._positions(type, body, 0))
        except RecursionError:
            return PartialObject({}, TOO_DEEP)

    def text(self, text: str) -> str:
        """Replace the credentials of known formats in free text by ``(redacted <kind>)``."""
        return replaced(text)

    def resource_id(self, resource_id: str) -> str:
        """The same for a resource id, in which accounts are numbered instead of named."""
        return self._people.in_id(replaced(resource_id))

    def expression(self, value: Unresolved | Partial) -> Unresolved | Partial:
        """Replace the credentials of known formats in the literals of an expression."""
        if isinstance(value, Partial):
            pieces = tuple(
                self.text(piece) if isinstance(piece, str) else self._unresolved(piece, self.text)
                for piece in value.pieces
            )
            return value if pieces == value.pieces else Partial(pieces)
        return self.unresolved(value)

    def unresolved(self, value: Unresolved) -> Unresolved:
        """The same for an expression of which nothing is known."""
        return self._unresolved(value, self.text)

    # Positions that are listed for a type.

    def _positions(self, type_: str, body: Json, depth: int) -> Json:
        if depth > _DEEPEST:
            return Redacted("value nested too deeply")
        if isinstance(body, list):
            return mapped(body, lambda item: self._positions(type_, item, depth + 1))
        if not isinstance(body, dict):
            return body
        wrapped = member(body, "value")
        if (
            wrapped
            and isinstance(wrapped[1], list)
            and member(body, "properties") is None
            and objects(wrapped[1])
        ):
            return with_changes(body, {wrapped[0]: self._positions(type_, wrapped[1], depth + 1)})
        name = _last_segment(body)
        step = steps(type_, name)
        return self._children(type_, body if step is None else self._follow(body, step, name), depth)

    def _children(self, type_: str, body: dict[str, Json], depth: int) -> dict[str, Json]:
        nested = member(body, "resources")
        if nested is None or not isinstance(nested[1], list | dict):
            return body

        def child(item: Json) -> Json:
            own = member(item, "type") if isinstance(item, dict) else None
            if own is None or not isinstance(own[1], str):
                return item
            full = own[1] if "." in own[1].partition("/")[0] else f"{type_}/{own[1]}"
            return self._positions(full, item, depth + 1)

        return with_changes(body, {nested[0]: mapped(nested[1], child)})

    def _follow(self, node: Json, step: Steps, name: str) -> Json:
        """Replace what stands at the positions below ``step``, sharing everything else."""
        if isinstance(node, _UNKNOWN):
            return self._hidden(node)
        every = step.members.get("*")
        if isinstance(node, list):
            # An object that some tools print as a list of one is still the object.
            items = [
                self._at(item, every, name) if every else self._follow(item, step, name) for item in node
            ]
            return self._why(listed(node, items))
        if isinstance(node, dict):
            return self._why(with_changes(node, self._followed(node, step, name)))
        return self._at(node, every, name) if every else node  # one value where a list is documented

    def _followed(self, node: dict[str, Json], step: Steps, name: str) -> dict[str, Json]:
        changed: dict[str, Json] = {}
        members, every = step.members, step.members.get("*")
        for key, value in node.items():
            onward = members.get(str(key).lower(), every)
            if onward is None or value is None:
                continue
            if onward.here is not None and onward.here.manner is Manner.NAMED_VALUE:
                new = self._named_value(value, node, name)
            else:
                new = self._at(value, onward, name)
            if new is not value:
                changed[key] = new
        return changed

    def _at(self, value: Json, step: Steps, name: str) -> Json:
        if step.here is None:
            return self._follow(value, step, name)
        if step.here.manner is Manner.TEXT:
            return self._document(value, step.here.kind)
        if step.here.manner is Manner.ACCOUNT:
            return self._account(value)
        return self._secret(value, step.here.kind)

    def _account(self, value: Json) -> Json:
        """What points to an account: still an id, without the account's name."""
        if isinstance(value, str):
            return self._people.in_reference(value)
        if isinstance(value, Partial):
            # Only the end says who it is; what stands before is the service's own id.
            tail, before = value.pieces[-1], self._hidden(value.unresolved)
            known = isinstance(tail, str) and "/" in tail
            return Partial((before, self._people.in_reference(str(tail)))) if known else self._hidden(value)
        return self._document(value, "account")

    def _named_value(self, value: Json, properties: dict[str, Json], name: str) -> Json:
        """What stands for a named value's value, as the members beside it tell."""
        secret, shown = member(properties, "secret"), member(properties, "displayName")
        plain = secret is None or secret[1] is None or str(secret[1]).lower() == "false"
        if secret is None and (isinstance(properties, PartialObject) or shown is None):
            plain = (
                False  # the flag may be among what is not known; an answer of listValue holds nothing else
            )
        names = (f"{shown[1]}" if shown else "", name)
        suspicious = any(map(is_suspicious, names))
        if not plain:
            return self._secret(value, "named value")
        if isinstance(value, _UNKNOWN):
            return self._secret(value, "named value") if suspicious else value
        if not isinstance(value, str):
            return value
        found = spans(value)
        if found:
            return self._redacted(value, whole(value, found) or found[0].kind, known_format=True)
        chosen = any(may_be_chosen(each, value) for each in names)
        hide = chosen or (suspicious and looks_random(value))
        return self._secret(value, "named value") if hide else value

    # What is put in the place of a value.

    def _secret(self, value: Json, kind: str, depth: int = 0) -> Json:
        """What stands for a value at a credential position: leaves replaced, what is unknown kept unknown."""
        if value is None or isinstance(value, bool | Redacted):
            return value
        if isinstance(value, str):
            return self._credential(value, kind)
        if isinstance(value, _UNKNOWN):
            return self._hidden(value) if isinstance(value, Unresolved) else self._partial(value, kind)
        if depth > _DEEPEST:
            return Redacted("value nested too deeply")
        if isinstance(value, dict):
            secret = {name: self._secret(each, kind, depth + 1) for name, each in value.items()}
            return self._why(with_changes(value, secret))
        if isinstance(value, list):
            return self._why(mapped(value, lambda item: self._secret(item, kind, depth + 1)))
        return self._credential(str(value), kind)

    def _credential(self, text: str, kind: str) -> Redacted:
        if not text.strip():
            return Redacted(kind, empty=True)
        reference = reference_in(text)
        if reference is not None:
            return Redacted(kind, reference=reference)
        if is_mask(text):
            # Equal masks say nothing about the secrets behind them: no class.
            return Redacted(kind, placeholder=True)
        return self._redacted(text, kind, known_format=bool(spans(text)))

    def _document(self, value: Json, kind: str) -> Json:
        """What stands for a text that is replaced whole. Objects and arrays are not compared: no class."""
        if value is None or isinstance(value, bool | Redacted):
            return value
        if isinstance(value, _UNKNOWN):
            return self._hidden(value) if isinstance(value, Unresolved) else self._partial(value, kind)
        if isinstance(value, dict | list):
            return Redacted(kind, length=band(129)) if value else self._why(value)
        text = str(value)
        if not text.strip():
            return Redacted(kind, empty=True)
        if kind == POLICY:
            return Sealed(kind, band(len(text)), group=self._group(text), text=replaced(text, code=True))
        return self._redacted(text, kind)

    def _partial(self, value: Partial, kind: str) -> Redacted | Unresolved:
        literals = [piece for piece in value.pieces if isinstance(piece, str)]
        if any(len(substance(literal)) >= LONG for literal in literals):
            text = "".join(literals)
            return self._redacted(str(value), kind, length=len(text), known_format=any(map(spans, literals)))
        return self._hidden(value)

    def _redacted(self, text: str, kind: str, *, length: int = 0, known_format: bool = False) -> Redacted:
        return Redacted(
            kind, length=band(length or len(text)), group=self._group(text), known_format=known_format
        )

    def _group(self, text: str) -> int:
        digest = blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()
        return self._groups.setdefault(digest, len(self._groups) + 1)

    # Expressions whose value is, or holds, a secret.

    def _hidden(self, value: Unresolved | Partial) -> Unresolved:
        """An unknown value where a secret stands: none of the literals that may be the secret is kept."""
        if isinstance(value, Unresolved):
            return self._unresolved(value, self._strictly)
        unknown = [piece for piece in value.pieces if isinstance(piece, Unresolved)]
        if len(unknown) == 1:
            return self._hidden(unknown[0])
        both = Unresolved(f"concat({', '.join(each.expression for each in unknown)})", unknown[0].reason)
        return self._hidden(both)

    def _strictly(self, expression: str) -> str:
        return self.text(
            scrubbed(expression, lambda literal: f"{REDACTED_PREFIX}literal {self._group(literal)})")
        )

    def _unresolved(self, value: Unresolved, scrub: Callable[[str], str]) -> Unresolved:
        expression, reason = scrub(value.expression), self.text(value.reason)
        if expression == value.expression and reason == value.reason:
            return value
        return Unresolved(expression, reason)

    def _why(self, node: Json) -> Json:
        """An incomplete container at a credential position, or above one, with its expression scrubbed."""
        return explained(node, self._hidden)

    # Everything else: known formats in any text, and names that mean a secret anywhere.

    def _free(self, body: Json) -> Json:
        texts, flagged = self._collect(body)
        found = {text for text in suspects(texts) if spans(text)} if texts else set()
        if not found and not flagged:
            return body
        return self._rebuilt(body, found, 0)

    def _collect(self, body: Json) -> tuple[list[str], bool]:
        """The texts of a tree that are long enough to look at, and whether a name in it means a secret."""
        texts: list[str] = []
        flagged = False
        stack: list[Json] = [body]
        while stack:
            node = stack.pop()
            if isinstance(node, dict):
                flagged = self._collect_members(node, texts, stack) or flagged
                if isinstance(node, PartialObject):
                    stack.append(node.why)
            elif isinstance(node, list):
                stack.extend(node)
                if isinstance(node, PartialList):
                    stack.append(node.why)
            elif isinstance(node, str):
                if len(node) >= SHORTEST:
                    texts.append(node)
            elif isinstance(node, Unresolved):
                texts += (node.expression, node.reason)
            elif isinstance(node, Partial):
                stack.extend(node.pieces)
        return texts, flagged

    def _collect_members(self, node: dict[str, Json], texts: list[str], stack: list[Json]) -> bool:
        flagged = False
        names, add = self._names, texts.append
        for key, value in node.items():
            meaning = names.get(key)
            if meaning is None:
                meaning = self._meaning(key)
            if meaning:
                flagged = True
            if key.__class__ is str and len(key) >= SHORTEST:
                add(key)
            if value.__class__ is str:  # the common leaf, taken without a turn of the stack
                if len(value) >= SHORTEST:
                    add(value)
            elif value is not None and value is not True and value is not False:
                stack.append(value)
        return flagged

    def _meaning(self, key: str) -> str:
        """The kind of secret a member's name means, or nothing; remembered, because names repeat."""
        if len(self._names) >= _KEYS_REMEMBERED:
            self._names.clear()
        kind = SECRET_NAMES.get(str(key).lower().replace("_", "").replace("-", ""), "")
        self._names[key] = kind
        return kind

    def _rebuilt(self, node: Json, found: set[str], depth: int) -> Json:
        if isinstance(node, str):
            if node not in found:
                return node
            kind = whole(node, spans(node))
            return self.text(node) if kind is None else self._redacted(node, kind, known_format=True)
        if isinstance(node, _UNKNOWN):
            return self.expression(node)
        if not isinstance(node, dict | list):
            return node
        if depth > _DEEPEST:
            return Redacted("value nested too deeply")
        result: Json = node
        if isinstance(node, list):
            result = mapped(node, lambda item: self._rebuilt(item, found, depth + 1))
        else:
            result = self._members(node, found, depth)
        return explained(result, lambda why: self._unresolved(why, self.text))

    def _members(self, node: dict[str, Json], found: set[str], depth: int) -> dict[str, Json]:
        changed: dict[str, Json] = {}
        for key, value in node.items():
            kind = self._meaning(key)
            if kind:
                new = self._secret(value, kind)
            elif depth == 0 and isinstance(value, str) and str(key).lower() in _ENVELOPE:
                new = self.text(value) if value in found else value
            else:
                new = self._rebuilt(value, found, depth + 1)
            if new is not value:
                changed[key] = new
        result = with_changes(node, changed)
        return renamed(result, found) if not found.isdisjoint(node) else result


def _last_segment(body: dict[str, Json]) -> str:
    """The last segment of a resource's name, in lower case; empty when it is not known."""
    name = member(body, "name")
    return name[1].rpartition("/")[2].lower() if name and isinstance(name[1], str) else ""
