"""Callers' certificates and the proxies that end their connections, as verdicts of IM-4."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from auditor.apim.client_certificates import Header, Use, gap, use_of
from auditor.apim.fronts import Fronts, Met, apis_behind, described, fronts_of, unfinished, unseen
from auditor.apim.libraries import seen
from auditor.fronts.route import ClientAuth
from auditor.model.evidence import Gap, Log, Undetermined
from auditor.model.logic import settled
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Verdict

# -- certificates in headers -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Passing:
    """What the routes to one API do with the headers that a certificate is read from."""

    through: Met | None = None
    """A route from the internet that passes on what any caller writes."""
    written: tuple[Met, ...] = ()
    """Routes that overwrite all of them on every request."""
    others: bool = False
    """There are routes, or may be, of which neither is known."""


def passing(service: Subject, api: Subject, use: Use) -> Passing:
    """What the fronts before a service do with the headers that an API believes."""
    names = use.header_names
    fronts = fronts_of(service)
    others = bool(fronts.gaps or fronts.perhaps or fronts.idle) or len(fronts.certain()) < len(fronts.met)
    written: list[Met] = []
    for met in fronts.certain():
        if not _shows(service, api, met):
            continue
        kept = _overwrites(met, names)
        if kept is True:
            written.append(met)
        elif kept is False and met.route.public is True and met.route.client in _OPEN:
            return Passing(through=met)
        else:
            others = True
    return Passing(written=tuple(written), others=others)


_OPEN = (ClientAuth.NONE, ClientAuth.PASSTHROUGH)
"""What lets in whoever calls: a listener that verifies lets in only holders of certificates it trusts."""


def _overwrites(met: Met, names: frozenset[str] | None) -> bool | None:
    """Whether a route writes all of some headers on every request, or none of them ever; None: neither."""
    written = met.route.headers
    if names is None or isinstance(written, Undetermined) or met.route.elsewhere is not None:
        return None
    if not names & set(written):
        return False
    return True if all(written.get(name) for name in names) else None


def _shows(service: Subject, api: Subject, met: Met) -> bool | None:
    """Whether requests of a route arrive at an API; None where that is not known."""
    apis = settled(partial(apis_behind, service, met.route))
    path = settled(lambda: api.text("/properties/path").value())
    if isinstance(apis, Undetermined) or isinstance(path, Undetermined):
        return None
    return f"/{path.strip('/')}" in apis


def passed_through(service: Subject, api: Subject, whose: str, found: Met) -> Fail:
    """The verdict where a front passes on the header that its callers write."""
    _cite(api, [found])
    return Fail(
        f"{whose}, and {found.route.place} passes that header on as its callers write it: whoever calls it "
        "gets in. Add a rewrite rule without a condition that sets the header from "
        "{var_client_certificate}, and let the listener verify certificates.",
        described(service, fronts_of(service.with_log(Log()))),
    )


def says_of(found: Passing) -> str:
    """What is known of the routes, as a sentence that begins with a blank; empty where nothing is."""
    if not found.written or found.others:
        return ""
    places = sorted({each.route.place for each in found.written})
    strict = all(each.route.client is ClientAuth.STRICT for each in found.written)
    verifies = ", whose listener verifies certificates," if strict else ""
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f" {places[0]}{more}{verifies} overwrites the header on every request."


# -- certificates of the connection ----------------------------------------------------------------------


def termination(service: Subject) -> Verdict:
    """Whether callers' certificates reach the policies that decide by them, past the fronts that were read.

    Raises:
        Undetermined: What was not read decides.
    """
    read = service.with_log(Log())
    fronts = fronts_of(read)
    routes = [each for each in fronts.certain() if each.route.terminates]
    judged = list(_deciding(service)) if routes else []
    for met in routes:
        for api, use in judged:
            decides = isinstance(use, Use) and use.decides and use.header is Header.UNUSED
            if decides and _shows(service, api, met):
                service.log.extend(read.log.entries)
                return _taken_away(service, fronts, met, api)
    whole = not (fronts.gaps or fronts.perhaps) and len(routes) == len(fronts.met)
    if not routes and whole and service.source.whole:
        service.log.extend(read.log.entries)
        _cite(service, [*fronts.idle])
        for route in fronts.hidden:
            service.log.extend(route.log.entries[::-1])
        running = " that runs" if fronts.idle else ""
        return NotApplicable(
            f"No front{running} in the input, which holds everything there is, leads to the service."
        )
    if routes and whole and judged and all(_never(service, routes, *each) for each in judged):
        service.log.extend(read.log.entries)
        _cite(service, routes)
        return Pass(
            "The fronts that lead to the service show no API that decides by the connection's certificate."
        )
    known = "; ".join(sorted({each.route.place for each in routes})[:3])
    missing = [each for met in fronts.met for each in _unread(met)]
    missing += [each for api, use in judged for each in _unread_of(api, use)]
    missing += fronts.gaps
    missing += unfinished(service) if known or fronts.perhaps else unseen(service)
    if missing:
        service.log.extend(read.log.entries)
        raise Undetermined(*dict.fromkeys(missing))
    if known:
        words = (
            f"{known} ends its callers' connections. Show how it verifies the certificate and passes it on."
        )
    else:
        words = (
            "a proxy in front would answer in the callers' place. Show that none ends their TLS connections, "
            "or how it verifies the certificate and passes it on."
        )
    return Manual(f"The gateway asks for certificates, and {words}", described(service, fronts))


def _unread(met: Met) -> Iterator[Gap]:
    """What was not read of where a route leads and what it shows."""
    for each in (met.leads, met.route.patterns, met.route.before, met.route.rewritten):
        if isinstance(each, Undetermined):
            yield from each.gaps


def _unread_of(api: Subject, use: Use | Undetermined) -> Iterator[Gap]:
    """What was not read of an API, or of how it is called."""
    if isinstance(use, Undetermined):
        yield from use.gaps
        return
    if use.unread:
        yield gap(use.unread)
    path = settled(lambda: api.text("/properties/path").value())
    if isinstance(path, Undetermined):
        yield from path.gaps


def _deciding(service: Subject) -> Iterator[tuple[Subject, Use | Undetermined]]:
    """The APIs of the service's own gateway, with what they do with certificates."""
    for api in seen(lambda: service.children("apis")):
        yield api, settled(partial(use_of, api))
    listed = settled(lambda: service.listed("apis"))
    if isinstance(listed, Undetermined):
        yield service, listed


def _never(service: Subject, routes: list[Met], api: Subject, use: Use | Undetermined) -> bool:
    """Whether an API surely does not decide by the connection's certificate, or no route shows it."""
    if isinstance(use, Undetermined):
        return False
    if not use.may_decide and not use.may_look and not use.unread:
        return True
    return all(_shows(service, api, each) is False for each in routes)


def _taken_away(service: Subject, fronts: Fronts, met: Met, api: Subject) -> Fail:
    _cite(service, [met])
    use_of(api)
    return Fail(
        f"{met.route.place} leads to the API {api.name} and ends the caller's TLS connection, so the "
        "certificate by which that API decides never arrives there. Verify it at the front, pass it on in a "
        "header that every request gets anew, and let the policy decide by that.",
        described(service, fronts),
    )


def _cite(subject: Subject, met: list[Met]) -> None:
    for each in met:
        subject.log.extend(each.route.log.entries[::-1])
        subject.log.extend(each.front.subject.log.entries)
