"""In which order policies authenticate: what runs before, what is never reached, what races."""

from __future__ import annotations

import pytest

from auditor.apim.policy.order import order
from tests.policy.looking import heard, looked_at, weights
from tests.policy.proving import DENY, FULL, JWT, fragments, sections, when

SEND = '<send-request response-variable-name="r"><set-url>https://x.contoso.example</set-url></send-request>'
LOG = '<log-to-eventhub logger-id="hub">seen</log-to-eventhub>'
LOOKUP = '<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" />'
OK = '<return-response><set-status code="200" /></return-response>'
CERT = when(FULL)
BEFORE, MISPLACED, RACED = "before-authentication", "misplaced-authentication", "raced-authentication"


@pytest.mark.parametrize(
    "text",
    [
        JWT,
        CERT,
        f"<cors><allowed-origins><origin>*</origin></allowed-origins></cors>{JWT}",
        f'<rate-limit calls="3" renewal-period="3" />{JWT}{LOG}{LOOKUP}',
        f'<set-variable name="x" value="1" /><cache-lookup-value key="k" variable-name="v" />{JWT}',
        when('context.Request.Method == "OPTIONS"', OK) + JWT,
        when('context.Request.Method.Equals("OPTIONS", StringComparison.OrdinalIgnoreCase)', OK) + JWT,
        f"{CERT}{LOOKUP}",
        when(FULL, LOG + DENY) + JWT,
        # What only stands in another branch is not before it.
        when('context.Request.Headers.ContainsKey("x")', SEND, JWT),
        # A secret in a header comes first, then a call, then the token.
        when('context.Request.Headers.GetValueOrDefault("x-api-key", "") != "{{key}}"') + SEND + JWT,
        f'<check-header name="x-functions-key"><value>{{{{key}}}}</value></check-header>{SEND}{JWT}',
    ],
)
def test_nothing_speaks_against_authentication_first(text: str) -> None:
    assert heard(order, text) == []
    assert looked_at(order, text)


@pytest.mark.parametrize("text", ["", LOG, '<rate-limit calls="3" renewal-period="3" />', LOOKUP + OK])
def test_without_authentication_there_is_nothing_to_look_at(text: str) -> None:
    assert not looked_at(order, text)


def test_a_content_type_that_is_checked_authenticates_nobody() -> None:
    text = '<mock-response /><check-header name="Content-Type"><value>application/json</value></check-header>'
    assert not looked_at(order, text)


@pytest.mark.parametrize(
    ("text", "weight", "statement"),
    [
        (SEND + JWT, "weak", "send-request"),
        (LOG + JWT, "weak", "log-to-eventhub"),
        ('<cache-remove-value key="k" />' + CERT, "weak", "cache-remove-value"),
        (when('context.Request.Headers.ContainsKey("x")', SEND) + JWT, "weak", "send-request"),
        (LOOKUP + CERT, "fail", "cache-lookup"),
        (LOOKUP.replace("/>", 'allow-private-response-caching="true" />') + JWT, "fail", "cache-lookup"),
        (LOOKUP + JWT, "weak", "cache-lookup"),
        (
            '<cache-lookup allow-private-response-caching="true"><vary-by-header>Authorization'
            "</vary-by-header></cache-lookup>" + JWT,
            "weak",
            "cache-lookup",
        ),
        (LOOKUP + JWT.replace("Authorization", "X-Token"), "fail", "cache-lookup"),
        ("<llm-semantic-cache-lookup />" + JWT, "fail", "llm-semantic-cache-lookup"),
        (when('context.Request.Url.Path.Contains("health")', OK) + JWT, "fail", "return-response"),
        (when('context.Request.Method == "GET"', OK) + JWT, "fail", "return-response"),
        (
            when('context.Request.Headers.ContainsKey("x")', "<mock-response />") + JWT,
            "fail",
            "mock-response",
        ),
        (when("{{closed}}", OK) + JWT, "unknown", "return-response"),
        (
            '<ip-filter action="allow"><address>10.0.0.1</address></ip-filter>'
            + when('context.Request.Headers.ContainsKey("x")', OK)
            + JWT,
            "weak",
            "return-response",
        ),
        (
            when('context.Request.IpAddress != "10.0.0.1"')
            + when('context.Request.Headers.ContainsKey("x")', OK)
            + JWT,
            "review",
            "return-response",
        ),
        (
            when('!context.Request.Headers.ContainsKey("Authorization")', OK.replace("200", "302")) + JWT,
            "note",
            "return-response",
        ),
    ],
)
def test_what_runs_before_it(text: str, weight: str, statement: str) -> None:
    assert heard(order, text) == [(BEFORE, weight, statement)]


