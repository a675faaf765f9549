"""Subnets, and what they lead to: their security group and route table.

A subnet stands in the input as a resource of its own or in the list of its virtual network. In templates
an id may lack the subscription or hold unknown pieces; equal expressions mean the same resource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TypeVar

from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.inventory import IN_EXPRESSION
from auditor.model.logic import conditional_gap, derived, may_not_be_deployed, settled, some, together, within
from auditor.model.subject import Subject
from auditor.model.text import Text
from auditor.network.flows import Filter
from auditor.network.places import Surroundings
from auditor.network.prefixes import Block, Prefix, Unsettled, block, prefix_of
from auditor.network.rules import GROUP, rules_of

T = TypeVar("T")

NETWORKS = "microsoft.network/virtualnetworks"
SUBNETS = f"{NETWORKS}/subnets"
ROUTES = "microsoft.network/routetables"


def subnet_at(place: Subject, target: Text) -> Subject:
    """The subnet with an id, read for the judgement of ``place``.

    Raises:
        Undetermined: It is not in the input.
    """
    found: list[Subject] = []

    def is_it(subnet: Subject) -> bool:
        if not _ends(target, _spelled(subnet)):
            return False
        found.append(subnet)
        return True

    if not some(_candidates(place, target), is_it):
        raise _absent("subnet", target)
    return found[-1].with_log(place.log)


def _candidates(place: Subject, target: Text) -> Iterator[Subject]:
    """Every subnet of the input that may be meant: those with that very id come first."""
    key, _, _ = str(target).rstrip("/").rpartition("/subnets/")
    very = together(_exactly(place, str(target)), _listed(_exactly(place, key)))
    networks = (found for found in _alike(place, NETWORKS) if _holds(target, found))
    return together(very, _alike(place, SUBNETS), _listed(networks))


def _listed(networks: Iterable[Subject]) -> Iterator[Subject]:
    return within(networks, lambda network: network.items("/properties/subnets", key="/name"))


def _exactly(place: Subject, resource_id: str) -> Iterator[Subject]:
    """The resource with an id as it is written, without a look at the others."""
    key = resource_id.rstrip("/").lower()
    by_key = place.audit.inventory.by_key
    found = by_key.get(place.resource.scope + key) or by_key.get(key)
    if found is not None:
        yield place.of(found)


def _alike(place: Subject, type_: str) -> Iterator[Subject]:
    """The resources of a type from the same kind of input, or with a full id; those of one file first."""
    of_type = place.audit.inventory.of_type(type_)
    for same_file in (True, False):
        for found in of_type:
            here = found.input.path == place.source.path
            alike = found.input.declared == place.source.declared
            if here is same_file and (alike or found.id.lower().startswith("/subscriptions/")):
                yield place.of(found)


def _holds(target: Text, network: Subject) -> bool:
    head, _, _ = str(target).casefold().rstrip("/").rpartition("/subnets/")
    return head.endswith(_id(network))


def _spelled(subnet: Subject) -> str:
    """The id of a subnet; one in a network's list has no id of its own in a template."""
    return f"{_id(subnet)}/subnets/{subnet.item.casefold()}" if subnet.base else _id(subnet)


def _id(subject: Subject) -> str:
    return subject.resource.id.replace(IN_EXPRESSION, "/").casefold()


def _ends(target: Text, own: str) -> bool:
    return str(target).casefold().rstrip("/").endswith(own)


def _absent(what: str, target: Text) -> Undetermined:
    shown = str(target) if target.complete else f"{what.upper().replace(' ', '-')}-ID"
    command = f"az resource show --ids {shown}"
    return Undetermined(Gap(Reason.ABSENT, f"the {what} {target}", command))


def _named(place: Subject, pointer: str, type_: str, what: str) -> Subject:
    """The resource that a member names by its id.

    Raises:
        Undetermined: It is not in the input, or only under a condition that is not known.
    """
    target = place.text(pointer)
    for found in chain(_exactly(place, str(target)), _alike(place, type_)):
        if found.resource.type == type_ and _ends(target, _id(found)):
            if may_not_be_deployed(found):
                raise Undetermined(conditional_gap(found))
            return found
    raise _absent(what, target)


