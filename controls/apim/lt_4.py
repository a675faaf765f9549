"""LT-4: enable logging for security investigation. Words in lt_4.md."""

from __future__ import annotations

from functools import partial

from auditor.apim.kinds import DIAGNOSTIC, SERVICE
from auditor.apim.tiers import Capability, needs
from auditor.model.check import BEYOND
from auditor.model.logic import all_of, either, every, some
from auditor.model.subject import Subject
from auditor.model.verdict import Fail, Manual, NotApplicable, Pass, Severity, Verdict
from controls.apim import lt_4_policies
from controls.declare import check

_SETTINGS = "Microsoft.Insights/diagnosticSettings"
_DESTINATIONS = (
    "/properties/workspaceId",
    "/properties/storageAccountId",
    "/properties/eventHubAuthorizationRuleId",
    "/properties/marketplacePartnerId",
)
_GATEWAY = "GatewayLogs"
_WEB_SOCKETS = "WebSocketConnectionLogs"


@check(
    "apim.lt-4.resource-logs",
    feature="Azure Resource Logs",
    on=SERVICE,
    severity=Severity.HIGH,
    outcomes="pass fail unknown not_applicable",
    filed=("LT-3",),
    needs=needs(Capability.RESOURCE_LOGS, "Send its telemetry to Application Insights instead."),
)
def resource_logs(service: Subject) -> Verdict:
    """The resource logs that the baseline names reach a destination."""
    return all_of(
        service,
        (
            partial(_carried, category=_GATEWAY),
            partial(_carried, category=_WEB_SOCKETS),
        ),
        f"{_GATEWAY} and {_WEB_SOCKETS} are sent to a destination.",
    )


def _carried(service: Subject, category: str) -> Verdict:
    def carries(setting: Subject) -> bool:
        logs = setting.items("/properties/logs")
        return some(logs, lambda log: _covers(log, category)) and _has_destination(setting)

    if some(service.extensions(_SETTINGS), carries):
        return Pass(f"{category} is sent to a destination.")
    return Fail(
        f"No diagnostic setting with a destination has {category} enabled: add it to one, by its category "
        "or by categoryGroup allLogs."
    )


def _covers(log: Subject, category: str) -> bool:
    """Whether an entry under ``logs`` switches a category on; the group ``audit`` alone does not."""

    def by_name(entry: Subject) -> bool:
        return entry.has("/category") and entry.text("/category").value().casefold() == category.casefold()

    def by_group(entry: Subject) -> bool:
        return entry.has("/categoryGroup") and entry.text("/categoryGroup").value().casefold() == "alllogs"

    return either(log, by_name, by_group) and log.flag("/enabled")


def _has_destination(setting: Subject) -> bool:
    return either(setting, *(partial(_stated, pointer=pointer) for pointer in _DESTINATIONS))


def _stated(setting: Subject, pointer: str) -> bool:
    return setting.has(pointer) and str(setting.text(pointer)) != ""


_MESSAGES = tuple(
    f"{side}/{direction}" for side in ("frontend", "backend") for direction in ("request", "response")
)
_CREDENTIALS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "ocp-apim-subscription-key",
        "api-key",
        "x-functions-key",
    }
)
"""Headers that the HTTP standards or Azure's own documents define to carry a credential."""
_SUSPICIOUS = ("key", "token", "secret", "password", "auth", "credential", "session", "signature")


@check(
    "apim.lt-4.diagnostics-leak",
    feature=BEYOND,
    on=DIAGNOSTIC,
    severity=Severity.MEDIUM,
    outcomes="pass fail manual unknown not_applicable",
)
def diagnostics_leak(diagnostic: Subject) -> Verdict:
    """Logs hold no bodies and no credentials in clear."""
    if diagnostic.number("/properties/sampling/percentage") == 0 and not diagnostic.has(
        "/properties/alwaysLog"
    ):
        return NotApplicable("The diagnostic logs nothing: its sampling is 0 per cent.")
    return all_of(
        diagnostic,
        [partial(rule, message=message) for message in _MESSAGES for rule in (_body, _headers)],
        "No body and no credential header is logged in clear.",
    )


def _body(diagnostic: Subject, message: str) -> Verdict:
    logged = diagnostic.number(f"/properties/{message}/body/bytes")
    if logged > 0:
        return Fail(
            f"{diagnostic.name} logs up to {logged:.0f} bytes of every {message} body; bodies cannot be "
            "masked, so set body.bytes to 0."
        )
    return Pass("No body is logged.")


def _headers(diagnostic: Subject, message: str) -> Verdict:
    def judge(header: Subject) -> Verdict:
        name = header.text("").value().strip()
        folded = name.casefold()
        known = folded in _CREDENTIALS
        if not known and not any(part in folded for part in _SUSPICIOUS):
            return Pass("The header carries no credential.")
        masks = diagnostic.with_log(header.log).items(f"/properties/{message}/dataMasking/headers")
        if some(masks, partial(_masks, header=folded)):
            return Pass("The header is masked.")
        if known:
            return Fail(
                f"{diagnostic.name} logs the header {name} of every {message} in clear: take it from "
                "headers, or add it to dataMasking.headers with mode Mask or Hide."
            )
        return Manual(
            f"{diagnostic.name} logs the header {name} of every {message}, which by its name may hold a "
            "credential: show that it does not, or mask it."
        )

    return every(
        diagnostic.items(f"/properties/{message}/headers"), judge, "No credential header is logged in clear."
    )


def _masks(entry: Subject, header: str) -> bool:
    """Whether an entry under ``dataMasking.headers`` hides a header; both modes that exist do."""
    if entry.text("/value").value().strip().casefold() != header:
        return False
    return entry.read("/mode", one_of=("Mask", "Hide")) != ""


CHECKS = (resource_logs, diagnostics_leak, *lt_4_policies.CHECKS)
