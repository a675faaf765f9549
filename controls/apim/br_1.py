"""BR-1: ensure regular automated backups. Words in br_1.md."""

from __future__ import annotations

from datetime import datetime, timedelta

from auditor.apim.activity import KEPT_DAYS, backups, succeeded, was_read
from auditor.apim.kinds import SERVICE
from auditor.apim.tiers import Capability, needs
from auditor.model.logic import some
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Verdict
from controls.declare import check, stated

_DAYS = 7
"""Days between backups, unless configured otherwise."""
_EXPIRES = 30
"""Days after which a backup expires."""
_NATIVE = "Service Native Backup Capability"
_BACKUP = needs(
    Capability.NATIVE_BACKUP,
    "Keep its configuration as code, and practise publishing it to an empty service.",
)


@check(
    "apim.br-1.azure-backup",
    feature="Azure Backup",
    on=SERVICE,
    severity=Severity.LOW,
    outcomes="not_applicable",
)
def azure_backup(service: Subject) -> Verdict:
    """The baseline's row on Azure Backup: not supported."""
    stated(service, "BR-1, Azure Backup: supported = no")
    return NotApplicable("The baseline says that Azure Backup cannot back up API Management.")


@check(
    "apim.br-1.native-backup",
    feature=_NATIVE,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass fail manual unknown not_applicable",
    needs=_BACKUP,
)
def native_backup(service: Subject) -> Verdict:
    """The service is backed up often enough to restore it."""
    if not was_read(service):
        return Manual(
            "No property of the service tells its last backup. Show a backup that succeeded in the last "
            f"{_interval(service)} days (operation Microsoft.ApiManagement/service/backup/action in the "
            "activity log), and that the storage account it went to is yours."
        )
    days, seen = _interval(service), list[datetime]()

    def recent(entry: Subject) -> bool:
        at = succeeded(entry, service.resource.id)
        if at is not None:
            seen.append(at)
        return at is not None and service.now - at <= timedelta(days=days)

    if some(backups(service), recent):
        return Pass(
            f"A backup succeeded on {max(seen):%Y-%m-%d}, not more than {days} days ago. The log does not "
            "tell whose storage account it went to: see that it is yours."
        )
    if not seen:
        return Fail(
            f"The activity log, which keeps {KEPT_DAYS} days, has no backup that succeeded: schedule one at "
            f"least every {days} days.",
            severity=Severity.HIGH,
        )
    last = max(seen)
    if service.now - last > timedelta(days=_EXPIRES):
        return Fail(
            f"The last backup that succeeded was on {last:%Y-%m-%d}, and a backup expires after {_EXPIRES} "
            f"days: there is nothing to restore. Schedule one at least every {days} days.",
            severity=Severity.HIGH,
        )
    return Fail(
        f"The last backup that succeeded was on {last:%Y-%m-%d}, more than {days} days ago: schedule one at "
        f"least every {days} days."
    )


def _interval(service: Subject) -> int:
    """Days that may lie between two backups, by the user's configuration."""
    return int(service.audit.settings.get("backup-interval-days", _DAYS))


@check(
    "apim.br-1.restore-tested",
    feature=_NATIVE,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="manual unknown not_applicable",
    needs=_BACKUP,
)
def restore_tested(_: Subject) -> Verdict:
    """A backup has been restored, and the result was compared."""
    return Manual(
        "No configuration tells whether a backup can be restored. Show the record of the last restore: "
        "its day, the service it went to, what was compared afterwards."
    )


CHECKS = (azure_backup, native_backup, restore_tested)
