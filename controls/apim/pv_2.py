"""PV-2: audit and enforce secure configurations. Words in pv_2.md."""

from __future__ import annotations

from enum import StrEnum

from auditor.apim.collections import reported
from auditor.apim.kinds import SERVICE
from auditor.apim.tiers import is_v2
from auditor.model.check import BEYOND
from auditor.model.evidence import Gap, Reason, Undetermined
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, NotApplicable, Pass, Severity, Verdict
from controls.apim import pv_2_base, pv_2_documents, pv_2_errors
from controls.declare import check


class _Platform(StrEnum):
    """``platformVersion`` on the wire."""

    STV1 = "stv1"
    STV2 = "stv2"
    STV2_1 = "stv2.1"
    MTV1 = "mtv1"
    UNDETERMINED = "undetermined"


@check(
    "apim.pv-2.platform-version",
    feature=BEYOND,
    on=SERVICE,
    severity=Severity.MEDIUM,
    outcomes="pass fail unknown not_applicable",
    filed=("AM-2",),
)
def platform_version(service: Subject) -> Verdict:
    """The service does not run on the retired stv1 platform."""
    if is_v2(service):
        return NotApplicable(
            "The v2 tiers have a platform of their own, which platformVersion does not describe."
        )
    reported(service, "/properties/platformVersion")
    platform = service.read("/properties/platformVersion", one_of=_Platform)
    if platform is _Platform.STV1:
        return Fail(
            "platformVersion is stv1, the platform that was retired on 31 August 2024: migrate the service "
            "to stv2."
        )
    if platform is _Platform.UNDETERMINED:
        raise Undetermined(
            Gap(
                Reason.EXTERNAL,
                f"the platform of {service.name}: Azure itself reports it as undetermined",
                "look at Overview > Platform Version in the portal, and attest what it says",
            )
        )
    return Pass(f"The service runs on {platform}, not on stv1.")


CHECKS = (platform_version, *pv_2_base.CHECKS, *pv_2_documents.CHECKS, *pv_2_errors.CHECKS)
