"""What policies do with callers' certificates, joined with what the gateway asks for, as verdicts of IM-4."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from auditor.apim.client_certificates import Bare, Header, Use, first_use, gap, use_of
from auditor.apim.collections import reported
from auditor.apim.documents import prover_of
from auditor.apim.exposure import Reach, describe_network, gateway_reach
from auditor.apim.hosts import certificates_arrive, demanded, gateway_hosts, negotiates
from auditor.apim.kinds import in_workspace
from auditor.apim.policy.evaluate.code import compiled
from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.statements import Statement
from auditor.apim.policy.tree import Document
from auditor.apim.policy.values import Text
from auditor.apim.tiers import Capability, supports, tier_of
from auditor.model.evidence import Gap, Log, Reason, Undetermined
from auditor.model.logic import settled, some
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Verdict
from controls.apim.im_4_fronts import passed_through, passing, says_of
from controls.policies import policy_words, told

_MOST_NAMED = 5


def _never(_: Use) -> bool:
    return False


def _place(api: Subject, statement: Statement) -> str:
    return f"{statement.name}, {policy_words(api, statement)}, line {statement.origin.line}"


def _statements(
    api: Subject, rule: Rule, weight: Weight, says: str, statement: Statement | None, use: Use
) -> dict[str, Any] | None:
    if statement is None:
        return None
    row = told(api, rule, weight, says, statement, use.operations)
    return {"kind": "policy-statements", "statements": [row]}


# -- what the gateway asks for ---------------------------------------------------------------------------


def not_asked(host: Subject, where: str, fix: str) -> Verdict:
    """The verdict where the gateway asks for no certificate: it has to where a policy looks for one.

    Args:
        host: A gateway host name, or the service where one switch stands for all.
        where: Where it does not ask, in words: ``under api.contoso.example``.
        fix: What to set, as a sentence.

    Raises:
        Undetermined: No policy that was read surely looks for one, and not all were.
    """
    service = host.of(host.resource)
    elsewhere = host.base or host.item
    quiet = service.with_log(Log())
    found = settled(lambda: first_use(quiet, lambda use: use.looks is not None and use.decides, _never))
    severity = None
    if isinstance(found, Undetermined) or found is None:
        found = first_use(service, lambda use: use.looks is not None, lambda use: use.may_look)
        severity = Severity.LOW
    else:
        use_of(found[0].with_log(host.log))
    if found is None:
        return NotApplicable("No policy looks at a client certificate, so the gateway need not ask for one.")
    if elsewhere and settled(lambda: some(gateway_hosts(quiet), negotiates)) is True:
        severity = Severity.LOW
    api, use = found
    assert use.looks is not None  # noqa: S101 - both searches ask for it
    message = (
        f"The API {api.name} looks at the caller's certificate ({_place(api, use.looks)}), and the gateway "
        f"asks for none {where}. {fix}"
    )
    says = "looks at a certificate that the gateway does not ask for"
    rule = Rule.CERTIFICATE_NOT_REQUESTED
    return Fail(message, _statements(api, rule, Weight.FAIL, says, use.looks, use), severity)


def unused(service: Subject) -> Verdict:
    """Whether some policy looks at the certificates that the gateway asks for."""
    if not certificates_arrive(service):
        return NotApplicable("The gateway asks for no certificates.")
    found = first_use(service, lambda use: use.looks is not None, lambda use: use.may_look)
    if found is not None:
        return Pass("Policies look at the certificates that the gateway asks for.")
    wanted = _demanded(service)
    severity = Severity.HIGH if wanted else None
    words = "Your configuration demands client certificates, and the" if wanted else "The"
    return Fail(
        f"{words} gateway asks for certificates that no policy looks at: asking refuses nobody. Validate the "
        "certificate in a policy, or switch the question off.",
        severity=severity,
    )


def _demanded(service: Subject) -> bool:
    quiet = service.with_log(Log())
    if not supports(quiet, Capability.HOST_NEGOTIATION):
        return settled(lambda: demanded(quiet)) is True
    return settled(lambda: some(gateway_hosts(quiet), lambda h: demanded(h) and negotiates(h))) is True


def bypassed(service: Subject, silent: str) -> Verdict:
    """Whether callers get around the question by a host name that does not ask.

    Args:
        service: The service, of which another host name does ask.
        silent: The host name that does not.

    Raises:
        Undetermined: What was not read decides.
    """
    found = first_use(service, lambda use: use.bare is Bare.ENTER, lambda use: use.bare is Bare.UNDECIDED)
    if found is not None:
        api, use = found
        details = _statements(
            api,
            Rule.CERTIFICATE_NOT_REQUESTED,
            Weight.FAIL,
            "callers without a certificate get in",
            use.looks,
            use,
        )
        return Fail(
            f"{silent} asks for no certificate while another host name does, and the API {api.name} lets "
            f"callers in without one ({use.bare_way}). Let the policy refuse them, and ask under every name.",
            details,
        )
    found = first_use(service, lambda use: use.bare is Bare.BY_HOST, _never)
    if found is not None:
        return Manual(
            f"{silent} asks for no certificate, and whether the API {found[0].name} lets callers in without "
            "one hangs on the host name they write into the request. Show with a call that takes this name "
            "and writes the other one that it is refused."
        )
    if first_use(service, lambda use: use.decides, lambda use: use.may_decide) is None:
        return NotApplicable("No policy decides by a certificate, so there is no question to walk around.")
    return Pass(
        "A host name asks for no certificate, and no API that decides by one lets callers in without it."
    )


# -- certificates in headers -----------------------------------------------------------------------------


def from_header(api: Subject) -> Verdict:
    """Whether a certificate that a request header carries is believed, and who can write that header."""
    use = use_of(api)
    if use.header is Header.UNUSED:
        if use.unread:
            raise Undetermined(gap(use.unread))
        return NotApplicable("No caller gets in by a certificate that a header carries.")
    if use.header is not Header.FORGED and use.unread:
        raise Undetermined(gap(use.unread))
    says = "what a request header says of a certificate decides who gets in"
    weight = Weight.FAIL if use.header is Header.FORGED else Weight.REVIEW
    rule = Rule.CERTIFICATE_FROM_HEADER
    details = _statements(api, rule, weight, says, use.header_decides, use)
    whose = f"The API {api.name} lets callers in by what a request header says of a certificate"
    if use.header is Header.GUARDED:
        return Manual(
            f"{whose}, after another proof or an address filter ({use.header_way}). Show that it lets only "
            "the proxy through, and that the proxy overwrites the header on every request.",
            details,
        )
    if use.header is Header.UNCLEAR:
        return Manual(
            f"A request header that may carry a certificate has a hand in who gets in to the API {api.name} "
            f"({use.header_way}). Show who writes it, and that nobody else reaches the gateway.",
            details,
        )
    if in_workspace(api):
        return Manual(f"{whose}. Show that only the proxy reaches the workspace's gateway.", details)
    service = _service_of(api)
    quiet = service.with_log(Log())
    fronts = passing(quiet, api, use)
    if fronts.through is not None:
        api.log.extend(quiet.log.entries)
        return passed_through(quiet, api, f"{whose} ({use.header_way})", fronts.through)
    reach = gateway_reach(service)
    if reach is Reach.SETTLED_AFTER_DEPLOYMENT:
        needed = f"who can reach the gateway of {service.name}, which is settled after deployment"
        raise Undetermined(Gap(Reason.NOT_DECLARED, needed, "audit the deployed service"))
    if reach is Reach.PRIVATE:
        known = says_of(fronts)
        if known:
            api.log.extend(quiet.log.entries)
        rest = "" if known else ", and overwrites the header on every request"
        return Manual(
            f"{whose}, and the gateway is reached only from private networks.{known} Show that the proxy "
            f"alone reaches it there{rest}.",
            details,
        )
    if reach in (Reach.NARROWED, Reach.SHARED):
        return Manual(
            f"{whose}, and the gateway is reached {reach.value}. Show that the proxy alone is among those, "
            "and overwrites the header on every request.",
            details,
        )
    return Fail(
        f"{whose} ({use.header_way}), and the internet reaches the gateway ({describe_network(service)}): "
        "whoever calls it directly writes that header. Let only the proxy in, or demand a secret of it.",
        details,
    )


def _service_of(api: Subject) -> Subject:
    head, _, tail = api.key.partition("/service/")
    return api.of(api.audit.inventory.by_key[f"{head}/service/{tail.split('/')[0]}"])


# -- issuers ---------------------------------------------------------------------------------------------


def private_issuers(service: Subject, uploads: Callable[[], Verdict]) -> Verdict:
    """Who issues the certificates whose chain a policy verifies.

    Args:
        service: The service, whose gateway asks for certificates.
        uploads: The verdict where CA certificates can be uploaded.
    """
    found = settled(lambda: first_use(service, lambda use: use.verifies is not None, _never))
    if found is None:
        return NotApplicable("No policy verifies the chain of a certificate, so no issuer has to be known.")
    if supports(service, Capability.CA_CERTIFICATES):
        return uploads()
    if isinstance(found, Undetermined):
        raise Undetermined(*found.gaps)
    api, use = found
    says = "verifies a chain on a tier that takes no CA certificates"
    return Manual(
        f"The API {api.name} verifies the chain of certificates, and the {tier_of(service)} tier takes no CA "
        "certificates. Show that public issuers signed them; those of a private issuer have to be compared "
        "by their thumbprints.",
        _statements(api, Rule.PRIVATE_CA, Weight.REVIEW, says, use.verifies, use),
    )


# -- uploaded certificates -------------------------------------------------------------------------------


def uploaded(service: Subject) -> Verdict:
    """Whose certificates are accepted where every uploaded one is."""
    quiet = service.with_log(Log())
    found = settled(lambda: first_use(quiet, lambda use: use.uploaded is not None, _never))
    if isinstance(found, Undetermined) or found is None:
        found = first_use(service, lambda use: use.may_accept_uploaded, _never)
    if found is None:
        return NotApplicable("No policy accepts callers because their certificate is uploaded.")
    api, use = found
    use_of(api.with_log(service.log))
    if in_workspace(api):
        return Manual(
            f"The API {api.name} of a workspace accepts every uploaded certificate. Show which those are."
        )
    certificates = list(service.children("certificates"))
    if not certificates:
        return NotApplicable("No certificate is uploaded, so the list of them lets nobody in.")
    details = _statements(
        api,
        Rule.UPLOADED_CERTIFICATES,
        Weight.REVIEW,
        "accepts every certificate that is uploaded to the service",
        use.uploaded,
        use,
    )
    if use.uploaded is not None:
        outward = [each.name for each in certificates if _outward(service, each)]
        if outward:
            return Fail(
                f"The API {api.name} accepts every uploaded certificate, and the gateway shows "
                f"{_named(outward)} to backends as its own: whoever holds that key gets in as a caller. "
                "Compare with the thumbprints of your callers instead.",
                details,
            )
        expired = [each.name for each in certificates if settled(partial(_expired, each)) is True]
        if expired and use.expired_too:
            return Fail(
                f"The API {api.name} accepts every uploaded certificate without asking for its validity, and "
                f"of them {_named(expired)} expired. Delete what expired, and call Verify().",
                details,
            )
    return Manual(
        f"The API {api.name} accepts the holder of every uploaded certificate: "
        f"{_named([each.name for each in certificates])}. Show that each belongs to a caller of it.",
        details,
    )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _expired(certificate: Subject) -> bool:
    reported(certificate, "/properties/expirationDate")
    return certificate.moment("/properties/expirationDate") <= certificate.now


def _thumbprint(certificate: Subject) -> str:
    reported(certificate, "/properties/thumbprint")
    return certificate.text("/properties/thumbprint").value()


def _outward(service: Subject, certificate: Subject) -> bool:
    """Whether a certificate surely serves towards backends, by a policy or by a backend's own setting."""
    names = {certificate.name.casefold()}
    thumbprint = settled(partial(_thumbprint, certificate))
    if not isinstance(thumbprint, Undetermined) and thumbprint:
        names.add(thumbprint.casefold())
    if names & _presented(service):
        return True
    listed = settled(lambda: some(service.children("backends"), lambda backend: _sends(backend, names)))
    return listed is True


