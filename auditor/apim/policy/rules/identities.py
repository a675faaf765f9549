"""Where the tokens of the managed identity go, and where keys go in their place.

Sources: "Authenticate with managed identity" policy (the token is put into ``Authorization`` of what the
statement stands in; with ``output-token-variable-name`` into a variable instead; ``ignore-error`` goes on
without one), "Managed identities in API Management", "Azure services that support Microsoft Entra
authentication", "Send request" and "Set backend service" policies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from auditor.apim.policy.azure_services import Host, Service, Takes, host_of, made_for, service_of
from auditor.apim.policy.evaluate.code import Code, compiled
from auditor.apim.policy.issues import Issue, Rule, Weight
from auditor.apim.policy.origins import Form, From, brought_by, forms, head
from auditor.apim.policy.reads import reads_of
from auditor.apim.policy.scopes import Scope
from auditor.apim.policy.sheets import Sheet, Spot
from auditor.apim.policy.tree import Element, Literal
from auditor.apim.policy.values import Text

_IDENTITY: Final = "authentication-managed-identity"
_REQUESTS: Final = frozenset({"send-request", "send-one-way-request", "http-request"})
_TO_BACKEND: Final = frozenset({"inbound", "backend", ""})
KEY_HEADERS: Final = frozenset(
    {"x-functions-key", "api-key", "ocp-apim-subscription-key", "aeg-sas-key", "aeg-sas-token"}
)
"""Headers in which Azure services take keys."""
KEY_PARAMETERS: Final = frozenset({"code", "sig", "api-key", "subscription-key"})
"""The same for parameters of a URL."""
_IN_URL: Final = re.compile(r"[?&](code|sig|api-key|subscription-key)=", re.IGNORECASE)
_SHARED: Final = re.compile(r"(SharedAccessSignature|SharedKey(Lite)?|type=master)\b", re.IGNORECASE)
Said = tuple[Weight, str]


def issues(sheet: Sheet) -> Iterator[Issue]:
    """What is said of tokens, then of keys."""
    ways = _Ways(sheet)
    for spot in sheet.named(_IDENTITY):
        for weight, message in dict.fromkeys(_identity(spot, ways)):
            yield spot.issue(Rule.TOKEN_TO_STRANGER, weight, message)
    yield from _keys(ways)


@dataclass(frozen=True)
class _Ways:
    """A document with where its requests go."""

    sheet: Sheet

    @cached_property
    def urls(self) -> dict[int, list[Code]]:
        """Addresses of requests that stand in the document, by the id of the request's element."""
        found: dict[int, list[Code]] = {}
        for spot in self.sheet.named("set-url"):
            request, code = request_of(spot), spot.text()
            if request is not None and code is not None:
                found.setdefault(id(request), []).append(code)
        return found

    @cached_property
    def backends(self) -> list[Spot]:
        """Statements that say where the request of the caller goes."""
        found = [spot for spot in self.sheet.named("set-backend-service") if spot.in_pipeline]
        return sorted(found, key=lambda spot: spot.section == "backend")

    @cached_property
    def readers(self) -> list[tuple[Spot, frozenset[str]]]:
        """Elements whose values read variables, with the names."""
        found = ((spot, _variables(spot)) for spot in self.sheet.spots)
        return [(spot, names) for spot, names in found if names]

    def hosts(self, sender: Spot) -> list[Host]:
        """Where what an element sends goes; none where another document decides it."""
        request = request_of(sender)
        if request is not None:
            codes = self.urls.get(id(request), [])
            return [host_of(form) for code in codes for form in forms(code, self.sheet)]
        return [host for each in self.setters(sender) for host in self.backend_hosts(each)]

    def setters(self, sender: Spot) -> list[Spot]:
        """The statements that may have the last word on where what an element sends goes."""
        found: list[Spot] = []
        for each in self.backends:
            if each.parents == sender.parents[: len(each.parents)]:
                # It runs whenever the sender does, and overrides what stands before it.
                found = [each]
            elif not exclusive(each, sender):
                found.append(each)
        return found

    def backend_hosts(self, setter: Spot) -> Iterator[Host]:
        """The hosts that a ``set-backend-service`` statement may choose."""
        base = setter.code("base-url")
        if base is not None:
            yield from (host_of(form) for form in forms(base, self.sheet))
        named = setter.code("backend-id")
        if named is None:
            return
        for form in forms(named, self.sheet):
            urls = self.sheet.library.backends.get(head(form).strip().casefold(), ())
            if brought_by(form) is not None or not urls:
                yield Host("", From.UNKNOWN)
            yield from (host_of((url,)) for url in urls)


