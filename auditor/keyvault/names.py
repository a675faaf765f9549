"""What a reference to Key Vault names, and what an expression of a template refers to.

An identifier is ``https://VAULT.vault.azure.net/secrets/NAME`` with a version behind it or none; each cloud
has a suffix of its own. A template puts it together of ``reference(...).vaultUri``, of a name and
``environment().suffixes.keyvaultDns``, or asks for the ``secretUri`` of a secret it deploys ("ARM template
functions – resource", "– deployment").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.inventory import IN_EXPRESSION, Resource
from auditor.model.logic import derived
from auditor.model.subject import Subject
from auditor.model.values import Unresolved

VAULTS = "microsoft.keyvault/vaults"
_SECRETS = f"{VAULTS}/secrets"
_HOLE = 0xE000
"""First of the private characters that stand for the unknown pieces while a text is taken apart."""
_HOLES = re.compile(r"[\ue000-\uf8ff]")
_IDENTIFIER = re.compile(
    r"(?:https://(?P<host>[^/]+)/|(?P<uri>[\ue000-\uf8ff])/?)"
    r"(?:secrets|certificates|keys)/(?P<secret>[^/]+)(?:/(?P<version>[^/]*))?/?",
    re.IGNORECASE,
)
_NAMED_HOST = re.compile(r"(?P<name>[^.]+)\.(?:vault|managedhsm)\..+", re.IGNORECASE)
_DNS_SUFFIX = "environment().suffixes.keyvaultdns"
_PLAIN = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A secret in a vault, as an identifier names it. Unknown pieces are spelled ``[expression]``."""

    vault: str
    """Name of the vault; empty where the host does not tell it."""
    secret: str
    """Name of the secret, or of the certificate it belongs to."""
    host: str = ""
    """The whole host in lower case; empty where a piece of it is not known."""

    @property
    def title(self) -> str:
        """The vault, for readers."""
        return self.vault or self.host

    @property
    def command(self) -> str:
        """What exports the vault."""
        return f"az keyvault show --name {self.vault if _PLAIN.fullmatch(self.vault) else 'VAULT'}"


@dataclass(frozen=True, slots=True)
class Named:
    """A member of a resource that an expression asks for."""

    type: str
    """Full type, lower case."""
    names: tuple[str, ...]
    """The name of each segment, spelled, lower case."""
    member: str
    """What of it, lower case and without ``properties.``: ``principalid``."""

    @property
    def literal(self) -> bool:
        """No piece of the names is unknown."""
        return not any("[" in name for name in self.names)


def spelled_name(resource: Resource) -> str:
    """The name of a resource with its unknown pieces as ``[expression]``."""
    return resource.name.replace(IN_EXPRESSION, "/")


@derived
def reference_at(subject: Subject, pointer: str) -> Reference:
    """The reference to Key Vault that stands at a pointer.

    Raises:
        Undetermined: It is not known, or names no vault.
    """
    formula = subject.formula(pointer)
    pieces: Sequence[str | Unresolved] = (Unresolved(formula),) if formula else subject.text(pointer).pieces
    found = read_identifier(pieces)
    if found is not None:
        return found
    shown = formula or str(subject.text(pointer))
    raise Undetermined(
        Gap(
            Reason.UNRESOLVED if formula or "[" in shown else Reason.UNKNOWN_VALUE,
            f"which vault {(subject.item if subject.base else '') or subject.name} comes from: "
            f"{pointer.lstrip('/')} is {shown[:120]!r}",
            "write it as https://VAULT.vault.azure.net/secrets/NAME, or give the parameters with "
            "--parameters FILE",
        )
    )


def read_identifier(pieces: Sequence[str | Unresolved]) -> Reference | None:
    """The reference that an identifier spells; None where it spells none."""
    holes: list[str] = []
    marked = ""
    for piece in pieces:
        if isinstance(piece, Unresolved):
            marked += chr(_HOLE + len(holes))
            holes.append(piece.expression)
        elif _HOLES.search(piece):
            return None
        else:
            marked += piece
    marked = marked.strip()
    if len(marked) == 1 and holes:
        return _of_secret(holes[0])
    found = _IDENTIFIER.fullmatch(marked)
    if found is None:
        return None
    secret = _spell(found["secret"], holes)
    if found["uri"]:
        named = named_in(holes[ord(found["uri"]) - _HOLE])
        if named is None or (named.type, named.member) != (VAULTS, "vaulturi") or len(named.names) != 1:
            return None
        return Reference(named.names[0], secret)
    return _of_host(found["host"].casefold(), secret, holes)