def test_an_answer_of_another_service_is_the_authentication() -> None:
    gate = when('((IResponse)context.Variables["r"]).StatusCode != 200')
    assert heard(order, SEND + gate) == []
    assert heard(order, LOG + SEND + gate) == [(BEFORE, "weak", "log-to-eventhub")]
    step = '<set-variable name="ok" value="@(((IResponse)context.Variables["r"]).StatusCode == 200)" />'
    assert heard(order, SEND + step + when('!(bool)context.Variables["ok"]')) == []


def test_a_call_for_the_keys_of_a_token_is_part_of_its_check() -> None:
    keys = '<issuer-signing-keys><key>@((string)context.Variables["k"])</key></issuer-signing-keys>'
    step = '<set-variable name="k" value="@(((IResponse)context.Variables["r"]).Body.As<string>())" />'
    token = f'<validate-jwt header-name="Authorization">{keys}</validate-jwt>'
    assert heard(order, SEND + step + token) == []
    assert heard(order, SEND + token) == [(BEFORE, "weak", "send-request")]


def test_a_fragment_that_was_not_read_may_authenticate() -> None:
    missing = '<include-fragment fragment-id="entry" />'
    assert weights(order, missing + LOG + JWT) == ["unknown"]
    assert weights(order, missing + LOG + JWT, held=fragments(entry="")) == ["weak"]
    assert weights(order, missing + LOG, held=fragments(entry=JWT)) == []


def test_authentication_that_is_never_reached() -> None:
    assert heard(order, OK + JWT) == [(MISPLACED, "fail", "validate-jwt")]
    assert heard(order, "<mock-response />" + CERT) == [(MISPLACED, "fail", "choose")]
    both = when('context.Request.Headers.ContainsKey("x")', OK, OK)
    assert heard(order, both + JWT) == [(MISPLACED, "fail", "validate-jwt")]


def test_behind_a_refusal_of_everybody_nothing_is_lost() -> None:
    assert heard(order, OK.replace("200", "503") + JWT) == [(MISPLACED, "note", "validate-jwt")]


def test_where_another_authentication_holds_a_lost_one_weighs_little() -> None:
    assert heard(order, JWT + OK + CERT) == [(MISPLACED, "weak", "choose")]


def test_branches_are_no_sequence() -> None:
    text = when('context.Request.Headers.ContainsKey("x")', JWT + OK, JWT)
    assert heard(order, text) == []


@pytest.mark.parametrize("section", ["backend", "outbound", "on_error"])
def test_sections_that_are_too_late(section: str) -> None:
    late = sections(**{"inbound": "", section: JWT})
    assert heard(order, late) == [(MISPLACED, "fail", "validate-jwt")]
    twice = sections(**{"inbound": JWT, section: JWT})
    assert heard(order, twice) == [(MISPLACED, "weak", "validate-jwt")]


def test_a_refusal_in_outbound_is_no_authentication() -> None:
    assert heard(order, sections(inbound="", outbound=when("context.Response.StatusCode == 500"))) == []


def test_authentication_beside_other_statements() -> None:
    assert heard(order, f'<wait for="any">{CERT}{SEND}</wait>') == [(RACED, "review", "choose")]
    assert heard(order, f'<wait for="all">{CERT}{SEND}</wait>') == []
    key = when('context.Request.Headers.GetValueOrDefault("x-api-key", "") != "{{key}}"')
    assert heard(order, f"<wait>{CERT}{key}</wait>") == [(RACED, "review", "choose")]
    assert heard(order, f'<wait for="any">{CERT}</wait>') == []


def test_an_authoriser_that_is_dropped_when_another_call_ends() -> None:
    gate = when('((IResponse)context.Variables["r"]).StatusCode != 200')
    other = SEND.replace('"r"', '"q"')
    assert (RACED, "review", "send-request") in heard(order, f'<wait for="any">{SEND}{other}</wait>{gate}')
    assert heard(order, f'<wait for="all">{SEND}{other}</wait>{gate}') == [(BEFORE, "weak", "send-request")]
