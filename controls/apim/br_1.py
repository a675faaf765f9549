"""BR-1: ensure regular automated backups. Words in br_1.md."""

from __future__ import annotations

from auditor.apim.kinds import SERVICE
from auditor.apim.tiers import Capability, needs
from auditor.model.subject import Subject
from auditor.model.verdict import Manual, NotApplicable, Severity, Verdict
from controls.declare import check, stated

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
    outcomes="manual unknown not_applicable",
    needs=_BACKUP,
)
def native_backup(_: Subject) -> Verdict:
    """The service is backed up often enough to restore it."""
    return Manual(
        "No property of the service tells its last backup. Show a backup that succeeded in the last 7 days "
        "(operation Microsoft.ApiManagement/service/backup/action in the activity log), and that the storage "
        "account it went to is yours."
    )


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
