"""IM-1: subscription keys are rotated, as the activity log tells. Words in im_1.md."""

from __future__ import annotations

from datetime import timedelta

from auditor.apim.activity import KEPT_DAYS, regenerated, succeeded, was_read
from auditor.apim.kinds import SERVICE, below
from auditor.apim.subscriptions import is_active, says_inactive
from auditor.model.evidence import Log, Undetermined
from auditor.model.inventory import Resource
from auditor.model.logic import every, settled, some
from auditor.model.subject import Subject
from auditor.model.verdict import Manual, NotApplicable, Pass, Severity, Verdict
from controls.apim.im_1_products import LOCAL
from controls.declare import check


@check(
    "apim.im-1.subscription-key-rotation",
    feature=LOCAL,
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="pass manual unknown not_applicable",
)
def subscription_key_rotation(service: Subject) -> Verdict:
    """Subscription keys are regenerated regularly."""
    if not was_read(service):
        return Manual(
            f"The keys of {service.name} carry no date. Show that they are rotated: the regenerate-key "
            "events of the last 90 days in the activity log, or the record of the process that rotates them."
        )
    entries, rest = _by_subscription(service)
    left: list[str] = []
    rotated: list[str] = []

    def judge(subscription: Subject) -> Verdict:
        if says_inactive(subscription):
            return Pass("The subscription is not active.")
        own = [*entries.get(subscription.resource.id.lower(), ()), *entries.get("", ())]
        if some(map(subscription.of, own), _in_time):
            rotated.append(subscription.name)
            return Pass("A key of the subscription was regenerated.")
        if rest is not None:
            raise rest
        if not is_active(subscription):
            return Pass("The subscription is not active.")
        left.append(subscription.name)
        return Manual("No key of the subscription was regenerated.")

    verdict = every(
        below(service, "subscriptions"),
        judge,
        lambda _: (
            f"A key of each of {len(rotated)} active subscriptions was regenerated in the last "
            f"{KEPT_DAYS} days."
        ),
    )
    if isinstance(verdict, Pass) and not rotated:
        return NotApplicable("There is no active subscription.")
    if not isinstance(verdict, Manual):
        return verdict
    names = ", ".join(left[:5]) + (", ..." if len(left) > 5 else "")
    return Manual(
        f"The activity log shows no regenerated key in {KEPT_DAYS} days for {len(left)} active subscriptions "
        f"({names}). Show the record of the process that rotates them, or why they need not be."
    )


def _in_time(entry: Subject) -> bool:
    at = succeeded(entry)
    return at is not None and entry.now - at <= timedelta(days=KEPT_DAYS)


def _by_subscription(service: Subject) -> tuple[dict[str, list[Resource]], Undetermined | None]:
    """Entries on regenerated keys by the id of what they are about, and why there may be more.

    Those that do not tell stand under the empty id: they may be about any subscription.
    """
    found: dict[str, list[Resource]] = {}

    def collect() -> None:
        for entry in regenerated(service.with_log(Log())):
            about = entry.with_log(Log()).stated("/resourceId").rstrip("/").lower()
            found.setdefault(about, []).append(entry.resource)

    rest = settled(collect)
    return found, rest if isinstance(rest, Undetermined) else None
