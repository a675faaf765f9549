"""External authorisers: what happens to callers while they do not answer."""

from __future__ import annotations

import pytest

from auditor.apim.policy.authentication import Proof, Standing
from auditor.apim.policy.authorisers import authorisers
from auditor.apim.policy.scopes import Secret
from tests.policy.looking import heard, looked_at, weights
from tests.policy.proving import JWT, entrances, fragments, when

ANSWER = '((IResponse)context.Variables["r"])'
SAFE = 'context.Variables.GetValueOrDefault<IResponse>("r")'
DENY = '<return-response><set-status code="401" /></return-response>'
OK = '<set-variable name="ok" value="1" />'
OTHERWISE = DENY.replace("401", "502")


def asked(ignore: str = "", name: str = "r") -> str:
    word = f' ignore-error="{ignore}"' if ignore else ""
    url = "<set-url>https://authorise.contoso.example</set-url>"
    return f'<send-request response-variable-name="{name}" timeout="5"{word}>{url}</send-request>'


def refused(condition: str, body: str = DENY) -> str:
    return when(condition, body)


@pytest.mark.parametrize(
    "text",
    [
        asked() + refused(f"{ANSWER}.StatusCode != 200"),
        asked("false") + refused(f"{ANSWER}.StatusCode >= 400"),
        # Without an answer this throws, and nothing is forwarded.
        asked("true") + refused(f"{ANSWER}.StatusCode != 200"),
        asked("true") + refused(f"{ANSWER} == null || {ANSWER}.StatusCode != 200"),
        asked("true") + refused(f"{SAFE}?.StatusCode != 200"),
        asked("true") + refused(f"({SAFE}?.StatusCode ?? 500) != 200"),
        asked() + refused(f'(bool){ANSWER}.Body.As<JObject>()["active"] == false'),
        asked("true") + refused(f'{ANSWER}?.Body?.As<JObject>()?["active"]?.ToString() != "true"'),
        asked("true") + when(f"{SAFE} != null && {ANSWER}.StatusCode == 200", OK, DENY),
        asked() + refused(f"{ANSWER}.StatusCode != 200", '<return-response response-variable-name="r" />'),
        # Where the first does not answer, a second one is asked.
        asked("true") + when(
            f"{SAFE} == null",
            asked(name="q") + refused('((IResponse)context.Variables["q"]).StatusCode != 200'),
            refused(f"{ANSWER}.StatusCode != 200"),
        ),
    ],
)  # fmt: skip
def test_authorisers_that_fail_closed(text: str) -> None:
    assert heard(authorisers, text) == []
    assert looked_at(authorisers, text)


@pytest.mark.parametrize(
    "text",
    [
        asked("true") + refused(f"{SAFE} != null && {ANSWER}.StatusCode != 200"),
        asked("1") + refused(f"({SAFE}?.StatusCode ?? 200) != 200"),
        asked("true") + refused(f'{SAFE}?.Body.As<JObject>()["active"]?.ToString() == "false"'),
        asked("true") + refused(f"{SAFE} != null && {ANSWER}.StatusCode != 200",
                                '<return-response response-variable-name="r" />'),
        # Only who is asked about reaches it: callers choose that.
        when('context.Request.Headers.ContainsKey("x")',
             asked("true") + refused(f"{SAFE} != null && {ANSWER}.StatusCode != 200"), DENY),
        # A miss in the cache is what happens to everybody once.
        '<cache-lookup-value key="k" variable-name="seen" />'
        + when('!context.Variables.ContainsKey("seen")',
               asked("true") + refused(f"{SAFE} != null && {ANSWER}.StatusCode != 200")),
        # A failing authoriser lets in.
        asked() + refused(f"{ANSWER}.StatusCode == 401"),
        asked() + refused(f"{ANSWER}.StatusCode == 401 || {ANSWER}.StatusCode == 403"),
        asked() + refused(f"{ANSWER}.StatusCode >= 400 && {ANSWER}.StatusCode < 500"),
    ],
)  # fmt: skip
def test_authorisers_that_fail_open(text: str) -> None:
    assert weights(authorisers, text) == ["fail"]


def test_who_has_a_validated_token_is_let_in_without_an_answer() -> None:
    text = asked("true") + refused(f"{SAFE} != null && {ANSWER}.StatusCode != 200")
    assert weights(authorisers, text + JWT) == ["weak"]
    assert weights(authorisers, JWT + text) == ["weak"]


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        (asked() + refused(f"{ANSWER}.StatusCode == 401 || {ANSWER}.StatusCode >= 500"), "weak"),
        (asked("{{lenient}}") + refused(f"{SAFE} != null && {ANSWER}.StatusCode != 200"), "unknown"),
        (asked("true") + refused(f"{{{{strict}}}} && {SAFE} == null")
         + refused(f"{SAFE} != null && {ANSWER}.StatusCode != 200"), "unknown"),
        ('<include-fragment fragment-id="entry" />' + asked("true")
         + refused(f"{SAFE} != null && {ANSWER}.StatusCode != 200"), "unknown"),
        # The documentation says null; code that asks whether it is there expects something else.
        (asked("true") + refused(f'context.Variables.ContainsKey("r") && {ANSWER}.StatusCode != 200'),
         "review"),
        # A body that is no JSON may end the request.
        (asked() + refused(f"{ANSWER}.StatusCode == 401")
         + f'<set-variable name="who" value="@({ANSWER}.Body.As<JObject>()["who"].ToString())" />', "review"),
        (asked("true") + '<set-variable name="ok" value="@{ try { return '
         + f'{ANSWER}.StatusCode == 200; }} catch {{ return true; }} }}" />'
         + refused('!(bool)context.Variables["ok"]'), "review"),
    ],
)  # fmt: skip
def test_what_does_not_decide_itself(text: str, weight: str) -> None:
    assert weights(authorisers, text, {"lenient": Secret(), "strict": Secret()}) == [weight]


@pytest.mark.parametrize(
    "text",
    [
        JWT,
        asked("true") + JWT,
        # Another service is needed, and says nothing of who may call.
        asked("true") + refused(f"{SAFE} == null || {ANSWER}.StatusCode != 200", OTHERWISE),
        # What was fetched chooses something; the refusal is for a missing header.
        asked("true") + when(f"{SAFE}?.StatusCode == 200", '<set-variable name="x" value="1" />',
                             '<set-variable name="x" value="2" />')
        + refused('!context.Request.Headers.ContainsKey("X-Key") || (string)context.Variables["x"] == "3"'),
    ],
)  # fmt: skip
def test_calls_that_decide_nothing(text: str) -> None:
    assert not looked_at(authorisers, text)


def test_an_authoriser_in_a_fragment() -> None:
    held = fragments(entry=asked("true") + refused(f"{SAFE} != null && {ANSWER}.StatusCode != 200"))
    assert weights(authorisers, '<include-fragment fragment-id="entry" />', held=held) == ["fail"]


def test_what_is_done_on_a_miss_in_the_cache_is_seen() -> None:
    lookup = '<cache-lookup-value key="k" variable-name="seen" />'
    missed = when('!context.Variables.ContainsKey("seen")', JWT)
    verdict = entrances(lookup + missed)
    assert verdict.possible is Proof.NOTHING
    # A hit is nothing that callers can bring about for sure.
    assert verdict.standing is Standing.MANUAL
