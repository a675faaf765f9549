"""Reasons that have to do with backends, APIs and policies: see :mod:`tests.azure_policy.reasons`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

from auditor.model.evidence import Reason
from tests.azure_policy import facts
from tests.azure_policy.comparing import Pair
from tests.azure_policy.facts import (
    BAD,
    FAIL,
    GOOD,
    MANUAL,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    UNREAD,
    raw,
    said,
    text,
)

# -- backends and APIs -------------------------------------------------------------------------------------


def pool(pair: Pair) -> bool:
    return said(pair, GOOD, NOT_APPLICABLE) and text(pair.resource, "properties.type") == "pool"


def service_fabric(pair: Pair) -> bool:
    cluster = raw(pair.resource, "properties.properties.serviceFabricCluster")
    return said(pair, GOOD, MANUAL) and cluster is not None


def _own(pair: Pair) -> bool:
    names = ("managedIdentity", "header", "query")
    return any(raw(pair.resource, f"properties.credentials.{name}") for name in names)


def credentials_passed_over(pair: Pair) -> bool:
    return said(pair, BAD, PASS, MANUAL) and _own(pair)


def _sent_to(pair: Pair) -> bool:
    """A policy names the backend, or the address it stands for."""
    names = {pair.resource.name.casefold(), *(each.name.casefold() for each in _pools_with(pair))}
    url = text(pair.resource, "properties.url")
    host = url.partition("//")[2].partition("/")[0]
    texts = [policy.casefold() for _, policy in facts.policy_texts(pair)]
    values = [text(each, "properties.value") for each in facts.children(pair, "namedvalues")]
    told = any(name in each for name in names for each in texts)
    return told or any(host and host in each for each in texts) or any(each in names for each in values)


def _pools_with(pair: Pair) -> list[Any]:
    mine = pair.resource.name.casefold()
    found = []
    for each in facts.children(pair, "backends"):
        members = raw(each, "properties.pool.services") or ()
        if any(str(one.get("id", "")).casefold().endswith("/" + mine) for one in members):
            found.append(each)
    return found


def policies_sign_in(pair: Pair) -> bool:
    signs = re.compile("authentication-|set-header|set-query-parameter|authorization", re.IGNORECASE)
    texts = [policy for _, policy in facts.policy_texts(pair)]
    return (
        said(pair, BAD, PASS, MANUAL) and not _own(pair) and _sent_to(pair) and any(map(signs.search, texts))
    )


def policies_not_read(pair: Pair) -> bool:
    gaps = facts.reasons(pair)
    texts = [policy for _, policy in facts.policy_texts(pair)]
    computed = any(re.search(r"(backend-id|base-url)=\"@", each) for each in texts)
    open_ = computed or not facts.readable(pair)
    return pair.ours is UNKNOWN and bool(gaps) and gaps <= UNREAD and open_


def certificate_sent(pair: Pair) -> bool:
    names = ("certificate", "certificateIds")
    held = any(raw(pair.resource, f"properties.credentials.{name}") for name in names)
    return held and pair.ours is UNKNOWN and facts.reasons(pair) == {Reason.UNREAD_POLICY}


def nothing_sends(pair: Pair) -> bool:
    return said(pair, BAD, NOT_APPLICABLE) and not _sent_to(pair)


def nothing_named(pair: Pair) -> bool:
    return pair.ours is UNKNOWN and raw(pair.resource, "properties.credentials.managedIdentity") == {}


def protocols_not_known(pair: Pair) -> bool:
    stated = raw(pair.resource, "properties.protocols")
    known = {"http", "https", "ws", "wss"}
    odd = isinstance(stated, list) and (not stated or not {str(each).casefold() for each in stated} <= known)
    return said(pair, GOOD, UNKNOWN) and odd


# -- policies ----------------------------------------------------------------------------------------------


def _each_section(pair: Pair, holds: Callable[[list[Element], list[Element]], bool]) -> bool:
    """Whether something holds of each section without ``<base/>`` in front: of its own, and what is above."""
    for document in pair.documents:
        policy = facts.root(document)
        if policy is None:
            return False
        for section in facts.without_base(policy):
            above = facts.kept_out(pair, document, section)
            if above is None or not holds(facts.statements(policy, section), above):
                return False
    return True


def _nothing(own: list[Element], above: list[Element]) -> bool:
    return not above or {each.tag for each in above} <= {"forward-request"}


def _not_first(own: list[Element], above: list[Element]) -> bool:
    """``<base/>`` comes, and whatever answers before it refuses."""
    if _nothing(own, above):
        return True
    tags = [each.tag for each in own]
    if "base" not in tags:
        return False
    before = [one for each in own[: tags.index("base")] for one in each.iter()]
    tags_before = [each.tag for each in before]
    if "mock-response" in tags_before or tags_before[:1] == ["cache-lookup"]:
        return False
    codes = [one.get("code", "") for each in before if each.tag == "return-response" for one in each.iter()]
    return all(code[:1] in ("", "4", "5") for code in codes) and any(codes) == any(
        each.tag == "return-response" for each in before
    )


def _copied(own: list[Element], above: list[Element]) -> bool:
    held = {facts.written(each) for each in own}
    return all(facts.written(each) in held for each in above) or _not_first(own, above)


def _minor(own: list[Element], above: list[Element]) -> bool:
    return {each.tag for each in above} <= facts.MINOR or _copied(own, above)


def nothing_to_lose(pair: Pair) -> bool:
    return said(pair, BAD, PASS, NOT_APPLICABLE) and _each_section(pair, _nothing)


def base_not_first(pair: Pair) -> bool:
    return said(pair, BAD, PASS) and _each_section(pair, _not_first)


def own_copy(pair: Pair) -> bool:
    return said(pair, BAD, PASS) and _each_section(pair, _copied)


def minor_lost(pair: Pair) -> bool:
    return said(pair, BAD, PASS) and _each_section(pair, _minor)


def scopes_not_read(pair: Pair) -> bool:
    gaps = facts.reasons(pair)
    return pair.ours is UNKNOWN and bool(gaps & UNREAD) and not facts.readable(pair)


_KINDS = (
    {
        "validate-jwt",
        "validate-azure-ad-token",
        "validate-client-certificate",
        "check-header",
        "return-response",
    },
    {"rate-limit", "rate-limit-by-key", "llm-token-limit", "azure-openai-token-limit"},
    {"quota", "quota-by-key", "llm-token-limit", "azure-openai-token-limit"},
    {"authentication-managed-identity", "authentication-basic", "authentication-certificate"},
)
"""Statements of which one may stand in for another."""


def _doubtful(own: list[Element], above: list[Element]) -> bool:
    """Something stands in, or answers before ``<base/>``, or it is not documented what is inherited."""
    tags = [each.tag for each in own]
    if "base" in tags:
        before = {one.tag for each in own[: tags.index("base")] for one in each.iter()}
        return bool(before & {"return-response", "mock-response", "choose"})
    inside = {one.tag for each in own for one in each.iter()}
    lost = {each.tag for each in above} - facts.MINOR
    stands_in = any(lost & kind and inside & kind for kind in _KINDS) or bool(lost & inside)
    return not own or "base" in inside or stands_in


def person_decides(pair: Pair) -> bool:
    return said(pair, BAD, MANUAL) and not _each_section(
        pair, lambda own, above: _minor(own, above) or not _doubtful(own, above)
    )


def fooled_by_text(pair: Pair) -> bool:
    policies = [facts.root(each) for each in pair.documents]
    return said(pair, GOOD, FAIL) and any(each is not None and facts.without_base(each) for each in policies)
