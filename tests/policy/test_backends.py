"""What is said of tokens, keys, addresses and limits: what people get wrong, and what only looks like it."""

from __future__ import annotations

import pytest

from auditor.apim.policy.azure_services import Takes, host_of, made_for, service_of
from auditor.apim.policy.backends import Proof, sending
from auditor.apim.policy.compose import Composer
from auditor.apim.policy.issues import Rule, Weight
from auditor.apim.policy.limits import Limit, limit_of
from auditor.apim.policy.origins import Form, From
from auditor.apim.policy.reader import read
from auditor.apim.policy.rules import callers, identities
from auditor.apim.policy.scopes import Api, Library, Place, Policies, Scope, Secret
from auditor.apim.policy.sheets import Sheet
from auditor.apim.policy.values import NULL

_LIBRARY = Library(
    named_values={"key": Secret(), "account": Secret(), "vault": "https://vault.azure.net"},
    backends={"ai": ("https://contoso.openai.azure.com/x",), "orders": ("https://orders.contoso.example",)},
)


def sheet(inbound: str, scope: Scope = Scope.API) -> Sheet:
    return Sheet(read(f"<policies><inbound><base/>{inbound}</inbound></policies>"), _LIBRARY, scope)


def weights(inbound: str, rule: Rule, scope: Scope = Scope.API) -> set[Weight]:
    rooms = (identities.issues, callers.issues)
    document = sheet(inbound, scope)
    return {issue.weight for room in rooms for issue in room(document) if issue.rule is rule}


def request(url: str, parts: str) -> str:
    return (
        f'<send-request mode="new"><set-url>{url}</set-url><set-method>GET</set-method>{parts}</send-request>'
    )


def identity(resource: str, rest: str = "") -> str:
    return f'<authentication-managed-identity resource="{resource}" {rest}/>'


def header(name: str, value: str, action: str = "override") -> str:
    return f'<set-header name="{name}" exists-action="{action}"><value>{value}</value></set-header>'


def variable(name: str, value: str) -> str:
    return f'<set-variable name="{name}" value="{value}"/>'


def choose(condition: str, then: str, otherwise: str | None = None) -> str:
    rest = f"<otherwise>{otherwise}</otherwise>" if otherwise is not None else ""
    return f'<choose><when condition="@({condition})">{then}</when>{rest}</choose>'


_IS_GET = 'context.Request.Method == "GET"'


# -- hosts and audiences ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "name", "known"),
    [
        (("https://Contoso.Vault.Azure.NET/secrets/a",), "contoso.vault.azure.net", True),
        (("https://user:word@contoso.example:8443/a",), "contoso.example", True),
        (("https://contoso.example#.vault.azure.net",), "contoso.example", True),
        (("https://", From.CONFIG, ".vault.azure.net/a"), ".vault.azure.net", False),
        ((From.CONFIG, "/secrets"), "", False),
        (("contoso.example/a",), "", False),
    ],
)
def test_the_host_is_what_the_gateway_would_connect_to(form: Form, name: str, known: bool) -> None:
    host = host_of(form)
    assert (host.name, host.known) == (name, known)


@pytest.mark.parametrize(
    ("url", "within"),
    [
        (("https://a.vault.azure.net",), True),
        (("https://a.vault.azure.net.contoso.example",), False),
        (("https://evilvault.azure.net",), False),
        (("https://", From.CONFIG, ".vault.azure.net"), True),
        (("https://", From.CALLER, ".vault.azure.net"), False),
        (("https://a.vault.usgovcloudapi.net",), True),
    ],
)
def test_only_hosts_below_a_service_are_its_own(url: Form, within: bool) -> None:
    vault = made_for("https://vault.azure.net/.default")
    assert vault is not None
    assert host_of(url).within(vault.hosts) is within


