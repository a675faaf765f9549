"""Address prefixes as security rules write them: CIDR blocks, service tags, anything.

Sources: "Network security groups", "Azure service tags overview" (learn.microsoft.com/azure/virtual-network).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias

from auditor.model.evidence import Gap, Reason
from auditor.model.text import Text

INTERNET = "internet"
VIRTUAL_NETWORK = "virtualnetwork"
LOAD_BALANCER = "azureloadbalancer"
AZURE_CLOUD = "azurecloud"
_OLD_NAMES = {
    "virtual_network": VIRTUAL_NETWORK,
    "azure_loadbalancer": LOAD_BALANCER,
}
"""Spellings of the classic deployment model that rules may still carry."""
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9 ]*)?")
_TAG_HEAD = re.compile(r"([A-Za-z][A-Za-z0-9_]*)\.[A-Za-z0-9]*")


@dataclass(frozen=True, slots=True)
class Anything:
    """``*`` and ``Any``: every address of both families."""


@dataclass(frozen=True, slots=True)
class Block:
    """A CIDR block; a single address is a block of one."""

    network: IPv4Network | IPv6Network

    @property
    def family(self) -> int:
        """4 or 6."""
        return self.network.version

    @property
    def first(self) -> int:
        """The lowest address."""
        return int(self.network.network_address)

    @property
    def last(self) -> int:
        """The highest address."""
        return int(self.network.broadcast_address)

    @property
    def total(self) -> bool:
        """It holds every address of its family."""
        return self.network.prefixlen == 0

    def __str__(self) -> str:
        return str(self.network)


@dataclass(frozen=True, slots=True)
class Tag:
    """A service tag, of the whole cloud or of one region; names are kept in lower case."""

    name: str
    region: str = ""
    """``westeurope``; also what stands there in tags that are no region: ``AzureFrontDoor.Backend``."""
    open: bool = False
    """It is a regional form, and the region is not known."""
    written: str = ""
    """As the rule spells it."""

    @property
    def whole(self) -> bool:
        """It is not narrowed to a region."""
        return not self.region and not self.open

    def same(self, other: Tag) -> bool:
        """Whether two rules mean the same addresses by it."""
        return self.name == other.name and self.region == other.region and not (self.open or other.open)

    def __str__(self) -> str:
        return self.written or self.name


@dataclass(frozen=True, slots=True)
class Group:
    """The members of an application security group."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A prefix that is not known."""

    gap: Gap


Prefix: TypeAlias = Anything | Block | Tag | Group | Unsettled


def block(text: str) -> Block | None:
    """A CIDR block or an address; None where the text is neither."""
    try:
        return Block(ip_network(text.strip(), strict=False))
    except ValueError:
        return None


def tag(text: str) -> Tag | None:
    """A service tag, ``Storage`` or ``Storage.WestEurope``; None where the text cannot be one."""
    text = text.strip()
    if not _TAG.fullmatch(text):
        return None
    name, _, region = text.casefold().partition(".")
    return Tag(_OLD_NAMES.get(name, name), region.replace(" ", ""), written=text)


def prefix_of(text: Text) -> Prefix:
    """What a rule's address prefix stands for.

    Args:
        text: The member, of which only pieces may be known: ``Storage.`` and an unknown region.
    """
    if not text.complete:
        head = _TAG_HEAD.match(text.head)
        if head:
            return Tag(head[1].casefold(), open=True, written=str(text))
        return Unsettled(text.undecided().gaps[0])
    value = text.value().strip()
    if value.casefold() in ("*", "any"):
        return Anything()
    found = block(value) or tag(value)
    if found is None:
        needed = f"the addresses that {value[:80]!r} stands for, which is neither a block nor a service tag"
        return Unsettled(Gap(Reason.UNKNOWN_VALUE, needed, "check the spelling, or update the tool"))
    return found


PRIVATE: tuple[Block, ...] = tuple(
    Block(ip_network(written))
    for written in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    )
)
"""Blocks that no address of the public internet or of a service tag lies in (RFC 6890)."""