def _sends(backend: Subject, names: set[str]) -> bool:
    """Whether a backend is sent one of some certificates, named by id or by thumbprint."""
    if not backend.has("/properties/credentials"):
        return False

    def is_one(item: Subject) -> bool:
        return item.text("").value().rstrip("/").rpartition("/")[2].casefold() in names

    lists = ("certificateIds", "certificate")
    stated = [f"/properties/credentials/{name}" for name in lists]
    return any(some(backend.items(each), is_one) for each in stated if backend.mentions(each))


def _presented(service: Subject) -> frozenset[str]:
    """Ids and thumbprints in lower case that ``authentication-certificate`` statements name."""
    address = ("controls.apim.im_4_joins._presented", service.key, "")
    known = service.audit.memo.get(address)
    if not isinstance(known, frozenset):
        known = service.audit.memo[address] = frozenset(_named_by_policies(service))
    return known


def _named_by_policies(service: Subject) -> Iterator[str]:
    policies = prover_of(service).composer.policies
    documents = [*policies.documents.values(), *policies.library.fragments.values()]
    for document in documents:
        root = document.root if isinstance(document, Document) else None
        for element in root.walk() if root is not None else ():
            if element.name != "authentication-certificate":
                continue
            for name in ("certificate-id", "thumbprint"):
                value = element.get(name)
                fixed = compiled(value, policies.library).fixed if value is not None else None
                if isinstance(fixed, Text) and fixed.value.strip():
                    yield fixed.value.strip().rpartition("/")[2].casefold()
