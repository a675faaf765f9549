"""A run from beginning to end: sign in, find the services, collect, and continue what was interrupted."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from auditor import DISTRIBUTION, __version__
from auditor.apim.collections import API_VERSION, SURROUNDINGS
from auditor.azure import definitions
from auditor.azure.client import Arm, Reply
from auditor.azure.clouds import Cloud, cloud_of
from auditor.azure.collect import Collector, Kept, Progress
from auditor.azure.signin import Identity, SignInError, credential_of, sign_in
from auditor.azure.vaults import Vaults, references_in
from auditor.errors import UnreadableError, UsageError
from auditor.model.values import Json
from auditor.snapshot.files import Writer, records
from auditor.snapshot.records import Answer, Footer, Header, Listed, Outcome, Record, SnapshotError

_SUBSCRIPTIONS: Final = "2022-12-01"
_GROUPS: Final = "2020-05-01"
_METADATA: Final = "2020-06-01"
_WHOLE: Final = frozenset({Outcome.COMPLETE, Outcome.NOT_IN_TIER})
_ID: Final = re.compile(r"[0-9A-Za-z\-]{1,36}")
_OF_CERTIFICATES: Final = re.compile(r"/service/[^/?]+(?:/certificates)?\?", re.IGNORECASE)
"""A request for a service, or for its certificates."""
_SERVICE: Final = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/[^/]+/service/[^/]+/?", re.I
)
_REFUSED: Final = "the token was refused"


@dataclass(frozen=True, slots=True)
class Scope:
    """What to read."""

    subscriptions: tuple[str, ...] = ()
    management_group: str = ""
    resource_group: str = ""
    service: str = ""

    def __str__(self) -> str:
        where = f"management group {self.management_group}" if self.management_group else ""
        several = "s" if len(self.subscriptions) > 1 else ""
        where = where or f"subscription{several} {', '.join(self.subscriptions)}"
        group = f", resource group {self.resource_group}" if self.resource_group else ""
        return where + group + (f", service {self.service}" if self.service else "")

    def line(self) -> dict[str, Any]:
        """As stored."""
        return {
            "subscriptions": list(self.subscriptions),
            "management_group": self.management_group,
            "resource_group": self.resource_group,
            "service": self.service,
        }


@dataclass(frozen=True, slots=True)
class Session:
    """Signed in, with a client."""

    arm: Arm
    identity: Identity
    cloud: Cloud
    scope: Scope

    def __str__(self) -> str:
        who = self.identity.name or "an identity whose token does not tell its name"
        tenant = f", tenant {self.identity.tenant}" if self.identity.tenant else ""
        return f"signed in as {who}{tenant}, cloud {self.cloud.name}; {self.scope}"


def open_session(scope: Scope, way: str = "default", tenant: str = "", cloud: str = "public") -> Session:
    """Sign in.

    Raises:
        UsageError: An option is wrong, or its settings are missing.
        SignInError: Nobody could be signed in.
    """
    if not scope.subscriptions and not scope.management_group:
        raise UsageError("name what to read: --subscription ID or --management-group ID")
    for subscription in scope.subscriptions:
        if not _ID.fullmatch(subscription):
            raise UsageError(f"--subscription {subscription}: not the id of a subscription (az account show)")
    if scope.service and not scope.resource_group and len(scope.subscriptions) != 1:
        raise UsageError("--service needs one --subscription")
    # What the SDK warns of is said by our own messages, once.
    for name in ("azure", "msal"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    chosen = cloud_of(cloud)
    credential = credential_of(way, chosen, tenant)
    identity = sign_in(credential, chosen, tenant)
    return Session(Arm(credential, chosen), identity, chosen, scope)


@dataclass(frozen=True, slots=True)
class Found:
    """The services of a scope, and the subscriptions they are in."""

    services: tuple[str, ...]
    subscriptions: tuple[str, ...]


def find(session: Session) -> Found:
    """The services of the scope.

    Raises:
        UnreadableError: The scope cannot be read at all: no such subscription, disabled, not allowed.
        SignInError: The token was refused.
    """
    scope = session.scope
    if scope.management_group:
        services = _in_group(session)
    else:
        services = [each for one in scope.subscriptions for each in _in_subscription(session, one)]
    if scope.resource_group and scope.management_group:
        part = f"/resourcegroups/{scope.resource_group.lower()}/"
        services = [each for each in services if part in each.lower()]
    if scope.service:
        services = [each for each in services if each.rpartition("/")[2].lower() == scope.service.lower()]
    unique = tuple(dict.fromkeys(services))
    subscriptions = tuple(dict.fromkeys(each.split("/")[2] for each in unique))
    return Found(unique, subscriptions)


def _in_subscription(session: Session, subscription: str) -> list[str]:
    state = session.arm.get(f"/subscriptions/{subscription}", _SUBSCRIPTIONS)
    _demand(state, f"subscription {subscription}")
    if str(state.body.get("state", "Enabled")) not in ("Enabled", "Warned", "PastDue"):
        raise UnreadableError(
            f"subscription {subscription}", f"is {state.body['state']}: nothing can be read"
        )
    group = f"/resourceGroups/{session.scope.resource_group}" if session.scope.resource_group else ""
    path = f"/subscriptions/{subscription}{group}/providers/Microsoft.ApiManagement/service"
    services: list[str] = []
    for reply in session.arm.pages(path, API_VERSION):
        _demand(reply, f"the services of subscription {subscription}{group}")
        services += _ids(reply.body["value"], f"the services of subscription {subscription}{group}")
    return services


def _in_group(session: Session) -> list[str]:
    group = session.scope.management_group
    # Asked for first: a query over a group that is not there must never become one over everything.
    there = session.arm.get(f"/providers/Microsoft.Management/managementGroups/{group}", _GROUPS)
    _demand(there, f"management group {group}")
    query = "resources | where type =~ 'microsoft.apimanagement/service' | project id | order by id asc"
    services: list[str] = []
    for reply in session.arm.query(query, (), (group,)):
        _demand(reply, f"management group {group}")
        services += _ids(reply.body["data"], f"management group {group}")
    return services


def _ids(items: Sequence[Any], what: str) -> list[str]:
    """Ids of services that were listed.

    Raises:
        UnreadableError: One of them has none: it would be left out without a word.
    """
    ids = [item.get("id") if isinstance(item, dict) else None for item in items]
    found = [each for each in ids if isinstance(each, str) and _SERVICE.fullmatch(each)]
    if len(found) < len(ids):
        raise UnreadableError(what, f"{len(ids) - len(found)} of {len(ids)} listed services have no id")
    return found


def _demand(reply: Reply, what: str) -> None:
    """Go on only with an answer.

    Raises:
        SignInError: The token was refused.
        UnreadableError: It cannot be read.
    """
    if reply.outcome is Outcome.COMPLETE:
        return
    if reply.status == 401:
        raise SignInError(f"{_REFUSED}: {reply.detail}; sign in again, or name the tenant with --tenant")
    words = {
        Outcome.ABSENT: "not found, or not visible to this identity; check the id and --tenant",
        Outcome.FORBIDDEN: f"not allowed{f' (needs {reply.action})' if reply.action else ''}",
        Outcome.THROTTLED: "Azure refuses further requests for now; try again later",
    }
    raise UnreadableError(
        what, words.get(reply.outcome, reply.detail or f"failed with status {reply.status}")
    )


# -- collecting --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Run:
    """How to collect."""

    path: Path
    resume: bool = False
    seconds: float = 0.0
    """Time budget; 0 for none."""
    certificates: bool = False
    """Ask vaults for the properties of the certificates that services use."""
    tell: Callable[[Progress], None] = field(default=lambda _: None)


def collect(session: Session, found: Found, run: Run) -> Footer:
    """Read everything into the snapshot.

    Raises:
        UsageError: There is nothing to resume, or it was another scope.
        UnreadableError: The file cannot be written, or the snapshot to resume cannot be read.
    """
    earlier = _earlier(run.path, session.scope) if run.resume else []
    header = Header(
        f"{DISTRIBUTION} {__version__}",
        datetime.now(UTC).isoformat(timespec="seconds"),
        session.cloud.name,
        session.identity.line(),
        session.scope.line(),
    )
    kept, worth = keep(earlier)
    try:
        writer = Writer(run.path, header, worth)
    except OSError as error:
        raise UnreadableError(str(run.path), f"cannot be written: {error.strerror}") from None
    deadline = time.monotonic() + run.seconds if run.seconds else 0.0
    tenant = session.identity.tenant
    collector = Collector(session.arm, writer, kept=kept, deadline=deadline, tell=run.tell, tenant=tenant)
    if run.certificates:
        collector.vaults = Vaults(session.arm.credential, _vault_suffix(session))
    try:
        footer = collector.run(found.services, found.subscriptions)
    except BaseException:
        writer.close()
        raise
    writer.close(footer)
    return footer


def _vault_suffix(session: Session) -> str:
    """What host names of the cloud's vaults end in.

    Raises:
        UsageError: A cloud of its own that does not tell.
    """
    if session.cloud.vaults:
        return session.cloud.vaults
    reply = session.arm.get("/metadata/endpoints", _METADATA)
    suffixes = reply.body.get("suffixes") if isinstance(reply.body, dict) else None
    suffix = suffixes.get("keyVaultDns") if isinstance(suffixes, dict) else None
    if not isinstance(suffix, str) or "." not in suffix.strip("."):
        raise UsageError("--vault-certificates: this cloud does not tell what its vaults are called")
    return suffix.strip(".")


def _earlier(path: Path, scope: Scope) -> Sequence[Record]:
    try:
        header, *rest = records(path.read_bytes())
    except OSError as error:
        raise UsageError(f"--resume: {path} cannot be read: {error.strerror}") from None
    except SnapshotError as error:
        raise UnreadableError(str(path), f"a snapshot that cannot be read: {error}") from None
    if isinstance(header, Header) and dict(header.scope) != scope.line():
        raise UsageError(f"--resume: {path} was read from another scope")
    return rest


def keep(earlier: Sequence[Record]) -> tuple[Kept, list[Record]]:
    """What of an earlier run need not be read again, and its records.

    Collections that did not come whole are read again; pages of theirs are left out, so that nothing stands
    in the snapshot twice.
    """
    kept = Kept()
    for one in earlier:
        if isinstance(one, Listed) and one.outcome in _WHOLE:
            kept.listings[one.parent.lower(), one.type] = one
    worth: list[Record] = list(kept.listings.values())
    surveys = {_path(each.request) for each in kept.listings.values() if each.type in SURROUNDINGS}
    for one in earlier:
        if isinstance(one, Answer) and _OF_CERTIFICATES.search(one.request):
            kept.references.update(references_in(one.body))
        queried = isinstance(one, Answer) and one.request.startswith("POST ")
        if not isinstance(one, Answer) or queried or one.outcome is not Outcome.COMPLETE:
            continue  # a query is asked again: it has no collection to say whether it came whole
        if _path(one.request) in surveys:
            kept.learn(_path(one.request).rpartition("/providers/")[2].lower(), one.body)
            worth.append(one)
            continue
        items = _items(one.body)
        if items is None:
            kept.answers.add(one.request)
            if f"/{definitions.DEFINED}/" in one.request.lower():
                kept.learn(definitions.DEFINED, {"value": [one.body]})
            worth.append(one)
            continue
        parents = {_collection(item) for item in items}
        if parents and parents <= kept.listings.keys():
            for item in items:
                kept.ids.setdefault(_collection(item), []).append(str(item["id"]))
            worth.append(one)
    return kept, worth


def _path(request: str) -> str:
    return request.partition("?")[0].casefold()


def _items(body: Json) -> list[dict[str, Any]] | None:
    """The items of a page; None where the answer is a single resource."""
    value = body.get("value") if isinstance(body, dict) and "id" not in body else None
    return (
        [item for item in value if isinstance(item, dict) and "id" in item]
        if isinstance(value, list)
        else None
    )


def _collection(item: dict[str, Any]) -> tuple[str, str]:
    """Parent and type of an item, as listings are known by."""
    from auditor.sources.shape import parent_of_id, type_of_id

    resource_id = str(item["id"]).rstrip("/")
    return parent_of_id(resource_id).lower(), type_of_id(resource_id)