def request_of(spot: Spot) -> Element | None:
    """The request that an element is a part of, one of a resolver too; None in the pipeline."""
    return next((parent for parent in spot.parents if parent.name in _REQUESTS), None)


def exclusive(one: Spot, other: Spot) -> bool:
    """Whether two elements stand in different branches of one ``choose``, so that only one of them runs."""
    for mine, its in zip((*one.parents, one.element), (*other.parents, other.element), strict=False):
        if mine is not its:
            return {mine.name, its.name} <= {"when", "otherwise"}
    return False


def _variables(spot: Spot) -> frozenset[str]:
    element = spot.element
    values = [*(each.value for each in element.attributes), element.value]
    codes = (
        compiled(value, spot.library)
        for value in values
        if value is not None and (not isinstance(value, Literal) or value.holes)
    )
    return frozenset(name for code in codes for name in reads_of(code).variables)


# -- tokens ----------------------------------------------------------------------------------------------


def _identity(spot: Spot, ways: _Ways) -> Iterator[Said]:
    variable = spot.element.word("output-token-variable-name")
    names = _holding(variable, ways) if variable else frozenset[str]()
    readers = [each for each, read in ways.readers if read & names and each.name != "set-variable"]
    yield from _ignored(spot, any(each.name == "when" for each in readers))
    senders = [each for each in readers if each.name != "when"] if variable else [spot]
    said = [each for sender in senders for each in _sent(spot, sender, ways)]
    if not said:
        yield Weight.NOTE, "the token is put into a variable that nothing in this policy sends"
    yield from said
    if ways.sheet.scope is Scope.GLOBAL and request_of(spot) is None:
        yield Weight.NOTE, "in the global policy it runs for every API, those of workspaces too"


def _holding(variable: str, ways: _Ways) -> frozenset[str]:
    """The variables that hold a token, or something made of it."""
    names = {variable}
    writers = [(each, read) for each, read in ways.readers if each.name == "set-variable"]
    while True:
        more = {name for each, read in writers if read & names and (name := each.element.word("name"))}
        if more <= names:
            return frozenset(names)
        names |= more


def _ignored(spot: Spot, tested: bool) -> Iterator[Said]:
    """What ``ignore-error`` does."""
    code = spot.code("ignore-error")
    if code is None:
        return
    word = code.fixed.value.strip().casefold() if isinstance(code.fixed, Text) else None
    if word is None:
        yield Weight.UNKNOWN, "whether it goes on without a token is not known here"
    elif word in {"true", "1"} and tested:
        yield Weight.REVIEW, "without a token it goes on, and a condition that follows has to stop it"
    elif word in {"true", "1"}:
        yield Weight.WEAK, "without a token the request goes on, not authenticated"


def _answers(sender: Spot) -> bool:
    """Whether an element makes what is told to the caller."""
    return sender.section in {"outbound", "on-error"} or any(
        parent.name == "return-response" for parent in sender.parents
    )


def _sent(spot: Spot, sender: Spot, ways: _Ways) -> Iterator[Said]:
    if request_of(sender) is None and sender is not spot:
        if _answers(sender):
            if sender.name not in {"trace", "log-to-eventhub"}:
                yield Weight.REVIEW, "the token, or something made of it, goes into the answer to the caller"
            return
        if not any(each.name.startswith("set-") for each in (sender.element, *sender.parents)):
            # Read by a log, a cache or a metric: no request goes out with it.
            return
    hosts = ways.hosts(sender)
    if not hosts:
        yield Weight.NOTE, "where the token goes is decided outside of this policy"
    for audience in forms(spot.code("resource"), ways.sheet):
        for host in hosts:
            yield _judged(audience, host)


