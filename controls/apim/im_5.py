"""IM-5: use single sign-on (SSO) for application access. Words in im_5.md."""

from __future__ import annotations

from auditor.apim.kinds import SERVICE
from auditor.apim.portal import in_portalconfigs, setting, shown
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Pass, Severity, Verdict
from controls.declare import check


@check(
    "apim.im-5.delegation",
    feature="Other guidance for IM-5",
    on=SERVICE,
    severity=Severity.INFO,
    outcomes="pass fail unknown not_applicable",
    needs=shown("portalsettings", "delegation"),
)
def delegation(service: Subject) -> Verdict:
    """Whether a website of the customer's own takes over sign-in and subscription from the portal."""
    if in_portalconfigs(service, "delegation"):
        settings = setting(service, "portalconfigs", "default")
        registration = settings.flag("/properties/delegation/delegateRegistration")
        subscription = settings.flag("/properties/delegation/delegateSubscription")
        url = "/properties/delegation/delegationUrl"
    else:
        settings = setting(service, "portalsettings", "delegation")
        registration = settings.flag("/properties/userRegistration/enabled")
        subscription = settings.flag("/properties/subscriptions/enabled")
        url = "/properties/url"
    handed = [
        what
        for what, delegated in (("sign-in and sign-up", registration), ("product subscription", subscription))
        if delegated
    ]
    if not handed:
        return Pass("The developer portal delegates nothing.")
    what = " and ".join(handed)
    if settings.has(url) and not settings.text(url).starts("https://"):
        return Fail(
            f"The developer portal delegates {what} to {settings.text(url)}: let the address begin with "
            "https."
        )
    return Pass(f"The developer portal delegates {what} to a website of yours, which the baseline accepts.")


CHECKS = (delegation,)