def security_group(subnet: Subject) -> Subject | None:
    """The security group of a subnet; None where it has none.

    Raises:
        Undetermined: The subnet tells nothing of itself, or the group is not in the input.
    """
    _whole(subnet)
    if not subnet.has("/properties/networkSecurityGroup"):
        return None
    return _named(subnet, "/properties/networkSecurityGroup/id", GROUP, "network security group")


def has_security_group(subnet: Subject) -> bool:
    """Whether a subnet names a security group, which need not be in the input.

    Raises:
        Undetermined: The subnet does not tell.
    """
    _whole(subnet)
    if not subnet.has("/properties/networkSecurityGroup"):
        return False
    text = subnet.text("/properties/networkSecurityGroup/id")
    if not text.complete and not text.head.strip() and not text.tail.strip():
        raise text.undecided()
    return not text.complete or bool(text.value().strip())


def _whole(subnet: Subject) -> None:
    """A mere reference in a network's list says nothing of what the subnet lacks.

    Raises:
        Undetermined: It is one.
    """
    prefixes = ("/properties/addressPrefix", "/properties/addressPrefixes")
    allocated = "/properties/ipamPoolPrefixAllocations"
    if not any(subnet.mentions(pointer) for pointer in (*prefixes, allocated)):
        subnet.read(prefixes[0])


@derived
def filter_of(subnet: Subject) -> Filter | None:
    """The security group of a subnet, ready to be asked about flows; None where it has none.

    Raises:
        Undetermined: The group is not known.
    """
    group = security_group(subnet)
    return None if group is None else Filter(group, rules_of(group), surroundings(subnet))


def surroundings(subnet: Subject) -> Surroundings:
    """What is known of the addresses around a subnet."""
    log = Log()
    quiet = subnet.with_log(log)
    own = _settled(lambda: _prefixes_of(quiet))
    space = _settled(lambda: tuple(_blocks(_space(quiet))))
    routed = _settled(lambda: tuple(_routes(quiet)))
    return Surroundings(own, space, routed, tuple(log.entries))


def _settled(read: Callable[[], T]) -> T | Gap:
    found = settled(read)
    return found.gaps[0] if isinstance(found, Undetermined) else found


def _prefixes_of(subnet: Subject) -> tuple[Block, ...]:
    one, many = "/properties/addressPrefix", "/properties/addressPrefixes"
    texts = [each.text("") for each in subnet.items(many)] if subnet.mentions(many) else []
    if subnet.mentions(one) or not texts:
        texts.append(subnet.text(one))
    return tuple(_blocks(texts))


def _space(subnet: Subject) -> list[Text]:
    network = subnet.of(subnet.resource)
    if not subnet.base:
        network = subnet.related(subnet.resource.id.rpartition("/")[0].rpartition("/")[0])
    return [each.text("") for each in network.items("/properties/addressSpace/addressPrefixes")]


def _blocks(texts: Iterable[Text]) -> Iterator[Block]:
    for text in texts:
        found = block(text.value())
        if found is None:
            raise text.undecided()
        yield found


def default_hop(subnet: Subject) -> str:
    """Where a subnet's route table sends what no other route takes: ``VirtualAppliance``; empty without one.

    Raises:
        Undetermined: The route table is not known.
    """
    if not subnet.has("/properties/routeTable"):
        return ""
    table = _named(subnet, "/properties/routeTable/id", ROUTES, "route table")
    hops: list[str] = []

    def takes_all(route: Subject) -> bool:
        prefix = prefix_of(route.text("/properties/addressPrefix"))
        if isinstance(prefix, Unsettled):
            raise Undetermined(prefix.gap)
        if isinstance(prefix, Block) and prefix.total:
            hops.append(route.text("/properties/nextHopType").value())
            return True
        return False

    below = table.audit.inventory.children(table.key, f"{ROUTES}/routes")
    routes = together(table.items("/properties/routes", key="/name"), map(table.of, below))
    return hops[-1] if some(routes, takes_all) else ""


def _routes(subnet: Subject) -> Iterator[Prefix]:
    if not subnet.has("/properties/routeTable"):
        return
    table = _named(subnet, "/properties/routeTable/id", ROUTES, "route table")
    for route in table.items("/properties/routes", key="/name"):
        yield prefix_of(route.text("/properties/addressPrefix"))
    below = table.audit.inventory.children(table.key, f"{ROUTES}/routes")
    for found in below:
        yield prefix_of(table.of(found).text("/properties/addressPrefix"))
