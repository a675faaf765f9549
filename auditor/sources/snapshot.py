"""Snapshots as input: what Azure answered, and what became of each listing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from auditor.errors import UnreadableError
from auditor.model.evidence import Reason
from auditor.model.inventory import SERVICE, InputKind, Origin
from auditor.model.values import Json, member
from auditor.snapshot.files import records
from auditor.snapshot.records import Answer, Footer, Header, Listed, Outcome, SnapshotError
from auditor.sources import rows
from auditor.sources import shape as shapes
from auditor.sources.shape import Found, Shaped, modern, type_of_id

_REASONS: Mapping[Outcome, Reason] = {
    Outcome.TRUNCATED: Reason.TRUNCATED,
    Outcome.FORBIDDEN: Reason.FORBIDDEN,
    Outcome.ABSENT: Reason.ABSENT,
    Outcome.THROTTLED: Reason.THROTTLED,
    Outcome.FAILED: Reason.FAILED,
    Outcome.SKIPPED: Reason.FAILED,
}
_WHOLE = frozenset({Outcome.COMPLETE, Outcome.NOT_IN_TIER})
"""A collection that the tier does not have is empty, and that is all there is of it."""
_IDENTITY = frozenset({"id", "type", "name"})
_ACTIVITY = "/eventtypes/management/values"
_GRAPH = "microsoft.resourcegraph/resources"


def shape(path: str, data: bytes) -> Shaped:
    """What a snapshot holds.

    Args:
        path: As shown to the reader.
        data: The file.

    Raises:
        UnreadableError: It is damaged, or of a newer version.
    """
    shaped = Shaped(InputKind.SNAPSHOT)
    ended: Footer | None = None
    stored = Counter[str]()
    listed: list[Listed] = []
    try:
        for one in records(data):
            match one:
                case Header():
                    shaped.identity = _who(one)
                    shaped.notes.append(_about(one))
                case Answer():
                    shaped.resources += _resources(one)
                    stored[_path(one.request)] += _count(one)
                    if not _told(one) and (service := _service(one.request)):
                        name = service.rpartition("/")[2]
                        shaped.unread.append((service, Origin("", request=one.request)))
                        shaped.notes.append(
                            f"{name} was found and could not be read: {one.detail or one.status}"
                        )
                    elif one.outcome is not Outcome.COMPLETE and one.request.startswith("GET /providers/"):
                        shaped.notes.append(f"{_path(one.request)} was not read: {one.detail or one.status}")
                case Listed():
                    listed.append(one)
                    if one.type == _GRAPH and one.outcome not in _WHOLE:
                        shaped.lost += 1
                        shaped.notes.append(f"a query of Resource Graph was not answered whole: {one.detail}")
                case Footer():
                    ended = one
    except SnapshotError as error:
        raise UnreadableError(path, f"a snapshot that cannot be read: {error}") from None
    shaped.listings += (_listing(one, stored[_path(one.request)]) for one in listed)
    shaped.notes += _nested(shaped.listings)
    if ended is None or not ended.complete:
        shaped.lost = 1
        shaped.notes.append("the run that wrote it did not come to its end: what it lacks is unknown")
    return shaped


def _who(header: Header) -> str:
    return header.identity.get("name") or "an unnamed identity"


def _about(header: Header) -> str:
    return f"read from Azure ({header.cloud}) by {_who(header)}, begun {header.started}"


def _service(request: str) -> str:
    """The id of the service that a request asks for; empty for any other request."""
    path = request.removeprefix("GET ").partition("?")[0].rstrip("/")
    return path if type_of_id(path) == SERVICE else ""


def _resources(answer: Answer) -> Iterator[Found]:
    """The resources of one answer: the body itself, the items of a page, the rows of a query."""
    body = answer.body
    if answer.outcome is not Outcome.COMPLETE or not isinstance(body, dict):
        return
    if _ACTIVITY in answer.request.casefold():
        yield from _entries(answer, body)
        return
    for name in ("value", "data"):
        items = body.get(name)
        if isinstance(items, list) and "id" not in body:
            for index, item in enumerate(items):
                yield from _resource(answer, item, f"/{name}/{index}")
            return
    if "id" not in body and answer.request.startswith("GET /providers/"):
        # An answer about the tenant names nothing: what was asked for is what it is about.
        body = {"id": answer.request.removeprefix("GET ").partition("?")[0], **body}
    yield from _resource(answer, body, "")


def _entries(answer: Answer, body: Mapping[str, Json]) -> Iterator[Found]:
    """Entries of the activity log, by ids of one shape."""
    subscription = answer.request.removeprefix("GET ").casefold().partition("/providers/")[0]
    items = body.get("value")
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            origin = Origin(f"/value/{index}", request=_request(answer.request))
            found = rows.event(item, origin, subscription, answer.api_version)
            if found is not None:
                yield found


def _request(request: str) -> str:
    """A request as findings name it: of the activity log without the hours and the page of one run."""
    if _ACTIVITY not in request.casefold():
        return request
    path, _, query = request.partition("?")
    version = next((part for part in query.split("&") if part.startswith("api-version=")), "")
    return f"{path}?{version}"


def _resource(answer: Answer, item: Json, pointer: str) -> Iterator[Found]:
    found = member(item, "id") if isinstance(item, dict) else None
    if found is None or not isinstance(found[1], str):
        return
    resource_id = found[1].rstrip("/")
    if resource_id.startswith("https://"):
        about = rows.row(item, Origin(pointer, request=answer.request))
        yield from about[1] if about is not None else ()
        return
    type_ = type_of_id(resource_id)
    if not type_:
        return
    body = {name: value for name, value in item.items() if name.casefold() not in _IDENTITY}
    resource_id, type_ = modern(resource_id, type_)
    yield Found(resource_id, type_, body, Origin(pointer, request=answer.request), answer.api_version)


def _told(answer: Answer) -> bool:
    """Whether an answer tells of the one resource that was asked for."""
    told = isinstance(answer.body, dict) and isinstance(answer.body.get("id"), str)
    return answer.outcome is Outcome.COMPLETE and told


def _nested(listings: Iterable[shapes.Listed]) -> Iterator[str]:
    """What did not come whole below something else than a service or a subscription, type by type."""
    by_type: dict[str, list[shapes.Listed]] = {}
    for one in listings:
        if not one.complete and type_of_id(one.parent_id) not in ("", SERVICE):
            by_type.setdefault(one.type, []).append(one)
    for type_, several in by_type.items():
        first = several[0]
        name = first.parent_id.rpartition("/")[2]
        count = f"{len(several)} lists" if len(several) > 1 else "a list"
        yield f"{count} of {type_} did not come whole, below {name}: {first.detail}"


def _path(request: str) -> str:
    return request.partition("?")[0].casefold()


def _count(answer: Answer) -> int:
    """How many items of a page can be told by their ids."""
    items = answer.body.get("value") if isinstance(answer.body, dict) else None
    ids = (each.get("id") for each in items if isinstance(each, dict)) if isinstance(items, list) else ()
    return sum(isinstance(each, str) for each in ids)


def _listing(listed: Listed, stored: int) -> shapes.Listed:
    """What became of a listing; ``stored`` is how many items the pages of it in the file hold."""
    # Of the activity log only what is judged is kept, so its pages hold fewer than were listed.
    missing = 0 if listed.type == rows.EVENTS else listed.items - stored
    whole = listed.outcome in _WHOLE and missing <= 0
    detail = listed.detail
    reason = _REASONS.get(listed.outcome, Reason.FAILED)
    if listed.outcome in _WHOLE and missing > 0:
        detail, reason = f"{missing} of the items that were listed are not in the file", Reason.TRUNCATED
    if listed.action:
        detail = f"{listed.action} is not allowed"
    elif listed.outcome is Outcome.SKIPPED:
        detail = "the run ended before it was asked for"
    return shapes.Listed(
        listed.parent,
        listed.type,
        Origin("", request=_request(listed.request)),
        whole,
        "" if whole else detail or str(listed.outcome),
        reason=reason,
    )