@pytest.mark.parametrize(
    ("audience", "name"),
    [
        ("https://management.core.windows.net/", "Azure Resource Manager"),
        ("https://contoso.blob.core.windows.net", "Azure Storage"),
        ("https://GRAPH.microsoft.com", "Microsoft Graph"),
        ("api://00000000-0000-0000-0000-000000000001", None),
        ("00000000-0000-0000-0000-000000000001", None),
        ("https://contoso.azurewebsites.net", None),
    ],
)
def test_an_audience_is_a_service_or_an_application_of_ones_own(audience: str, name: str | None) -> None:
    service = made_for(audience)
    assert (service.name if service else None) == name


def test_app_service_takes_tokens_only_where_it_is_set_up_to() -> None:
    service = service_of(host_of(("https://contoso.azurewebsites.net/api",)))
    assert service is not None
    assert service.takes is Takes.PERHAPS


# -- tokens ----------------------------------------------------------------------------------------------

_TOKEN = Rule.TOKEN_TO_STRANGER
_VAULT = "https://vault.azure.net"
_AI = "https://cognitiveservices.azure.com"
_BEARER = header("Authorization", '@("Bearer " + (string)context.Variables["t"])')


@pytest.mark.parametrize(
    ("inbound", "said"),
    [
        (request("https://{{account}}.vault.azure.net/a", identity("{{vault}}")), {Weight.FINE}),
        (request("https://hooks.contoso.example/a", identity("{{vault}}")), {Weight.FAIL}),
        (request("https://hooks.contoso.example/a", identity("{{key}}")), {Weight.UNKNOWN}),
        (request("https://hooks.contoso.example/a", identity("api://{{key}}")), {Weight.NOTE}),
        (request("{{key}}", identity(_VAULT)), {Weight.UNKNOWN}),
        (request("https://contoso.azure-api.net/a", identity(_AI)), {Weight.REVIEW}),
        (request("https://10.1.2.3/a", identity(_VAULT)), {Weight.REVIEW}),
        (
            request("https://contoso.scm.azurewebsites.net/a", identity("https://management.azure.com")),
            {Weight.FINE},
        ),
        (identity(_AI), {Weight.NOTE}),
        ('<set-backend-service backend-id="ai"/>' + identity(_AI), {Weight.FINE}),
        ('<set-backend-service backend-id="AI"/>' + identity(_AI), {Weight.FINE}),
        ('<set-backend-service backend-id="orders"/>' + identity(_AI), {Weight.FAIL}),
        ('<set-backend-service backend-id="other"/>' + identity(_AI), {Weight.UNKNOWN}),
        (identity(_VAULT, 'output-token-variable-name="t"'), {Weight.NOTE}),
        (
            identity(_VAULT, 'output-token-variable-name="t"')
            + request("https://a.contoso.example", _BEARER),
            {Weight.FAIL},
        ),
        (
            identity(_VAULT, 'output-token-variable-name="t"')
            + request("https://a.vault.azure.net/b", _BEARER),
            {Weight.FINE},
        ),
        (
            identity(_VAULT, 'output-token-variable-name="t"')
            + f"<return-response>{_BEARER}</return-response>",
            {Weight.REVIEW},
        ),
    ],
)
def test_tokens_go_to_what_they_were_made_for(inbound: str, said: set[Weight]) -> None:
    assert weights(inbound, _TOKEN) == said


def test_the_last_backend_that_surely_runs_is_meant_and_other_branches_are_not() -> None:
    chosen = f'<set-backend-service backend-id="ai"/>{identity(_AI)}'
    other = '<set-backend-service backend-id="orders"/>'
    either = choose(_IS_GET, chosen, other)
    assert weights(other + either, _TOKEN) == {Weight.FINE}


