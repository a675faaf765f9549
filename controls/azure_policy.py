"""Microsoft's built-in Azure Policy definitions beside the checks that ask the same of the same resource.

Ids: github.com/Azure/azure-policy, built-in policy release 3.2026.0417.1 (29 April 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ENDPOINTS: Final = ("apim.ns-2.configuration-endpoints", "apim.pa-1.direct-management")
_LOGS: Final = ("apim.lt-4.resource-logs",)

CHECKS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "3aa03346-d8c5-4994-a5bc-7652c2a2aef1": ("apim.pa-7.all-apis-subscription",),
    "73ef9241-5d81-4cd4-b483-8443d1730fe5": ("apim.ns-1.virtual-network",),
    "c15dcc82-b93c-4dcb-9332-fbf121685b54": ("apim.im-3.backend-authentication",),
    "92bb331d-ac71-416a-8c91-02f2cb734ce4": ("apim.dp-3.backend-certificate-validation",),
    "d5448c98-e503-4fdd-bcd2-784960c00d04": ("apim.pv-2.base-inherited",),
    "1b0d74ac-4b43-4c39-a15f-594385adc38d": ("apim.im-1.portal-basic-auth",),
    "ffe25541-3853-4f4e-b71d-064422294b11": ("apim.im-1.portal-basic-auth",),
    "b741306c-968e-4b67-b916-5675e5c709f4": _ENDPOINTS,
    "ee7495e7-3ba7-40b6-bfee-c29e22cc75d4": ("apim.dp-3.api-encrypted-protocols",),
    "f1cc7827-022c-473e-836e-5a51cae0b249": ("apim.im-8.named-value-secret-in-key-vault",),
    "1dc2fc00-2245-4143-99f4-874c937f13ef": ("apim.pv-2.platform-version",),
    "df73bd95-24da-4a4f-96b9-4e8b94b402bd": _ENDPOINTS,
    "7ca8c8ac-3a6e-493d-99ba-c5fa35347ff2": _ENDPOINTS,
    "ef619a2c-cc4d-4d03-b2ba-8c94a834d85b": ("apim.ns-1.virtual-network",),
    "567c93f7-3661-494f-a30f-0a94d9bfebf8": _LOGS,
    "3a8ff864-d881-44ce-bed3-0c63ede634cb": _LOGS,
    "6f3f5778-f809-4755-9d8f-bd5a5a7add85": _LOGS,
    "187242f4-89c6-4c43-9a4e-188c0efacc5f": _LOGS,
    "8ac833bd-f505-48d5-887e-c993a1d3eea0": ("apim.im-1.operations-authenticated",),
}
"""GUID of a definition: ids of the checks, the nearest first."""
