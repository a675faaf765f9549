"""Which roles let their holders read secrets.

A data action is granted by a role when one of its ``dataActions`` matches and none of its ``notDataActions``
does; ``*`` stands for any characters ("Understand Azure role definitions"). Built-in roles and their data
actions: "Azure built-in roles for Security", read on 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_VAULTS: Final = "Microsoft.KeyVault/vaults/"
GET: Final = f"{_VAULTS}secrets/getSecret/action"
LIST: Final = f"{_VAULTS}secrets/readMetadata/action"
NEEDED: Final = (GET, LIST)


@dataclass(frozen=True, slots=True)
class Role:
    """A built-in role, as far as Key Vault is concerned."""

    name: str
    data_actions: tuple[str, ...] = ()


def _role(name: str, *actions: str) -> Role:
    return Role(name, tuple(f"{_VAULTS}{action}" for action in actions))


BUILT_IN: Final[dict[str, Role]] = {
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": _role("Key Vault Administrator", "*"),
    "4633458b-17de-408a-b874-0445c86b69e6": _role(
        "Key Vault Secrets User", "secrets/getSecret/action", "secrets/readMetadata/action"
    ),
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": _role("Key Vault Secrets Officer", "secrets/*"),
    "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba": _role(
        "Key Vault Certificate User",
        "certificates/read",
        "secrets/getSecret/action",
        "secrets/readMetadata/action",
        "keys/read",
    ),
    "a4417e6f-fecd-4de8-b567-7b0420556985": _role(
        "Key Vault Certificates Officer", "certificatecas/*", "certificates/*", "certificatecontacts/write"
    ),
    "21090545-7ca7-4776-b22c-e363652d74d2": _role(
        "Key Vault Reader", "*/read", "secrets/readMetadata/action"
    ),
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": _role(
        "Key Vault Crypto Officer", "keys/*", "keyrotationpolicies/*"
    ),
    "12338af0-0e69-4776-bea7-57ae8d297424": _role("Key Vault Crypto User", "keys/*"),
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": _role("Key Vault Crypto Service Encryption User", "keys/*"),
    "f25e0fa2-a7c8-4377-a976-54943a77a395": Role("Key Vault Contributor"),
    "8b54135c-b56d-4d72-a534-26097cfdc8d8": Role("Key Vault Data Access Administrator"),
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": Role("Owner"),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": Role("Contributor"),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": Role("Reader"),
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": Role("User Access Administrator"),
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": Role("Role Based Access Control Administrator"),
}
"""By the last part of the definition's id. What a role may do to anything but secrets is shortened."""


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    pieces = (re.escape(piece) for piece in pattern.split("*"))
    return re.compile(".*".join(pieces), re.IGNORECASE | re.DOTALL)


def covers(pattern: str, action: str) -> bool:
    """Whether an action of a role, in which ``*`` stands for any characters, covers an action."""
    return _pattern(pattern).fullmatch(action) is not None


def allows(actions: Iterable[str], withheld: Iterable[str], action: str) -> bool:
    """Whether one block of permissions grants a data action.

    Args:
        actions: ``dataActions``.
        withheld: ``notDataActions`` of the same block.
        action: The action in full, without wildcards.
    """
    granted = any(covers(each, action) for each in actions)
    return granted and not any(covers(each, action) for each in withheld)