def test_going_on_without_a_token_is_weak_unless_something_looks_at_it() -> None:
    ignored = identity(_VAULT, 'output-token-variable-name="t" ignore-error="true"')
    looked_at = (
        '<choose><when condition="@(context.Variables["t"] == null)"><return-response/></when></choose>'
    )
    assert Weight.WEAK in weights(ignored, _TOKEN)
    assert weights(ignored + looked_at, _TOKEN) == {Weight.REVIEW, Weight.NOTE}
    assert weights(identity("api://a", 'ignore-error="false"'), _TOKEN) == {Weight.NOTE}
    assert Weight.UNKNOWN in weights(identity("api://a", 'ignore-error="{{key}}"'), _TOKEN)


# -- keys ------------------------------------------------------------------------------------------------

_KEY = Rule.KEY_TO_ENTRA_BACKEND
_CALLERS = '@(context.Request.Headers.GetValueOrDefault("api-key",""))'


@pytest.mark.parametrize(
    ("url", "parts", "said"),
    [
        ("https://a.search.windows.net/x", header("api-key", "{{key}}"), {Weight.WEAK}),
        ("https://a.search.windows.net/x", header("api-key", "", "delete"), set()),
        ("https://a.search.windows.net/x", header("x-request-id", "{{key}}"), set()),
        (
            "https://a.search.windows.net/x",
            header("api-key", _CALLERS),
            set(),
        ),
        ("https://a.blob.core.windows.net/x?sv=1&amp;sig={{key}}", "", {Weight.WEAK}),
        ("https://a.blob.core.windows.net/x?significant=1", "", set()),
        ("https://a.azurewebsites.net/api/x?code={{key}}", "", {Weight.REVIEW}),
        ("https://orders.contoso.example/x?code={{key}}", "", set()),
        (
            "https://a.servicebus.windows.net/q",
            header("Authorization", "SharedAccessSignature sr=a{{key}}"),
            {Weight.WEAK},
        ),
        ("https://a.servicebus.windows.net/q", identity("https://servicebus.azure.net/"), {Weight.FINE}),
    ],
)
def test_keys_to_services_that_take_tokens(url: str, parts: str, said: set[Weight]) -> None:
    assert weights(request(url, parts), _KEY) == said


def test_a_key_for_one_branch_is_not_sent_in_another() -> None:
    search = '<set-backend-service base-url="https://a.search.windows.net"/>'
    key = header("api-key", "{{key}}")
    assert weights(choose(_IS_GET, search, key), _KEY) == set()
    assert weights(choose(_IS_GET, search + key, ""), _KEY) == {Weight.WEAK}


# -- addresses -------------------------------------------------------------------------------------------


def allow(*entries: str) -> str:
    return f'<ip-filter action="allow">{"".join(entries)}</ip-filter>'


_FIRST = "0.0.0.0"  # noqa: S104 - the first address, nothing is bound


def span(first: str, last: str) -> str:
    return f'<address-range from="{first}" to="{last}"/>'


@pytest.mark.parametrize(
    ("inbound", "said"),
    [
        (allow(span(_FIRST, "255.255.255.255")), {Weight.FAIL}),
        (allow(span("1.0.0.0", "126.255.255.255"), span("128.0.0.0", "223.255.255.255")), {Weight.FAIL}),
        (allow(span(_FIRST, "63.255.255.255"), span(_FIRST, "63.255.255.255")), {Weight.NOTE}),
        (allow("<address>::/0</address>"), {Weight.FAIL}),
        (allow("<address> * </address>"), {Weight.FAIL}),
        (allow("<address>10.0.0.0/8</address>"), {Weight.NOTE}),
        (allow("<address>somewhere</address>"), {Weight.REVIEW}),
        (allow(span("10.0.0.9", "10.0.0.1")), {Weight.REVIEW}),
        (allow(), {Weight.REVIEW}),
        (allow("<address>{{key}}</address>"), {Weight.UNKNOWN}),
        (allow("<address>{{key}}</address>", "<address>0.0.0.0/0</address>"), {Weight.FAIL, Weight.UNKNOWN}),
        (allow('<address>@(context.Request.Headers["a"].First())</address>'), {Weight.REVIEW}),
        ('<ip-filter action="forbid"><address>0.0.0.0/0</address></ip-filter>', {Weight.NOTE}),
        ('<ip-filter action="{{key}}"/>', {Weight.UNKNOWN}),
    ],
)
def test_whom_an_address_filter_lets_in(inbound: str, said: set[Weight]) -> None:
    assert weights(inbound, Rule.ADDRESS_FILTER) == said