def _of_host(host: str, secret: str, holes: Sequence[str]) -> Reference | None:
    known = _HOLES.search(host) is None
    whole = re.sub(r":\d+$", "", host) if known else ""
    named = _NAMED_HOST.fullmatch(host)
    if named is not None:
        return Reference(_spell(named["name"], holes), secret, whole)
    if known:
        return Reference("", secret, whole)
    if _HOLES.match(host[-1]) and holes[ord(host[-1]) - _HOLE].casefold() == _DNS_SUFFIX and len(host) > 1:
        return Reference(_spell(host[:-1], holes), secret)
    return None


def _of_secret(expression: str) -> Reference | None:
    """``reference(resourceId('Microsoft.KeyVault/vaults/secrets', VAULT, NAME)).secretUri``."""
    named = named_in(expression)
    if named is None or named.type != _SECRETS or len(named.names) != 2:
        return None
    if named.member not in ("secreturi", "secreturiwithversion"):
        return None
    return Reference(named.names[0], named.names[1])


def _spell(text: str, holes: Sequence[str]) -> str:
    return _HOLES.sub(lambda hole: f"[{holes[ord(hole[0]) - _HOLE]}]", text)


# -- expressions -----------------------------------------------------------------------------------------

_REFERENCE = "reference("
_RESOURCE_ID = re.compile(r"(?:subscription)?resourceId\(", re.IGNORECASE)


def named_in(expression: str) -> Named | None:
    """What ``reference(resourceId(TYPE, NAME...), ...).MEMBER`` asks for; None for any other expression."""
    if not expression.casefold().startswith(_REFERENCE):
        return None
    cut = _closing(expression, len(_REFERENCE) - 1)
    if cut is None or not expression[cut + 1 :].startswith("."):
        return None
    arguments = split_arguments(expression[len(_REFERENCE) : cut])
    target = _target(arguments[0]) if arguments else None
    if target is None:
        return None
    return Named(target[0], target[1], expression[cut + 2 :].casefold().removeprefix("properties."))


def _target(argument: str) -> tuple[str, tuple[str, ...]] | None:
    """Type and names of a resource id: of the function that makes it, or written out."""
    literal = _literal(argument)
    if literal is not None:
        _, found, tail = literal.casefold().rpartition("/providers/")
        segments = tail.strip("/").split("/")
        if not found or len(segments) < 3 or len(segments) % 2 == 0:
            return None
        return "/".join((segments[0], *segments[1::2])), tuple(segments[2::2])
    made = _RESOURCE_ID.match(argument)
    if made is None or _closing(argument, made.end() - 1) != len(argument) - 1:
        return None
    arguments = split_arguments(argument[made.end() : -1])
    for index, one in enumerate(arguments):
        kind = _literal(one)
        if kind is not None and "/" in kind.strip("/"):
            names = tuple(_spelled(name) for name in arguments[index + 1 :])
            return (kind.strip("/").casefold(), names) if len(names) == kind.count("/") else None
    return None


def _spelled(argument: str) -> str:
    """A name as ids spell it: literal pieces as they are, unknown ones in brackets."""
    literal = _literal(argument)
    if literal is not None:
        return literal.casefold()
    if argument.casefold().startswith("concat(") and _closing(argument, 6) == len(argument) - 1:
        return "".join(_spelled(piece) for piece in split_arguments(argument[7:-1]))
    return f"[{argument}]".casefold()


def _literal(argument: str) -> str | None:
    if len(argument) < 2 or argument[0] != "'" or _end_of_string(argument, 0) != len(argument) - 1:
        return None
    return argument[1:-1].replace("''", "'")


def split_arguments(text: str) -> list[str]:
    """The arguments of a call, split at the commas that stand in no brackets and no string."""
    found: list[str] = []
    start = depth = at = 0
    while at < len(text):
        character = text[at]
        if character == "'":
            at = _end_of_string(text, at)
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and depth == 0:
            found.append(text[start:at].strip())
            start = at + 1
        at += 1
    last = text[start:].strip()
    return [*found, last] if found or last else []


def _closing(text: str, opening: int) -> int | None:
    """Where the bracket at a place closes; None where it does not."""
    depth, at = 0, opening
    while at < len(text):
        character = text[at]
        if character == "'":
            at = _end_of_string(text, at)
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return None


def _end_of_string(text: str, at: int) -> int:
    """Where the string that begins at a place ends; two quotes are one quote inside it."""
    at += 1
    while at < len(text):
        if text[at] == "'":
            if text[at + 1 : at + 2] != "'":
                return at
            at += 1
        at += 1
    return len(text)
