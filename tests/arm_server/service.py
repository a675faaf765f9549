"""The management API without its sockets: what is known, what goes wrong, and who may ask what."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Literal
from urllib.parse import parse_qsl

from tests.arm_server import answers, graph, known, routes, vaults
from tests.arm_server.answers import Answer
from tests.arm_server.entra import TENANT, Entra
from tests.arm_server.faults import SPOILS, Fault, Kind
from tests.arm_server.ids import JsonObject, Place, key_of
from tests.arm_server.limits import Limiter, Limits
from tests.arm_server.lists import Paging
from tests.arm_server.log import Log, Record
from tests.arm_server.state import Layered, Source, Stored

Mode = Literal["enabled", "disabled", "refusing", "deleted"]
_CLOUDS = (
    *("management.azure.com", "management.core.windows.net"),
    *("management.usgovcloudapi.net", "management.core.usgovcloudapi.net"),
    *("management.chinacloudapi.cn", "management.core.chinacloudapi.cn"),
)
"""Hosts whose tokens Resource Manager takes, beside its own."""


@dataclass(frozen=True)
class Request:
    """One request, read."""

    method: str
    place: Place
    raw_query: str
    headers: Mapping[str, str]
    """Names without case."""
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        """The query; names without case, the last of several counts."""
        return {name.lower(): value for name, value in parse_qsl(self.raw_query, keep_blank_values=True)}


@dataclass
class Subscription:
    """What a test said of a subscription."""

    subscription_id: str
    mode: Mode = "enabled"
    tenant_id: str | None = None
    name: str = ""


class Management:
    """Answers requests; ``server.ArmServer`` puts it on a socket."""

    def __init__(
        self,
        base: str,
        *,
        estate: Source | None = None,
        tenant_id: str = TENANT,
        limits: Limits | None = None,
        latency: float = 0.0,
        paging: Paging | None = None,
    ) -> None:
        self.base = base
        self.tenant_id = tenant_id
        self.state = Stored()
        """What tests and files put there."""
        self.source: Source = self.state if estate is None else Layered(self.state, estate)
        """That, over the estate."""
        self.entra = Entra(base, tenant_id)
        self.limiter = Limiter(limits)
        self.latency = latency
        """Seconds that every answer of Resource Manager takes at least."""
        self.paging = paging or Paging()
        self.tiers = True
        """Refuse collections that a service's tier does not have."""
        self.api_versions: dict[str, tuple[str, ...]] = {}
        """Versions by type or provider (without case), where they differ from ``known.VERSIONS``."""
        self.management_groups: dict[str, list[str]] = {}
        self.certificates: dict[tuple[str, str], JsonObject] = {}
        """By host of the vault and name; an empty one may not be got."""
        self.log = Log()
        self.writes: list[Record] = []
        """Every request that would have changed something or shown a secret."""
        self.broken: list[Exception] = []
        """Defects of the stand-in itself that requests ran into."""
        self.faults: list[Fault] = []
        self._denied: list[tuple[str, str]] = []
        self._subscriptions: dict[str, Subscription] = {}
        self._lock = threading.Lock()

    # -- what tests say ----------------------------------------------------------------------------------

    def fault(self, kind: Kind, path: str = "*", **more: Any) -> Fault:
        """Let something go wrong from now on; see ``faults.Fault``."""
        fault = Fault(kind, path, **more)
        self.faults.append(fault)
        return fault

    def forbid(self, action: str = "*", scope: str = "/") -> None:
        """Take a permission (a glob without case) away, at a scope and below."""
        self._denied.append((action.lower(), key_of(scope)))

    def subscription(
        self, subscription_id: str, mode: Mode = "enabled", *, tenant_id: str | None = None, name: str = ""
    ) -> None:
        """Say what a subscription is like, whether or not anything lives in it.

        ``disabled`` ones are read as ever (state ``Disabled``); ``refusing`` ones answer reads of what is
        in them with 409 ReadOnlyDisabledSubscription; ``deleted`` ones are not found. A ``tenant_id`` other
        than the server's is one whose tokens must be shown."""
        found = Subscription(subscription_id, mode, tenant_id, name)
        self._subscriptions[subscription_id.lower()] = found
        if tenant_id is not None:
            self.entra.tenants.add(tenant_id.lower())

    # -- what routes ask ---------------------------------------------------------------------------------

    def subscriptions_seen(self) -> list[str]:
        """See ``graph.Scopes``."""
        found = {one.lower(): one for one in self.source.subscriptions()}
        found.update({key: one.subscription_id for key, one in self._subscriptions.items()})
        return [
            key
            for key in found
            if self._about(key).mode != "deleted"
            and self._about(key).tenant_id in (None, self.tenant_id)
            and self.may_read(Place(f"/subscriptions/{key}"))
        ]

    def subscriptions_below(self, management_group: str) -> list[str]:
        """See ``graph.Scopes``."""
        named = {name.lower(): below for name, below in self.management_groups.items()}
        return [one.lower() for one in named.get(management_group.lower(), [])]

    def subscription_resource(self, subscription: str) -> JsonObject:
        """See ``graph.Scopes``."""
        about = self._about(subscription)
        return {
            "id": f"/subscriptions/{about.subscription_id}",
            "type": "Microsoft.Resources/subscriptions",
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
            "subscriptionId": about.subscription_id,
            "tenantId": about.tenant_id or self.tenant_id,
            "displayName": about.name or f"Subscription {about.subscription_id[:8]}",
            "state": "Enabled" if about.mode == "enabled" else "Disabled",
            "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "spendingLimit": "Off"},
        }

    def may_read(self, place: Place) -> bool:
        """See ``graph.Scopes``."""
        action = place.action.lower()
        return not any(
            fnmatchcase(action, denied)
            and (scope == "/" or place.key == scope or place.key.startswith(scope + "/"))
            for denied, scope in self._denied
        )

    def _about(self, subscription: str) -> Subscription:
        return self._subscriptions.get(subscription.lower()) or Subscription(subscription)

    # -- one request -------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        """Answer a request, and log it."""
        place = request.place
        sign_in = self.entra.handles(place.key)
        record = Record(
            method=request.method,
            path=place.path,
            query=request.raw_query,
            api_version=request.query.get("api-version"),
            plane="sign-in" if sign_in else "arm",
            action=place.action,
            listing=place.listing,
            started=time.monotonic(),
        )
        with self.log.entry(record):
            answer = self._struck(request, record, sign_in=sign_in)
            record.status = 0 if answer.sending == "reset" else answer.status
        request_id = str(uuid.uuid4())
        return answer.having(x_ms_request_id=request_id, x_ms_correlation_request_id=request_id)

    def _struck(self, request: Request, record: Record, *, sign_in: bool) -> Answer:
        """The answer, after whatever goes wrong with it."""
        struck = [one for one in self.faults if one.strikes(request.method, request.place, request.raw_query)]
        if struck:
            record.fault = struck[0].kind
        wait = sum(one.seconds for one in struck) + (0.0 if sign_in else self.latency)
        if wait:
            time.sleep(wait)
        vault = vaults.host_of(request.headers)
        asks_secret = vault and not request.place.key.startswith("/certificates/")
        writes = not self._is_query(request) and request.method not in ("GET", "HEAD")
        if not sign_in and (writes or asks_secret):
            with self._lock:
                self.writes.append(record)
            return answers.no_such_method(request.method)
        replacing = [one for one in struck if one.kind not in SPOILS]
        if replacing:
            answer = replacing[0].instead(request.place, self._authority(None))
        elif vault:
            claims = self.entra.read(request.headers.get("authorization", "").partition(" ")[2]) or {}
            answer = vaults.answer(self.certificates, vault, request.place.path, str(claims.get("aud", "")))
        elif sign_in:
            answer = self.entra.answer(request.place.key, request.query, request.headers, request.body)
        else:
            answer = self._good(request)
        url = f"{self.base}{request.place.path}?{request.raw_query}"
        for one in struck:
            answer = one.spoiled(answer, url)
        return answer

    @staticmethod
    def _is_query(request: Request) -> bool:
        """The two POSTs that only read."""
        key = request.place.key
        return request.method == "POST" and (key == graph.PATH or key.endswith(graph.POLICY_STATES))

    def _good(self, request: Request) -> Answer:
        """The answer if nothing goes wrong on purpose."""
        if request.place.key == "/metadata/endpoints":
            return routes.get(self, request.place, request.query)
        refused = self._version(request)
        if refused is not None:
            return refused
        claims, refused = self._caller(request)
        if refused is not None:
            return refused
        if request.place.key == graph.PATH:
            return self._query(request, claims)
        subscription = request.place.subscription
        left, wait = self.limiter.read(f"{subscription or 'tenant'}|{claims['oid']}".lower())
        if wait is not None:
            return answers.throttled(request.place, wait)
        kind = "tenant" if subscription is None else "subscription"
        answer = self._scoped(request, claims)
        return answer.having(**{f"x_ms_ratelimit_remaining_{kind}_reads": str(left)})

    def _query(self, request: Request, claims: JsonObject) -> Answer:
        left, resets, wait = self.limiter.query(str(claims["oid"]))
        answer = answers.graph_throttled(wait)
        if wait is None:
            try:
                answer = graph.resources(self.source, self, json.loads(request.body))
            except json.JSONDecodeError:
                answer = answers.bad_query("InvalidJson", "The request body is not JSON.")
        resets_after = f"00:00:{min(59, int(resets)):02}"
        return answer.having(x_ms_user_quota_remaining=str(left), x_ms_user_quota_resets_after=resets_after)

    def _version(self, request: Request) -> Answer | None:
        version, place = request.query.get("api-version"), request.place
        if not version:
            return answers.missing_api_version()
        supported = known.api_versions(place, self.api_versions)
        if supported is None and known.looks_like_version(version, place):
            return None
        if supported is not None and version.lower() in supported:
            return self._service_version(place, version, supported)
        named = ", ".join(supported or ("2024-05-01",))
        if place.namespace == "Microsoft.Resources":
            return answers.invalid_api_version(version, named)
        return answers.no_registered_provider(place, version, named)

    def _service_version(self, place: Place, version: str, supported: tuple[str, ...]) -> Answer | None:
        """A service may itself refuse old versions (``apiVersionConstraint.minApiVersion``)."""
        if len(place.own) < 3:
            return None
        properties = (routes.service_of(self, place) or {}).get("properties") or {}
        least = (properties.get("apiVersionConstraint") or {}).get("minApiVersion")
        if least is None or version >= least:
            return None
        return answers.too_old(",".join(one for one in supported if one >= least))

    def _authority(self, subscription: str | None) -> str:
        tenant = self._about(subscription).tenant_id if subscription else None
        return f"{self.base}/{tenant or self.tenant_id}"

    def _caller(self, request: Request) -> tuple[JsonObject, Answer | None]:
        """The token's claims, or why they do not do."""
        authority = self._authority(request.place.subscription)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return {}, answers.no_token(authority)
        claims = self.entra.read(token)
        if claims is None:
            return {}, answers.invalid_token(authority)
        host = str(claims["aud"]).removeprefix("https://").strip("/")
        if host not in (*_CLOUDS, self.base.removeprefix("https://")):
            return {}, answers.wrong_audience(str(claims["aud"]), f"{self.base}/", authority)
        if self.entra.is_expired(claims):
            pattern = "%m/%d/%Y %I:%M:%S %p"
            when = datetime.fromtimestamp(float(claims["exp"]), UTC).strftime(pattern)
            return {}, answers.expired(when, datetime.now(UTC).strftime(pattern), authority)
        return claims, None

    def _scoped(self, request: Request, claims: JsonObject) -> Answer:
        """The subscription's part: its tenant, its state, what the caller may do, then the answer."""
        place, subscription = request.place, request.place.subscription
        if subscription is not None:
            about = self._about(subscription)
            tenant = about.tenant_id or self.tenant_id
            if str(claims["tid"]).lower() != tenant.lower():
                return answers.wrong_tenant(str(claims["tid"]), tenant, self._authority(subscription))
            exists = subscription.lower() in self._subscriptions or subscription.lower() in {
                one.lower() for one in self.source.subscriptions()
            }
            if about.mode == "deleted" or not exists:
                return answers.subscription_not_found(subscription)
            if about.mode == "refusing" and len(place.segments) > 2:
                return answers.subscription_disabled(subscription)
        if not self.may_read(place):
            client = str(claims.get("upn") or claims.get("appid"))
            return answers.forbidden(client, str(claims["oid"]), place.action, place.path)
        if request.method == "POST":
            top = request.query.get("$top")
            scope = place.path[: -len(graph.POLICY_STATES)]
            return graph.policy_states(self.source, scope, int(top) if top else None)
        answer = routes.get(self, place, request.query)
        return replace(answer, body=b"") if request.method == "HEAD" else answer