_DENY = '<return-response><set-status code="403"/></return-response>'
_FORWARDED = 'context.Request.Headers.GetValueOrDefault("x-forwarded-for","")'


@pytest.mark.parametrize(
    ("inbound", "said"),
    [
        (choose(f'{_FORWARDED} != "203.0.113.1"', _DENY), {Weight.REVIEW}),
        (
            variable("ip", f"@({_FORWARDED}.Split(',')[0])")
            + choose('(string)context.Variables["ip"] == "203.0.113.1"', "", _DENY),
            {Weight.REVIEW},
        ),
        (choose('context.Request.IpAddress != "203.0.113.1"', _DENY), set()),
        (choose(f'{_FORWARDED} != ""', header("a", "b")), set()),
        ('<check-header name="X-Real-IP"><value>203.0.113.1</value></check-header>', {Weight.REVIEW}),
        (f'<set-header name="a"><value>@({_FORWARDED})</value></set-header>', set()),
    ],
)
def test_a_header_is_no_address(inbound: str, said: set[Weight]) -> None:
    assert weights(inbound, Rule.ADDRESS_FILTER) == said


# -- effective policies ----------------------------------------------------------------------------------

_API = Api("orders", "orders")


def composed(inbound: str, backend: str = "<forward-request/>") -> Composer:
    document = read(f"<policies><inbound>{inbound}</inbound><backend>{backend}</backend></policies>")
    return Composer(Policies({Place(Scope.API, "orders"): document}, _LIBRARY))


def limit(inbound: str) -> Limit:
    reading = composed(inbound).effective(_API).reading
    return limit_of(reading.inbound, {"context.Subscription": NULL})


def by(key: str) -> str:
    return f'<rate-limit-by-key calls="1" renewal-period="1" counter-key="{key}"/>'


_ADDRESS = "@(context.Request.IpAddress)"
_SUBJECT = '@(context.Request.Headers.GetValueOrDefault("Authorization","").AsJwt()?.Subject)'


@pytest.mark.parametrize(
    ("inbound", "weight"),
    [
        ("", Weight.FAIL),
        ('<rate-limit calls="1" renewal-period="1"/><quota calls="1" renewal-period="1"/>', Weight.FAIL),
        (by(_ADDRESS), Weight.FINE),
        (by('@(context.Request.IpAddress + context.Request.Headers["x"].First())'), Weight.WEAK),
        (by('@(context.Request.Headers.GetValueOrDefault("x", context.Request.IpAddress))'), Weight.WEAK),
        (by('@(context.Request.Url.Query.GetValueOrDefault("k","a"))'), Weight.WEAK),
        (by("@(context.RequestId.ToString())"), Weight.WEAK),
        (by('@(context.Request.Headers["x"].First())') + by(_ADDRESS), Weight.FINE),
        (by('@(context.Subscription?.Id ?? "anonymous")'), Weight.NOTE),
        (by("{{key}}"), Weight.UNKNOWN),
        (by('@((string)context.Variables["nobody-writes"])'), Weight.UNKNOWN),
        (variable("ip", _ADDRESS) + by('@((string)context.Variables["ip"])'), Weight.FINE),
        (
            variable("h", '@(context.Request.Headers["x"].First())')
            + by('@((string)context.Variables["h"])'),
            Weight.WEAK,
        ),
        (by(_SUBJECT), Weight.WEAK),
        (
            '<validate-azure-ad-token tenant-id="a"/>' + by(_SUBJECT),
            Weight.FINE,
        ),
        (choose("context.Subscription != null", "", by(_ADDRESS)), Weight.FINE),
        (choose("context.Subscription != null", by(_ADDRESS)), Weight.FAIL),
        (choose(_IS_GET, by(_ADDRESS)), Weight.REVIEW),
        (choose(_IS_GET, by(_ADDRESS), _DENY), Weight.FINE),
        (f'<retry condition="@(false)" count="1" interval="1">{by(_ADDRESS)}</retry>', Weight.FINE),
        (_DENY, Weight.FINE),
        ('<include-fragment fragment-id="not-there"/>', Weight.UNKNOWN),
    ],
)
def test_what_limits_callers_without_a_key(inbound: str, weight: Weight) -> None:
    assert limit(inbound).weight is weight


