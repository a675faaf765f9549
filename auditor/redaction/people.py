"""Names that accounts have in resource ids, often those of people: numbered, so that they are told apart.

A name that a service made (a number, a hash, a GUID) says nothing about anybody and stays. Source: REST
specification, ``users``, ``groups/users``, ``notifications/recipientUsers`` and ``recipientEmails``, whose
names the customer chooses.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

_NAMED: Final = frozenset({"users", "recipientusers", "recipientemails"})
_SERVICE: Final = "/microsoft.apimanagement/service/"
_OPAQUE: Final = re.compile(
    r"\d{1,20} | [0-9a-f]{24} | [0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12} | \(account\ \d+\)",
    re.IGNORECASE | re.VERBOSE,
)


class People:
    """Numbers accounts in order of appearance; their names are kept as keyed digests only."""

    __slots__ = ("_key", "_numbers")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._numbers: dict[bytes, int] = {}

    def in_id(self, resource_id: str) -> str:
        """A resource id, with the accounts in it numbered."""
        at = resource_id.lower().find(_SERVICE)
        if at < 0:
            return resource_id
        head = resource_id[: at + len(_SERVICE)]
        segments = resource_id[len(head) :].split("/")
        for index in range(2, len(segments), 2):
            if segments[index - 1].lower() in _NAMED:
                segments[index] = self._numbered(segments[index])
        return head + "/".join(segments)

    def in_reference(self, reference: str) -> str:
        """The same for what points to an account: its id, the end of one (``/users/NAME``) or its name."""
        if _SERVICE in reference.lower():
            return self.in_id(reference)
        head, slash, name = reference.rstrip("/").rpartition("/")
        return f"{head}{slash}{self._numbered(name)}"

    def _numbered(self, name: str) -> str:
        # What a template computes is an expression in brackets, not a name.
        if not name.strip() or name.startswith("[") or _OPAQUE.fullmatch(name):
            return name
        digest = blake2b(name.casefold().encode("utf-8", "surrogatepass"), key=self._key, digest_size=16)
        return f"(account {self._numbers.setdefault(digest.digest(), len(self._numbers) + 1)})"
