"""The checks for API Management, in the baseline's order."""

from __future__ import annotations

from auditor.model.check import Check
from controls.apim import (
    am_2,
    br_1,
    dp_1,
    dp_2,
    dp_3,
    dp_6,
    dp_7,
    im_1,
    im_3,
    im_4,
    im_5,
    im_7,
    im_8,
    lt_1,
    lt_4,
    ns_1,
    ns_2,
    ns_6,
    pa_1,
    pa_7,
    pa_8,
    pv_2,
)

VERSION = "2026-11-21"
"""Day of the newest review of the catalogue's sources."""

CHECKS: tuple[Check, ...] = (
    *ns_1.CHECKS,
    *ns_2.CHECKS,
    *ns_6.CHECKS,
    *im_1.CHECKS,
    *im_3.CHECKS,
    *im_5.CHECKS,
    *im_7.CHECKS,
    *im_8.CHECKS,
    *pa_1.CHECKS,
    *pa_7.CHECKS,
    *pa_8.CHECKS,
    *dp_1.CHECKS,
    *dp_2.CHECKS,
    *dp_3.CHECKS,
    *dp_6.CHECKS,
    *dp_7.CHECKS,
    *am_2.CHECKS,
    *lt_1.CHECKS,
    *lt_4.CHECKS,
    *br_1.CHECKS,
    *im_4.CHECKS,
    *pv_2.CHECKS,
)
"""Every check, explicitly: what is not in this list does not exist."""