def _judged(audience: Form, host: Host) -> Said:
    """What is said of a token for an audience that goes to a host."""
    if host.by is From.CALLER:
        return Weight.REVIEW, "request data have a hand in the host that the token goes to"
    hand = brought_by(audience)
    if hand is From.CALLER:
        return Weight.REVIEW, "request data have a hand in what the token is made for"
    service = _service(audience)
    if service is None:
        if hand is None or head(audience).casefold().startswith("api://"):
            return Weight.NOTE, "the token is made for an application of your own: the host was not compared"
        return Weight.UNKNOWN, "what the token is made for is not known here"
    if host.within(service.hosts):
        return Weight.FINE, "the token goes to what it was made for"
    if not host.known:
        return Weight.UNKNOWN, f"the host that a token made for {service.name} goes to is not known here"
    if host.relay or (service.fronted and service_of(host) is None):
        return (
            Weight.REVIEW,
            f"a token made for {service.name} goes to a host that may be a proxy of your own, or anybody's",
        )
    return Weight.FAIL, f"a token made for {service.name} goes to a host that is not one of it"


def _service(audience: Form) -> Service | None:
    """What a token is made for; of an audience with a hole its end may tell."""
    if brought_by(audience) is None:
        return made_for(head(audience))
    host = host_of(audience)
    found = service_of(host)
    return found if found is not None and found.takes is not Takes.PERHAPS else None


# -- keys ------------------------------------------------------------------------------------------------


def _keys(ways: _Ways) -> Iterator[Issue]:
    """Keys that go to services which take tokens, and tokens that do."""
    senders = [spot for spot in ways.sheet.spots if _carries(spot)]
    by_request: dict[int, list[Spot]] = {}
    for spot in senders:
        by_request.setdefault(id(request_of(spot)), []).append(spot)
    for request in (spot for spot in ways.sheet.spots if spot.name in _REQUESTS):
        codes = ways.urls.get(id(request.element), [])
        addresses = [form for code in codes for form in forms(code, ways.sheet)]
        parts = by_request.get(id(request.element), [])
        in_url = any(_IN_URL.search(piece) for form in addresses for piece in form if isinstance(piece, str))
        yield from _compared(request, [host_of(form) for form in addresses], parts, ways.sheet, in_url=in_url)
    in_pipeline = [each for each in by_request.get(id(None), []) if each.section in _TO_BACKEND]
    for setter in ways.backends:
        base = setter.code("base-url")
        hosts = [host_of(form) for form in forms(base, ways.sheet)] if base is not None else []
        parts = [each for each in in_pipeline if setter in ways.setters(each)]
        yield from _compared(setter, hosts, parts, ways.sheet)


def _carries(spot: Spot) -> bool:
    """Whether an element can put a credential into a request."""
    return spot.name in {"set-header", "set-query-parameter", _IDENTITY}


def _compared(
    sender: Spot, hosts: Iterable[Host], parts: list[Spot], sheet: Sheet, *, in_url: bool = False
) -> Iterator[Issue]:
    found = dict.fromkeys(filter(None, map(service_of, hosts)))
    services = [service for service in found if service.takes is not Takes.NO_KEYS]
    if not services:
        return
    keyed = in_url or any(sends_key(each, sheet) for each in parts)
    token = any(each.name == _IDENTITY and not each.element.word("ignore-error") for each in parts)
    for service in services:
        if keyed:
            yield sender.issue(Rule.KEY_TO_ENTRA_BACKEND, *key_said(service, token=token))
        elif token:
            text = "the managed identity signs in to a service that takes its tokens"
            yield sender.issue(Rule.KEY_TO_ENTRA_BACKEND, Weight.FINE, text)


def key_said(service: Service, *, token: bool) -> Said:
    """What is said of a key that goes to a service."""
    if token:
        return Weight.NOTE, f"a key goes to {service.name} beside a token of the managed identity"
    if service.takes is Takes.PERHAPS:
        return (
            Weight.REVIEW,
            f"a key goes to {service.name}, which takes tokens of the managed identity once it is set up to",
        )
    return Weight.WEAK, f"a key goes to {service.name}, which takes tokens of the managed identity"


def sends_key(spot: Spot, sheet: Sheet) -> bool:
    """Whether an element puts a key of the gateway's into a request: one that the caller brings is not."""
    if (spot.element.word("exists-action") or "").casefold() == "delete":
        return False
    values = [spot.below(each).text() for each in spot.element.find_all("value")]
    brought = [form for value in values if value is not None for form in forms(value, sheet)]
    if not brought or all(brought_by(form) is From.CALLER for form in brought):
        return False
    name = (spot.element.word("name") or "").casefold()
    if spot.name == "set-query-parameter":
        return name in KEY_PARAMETERS
    if name == "authorization":
        return any(_SHARED.match(head(form).strip()) for form in brought)
    return spot.name == "set-header" and name in KEY_HEADERS