def proofs(inbound: str, backend: str = "<forward-request/>") -> set[Proof]:
    return {each.proof for each in sending(composed(inbound, backend).effective(_API)).sent}


_ORDERS = '<set-backend-service backend-id="orders"/>'
_OWN = identity("api://orders")


@pytest.mark.parametrize(
    ("inbound", "said"),
    [
        (_ORDERS, {Proof.NONE}),
        (_ORDERS + _OWN, {Proof.IDENTITY}),
        (_OWN + _ORDERS, {Proof.IDENTITY}),
        (request("https://a.contoso.example", _OWN) + _ORDERS, {Proof.NONE}),
        (_ORDERS + '<authentication-certificate certificate-id="a"/>', {Proof.SIGNED}),
        (_ORDERS + header("X-Api-Key", "{{key}}"), {Proof.KEY}),
        (_ORDERS + header("Authorization", "", "delete"), {Proof.NONE}),
        (_OWN + header("Authorization", "", "delete") + _ORDERS, {Proof.NONE}),
        (header("Authorization", "", "delete") + _OWN + _ORDERS, {Proof.IDENTITY}),
        (_ORDERS + header("Authorization", '@(context.Request.Headers["a"].First())'), {Proof.PASSED}),
        (_ORDERS + header("Authorization", '@((string)context.Variables["x"])'), {Proof.UNREAD}),
        (_ORDERS + header("x-key-version", "1"), {Proof.GUESSED}),
        (choose(_IS_GET, _ORDERS + _OWN, '<set-backend-service base-url="https://a"/>'), {Proof.IDENTITY}),
        (choose(_IS_GET, _ORDERS, _ORDERS + _OWN), {Proof.NONE, Proof.IDENTITY}),
        (_ORDERS + choose(_IS_GET, _OWN), {Proof.SOMETIMES, Proof.IDENTITY}),
        (_ORDERS + choose(_IS_GET, _OWN, _DENY), {Proof.IDENTITY}),
        (_ORDERS + '<set-backend-service base-url="https://a"/>', set()),
        ('<include-fragment fragment-id="not-there"/>' + _ORDERS, {Proof.UNREAD}),
        (_ORDERS + _DENY, set()),
    ],
)
def test_what_a_request_brings_to_a_backend(inbound: str, said: set[Proof]) -> None:
    assert proofs(inbound) == said


def test_a_certificate_in_the_backend_section_counts() -> None:
    assert proofs(_ORDERS, '<authentication-certificate certificate-id="a"/><forward-request/>') == {
        Proof.SIGNED
    }


def test_messages_quote_nothing() -> None:
    secret = "hunter2-hunter2"  # noqa: S105 - made up
    inbound = (
        request(f"https://{secret}.search.windows.net/x?sig={secret}", header("api-key", secret))
        + request(f"https://{secret}.contoso.example", identity(_VAULT))
        + allow(f"<address>{secret}</address>")
    )
    document = sheet(inbound)
    said = [issue.message for room in (identities.issues, callers.issues) for issue in room(document)]
    assert said
    assert not any(secret in message for message in said)
