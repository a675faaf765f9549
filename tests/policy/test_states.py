"""Callers: who gets in past a check, why, and what is said about it."""

from __future__ import annotations

import json

import pytest

from auditor.apim.policy.certificates import Cause, Verdict
from auditor.apim.policy.compose import Composer
from auditor.apim.policy.evaluate.frame import Remark, known_bindings
from auditor.apim.policy.operations import Prover
from auditor.apim.policy.prove import CertificateVerdict, bindings_of
from auditor.apim.policy.reader import read
from auditor.apim.policy.scopes import Api, Context, Operation, Place, Policies, Scope, Secret
from auditor.apim.policy.states import STATES, Caller
from tests.policy.proving import CERT, DENY, FULL, JWT, PIN, certificate, effective, inbound, sections, when

SHORT = {
    "deny": "D",
    "error": "E",
    "allow": "A",
    "caller chooses": "C",
    "undecided": "U",
    "secret": "K",
    "token": "J",
}


def row(found: CertificateVerdict) -> str:
    """A verdict's truth table in the order of the states."""
    return "".join(SHORT[found.states[state.caller]] for state in STATES)


def check(condition: str, body: str = DENY, **rest: object) -> CertificateVerdict:
    return certificate(inbound(when(condition, body)), **rest)  # type: ignore[arg-type]


def vcc(attributes: str = "", identities: str = "") -> CertificateVerdict:
    listed = f"<identities>{identities}</identities>" if identities else ""
    return certificate(
        inbound(f"<validate-client-certificate {attributes}>{listed}</validate-client-certificate>")
    )


THUMB = f'<identity thumbprint="{PIN}" />'

TABLES = [
    (f"{CERT} == null || {CERT}.NotAfter < DateTime.Now", "DAAAADAA", Verdict.FAIL),
    (f"{CERT} == null || DateTime.Now > {CERT}.NotAfter", "DAAAADAA", Verdict.FAIL),
    (
        f'{CERT} == null || {CERT}.Issuer != "CN=I" || {CERT}.SubjectName.Name != "CN=S"',
        "DADDAAAA",
        Verdict.FAIL,
    ),
    (f'{CERT} == null || {CERT}.Thumbprint != "{PIN}"', "DDDDAAAA", Verdict.WEAK),
    (
        f'{CERT} == null || !{CERT}.VerifyNoRevocation() || {CERT}.Thumbprint != "{PIN}"',
        "DDDDADDA",
        Verdict.WEAK,
    ),
    (f'{CERT} == null || {CERT}.Thumbprint != "{PIN.lower()}"', "DDDDDDDD", Verdict.FAIL),
    (f'!{CERT}.Subject.Contains("CN=S")', "EAADAAAA", Verdict.FAIL),
    (f"{CERT} == null", "DAAAAAAA", Verdict.FAIL),
    (f"{CERT} == null && !{CERT}.Verify()", "EAAAAAAA", Verdict.FAIL),
    (f"{CERT} != null && !{CERT}.Verify()", "ADAADDDA", Verdict.FAIL),
    (f'!{CERT}.Verify() || {CERT}.Thumbprint != "{PIN}"', "EDDDDDDA", Verdict.PASS),
    (f"{CERT}?.Verify() == false", "ADAADDDA", Verdict.FAIL),
    (f'{CERT}?.Verify() != true || {CERT}?.Thumbprint != "{PIN}"', "DDDDDDDA", Verdict.PASS),
    (f"{CERT} == null || !{CERT}.Verify()", "DDAADDDA", Verdict.FAIL),
    (f'{CERT} == null || !{CERT}.Verify() || {CERT}.IssuerName.Name != "CN=I"', "DDDADDDA", Verdict.WEAK),
    (
        f'{{{{flag}}}} && ({CERT} == null || !{CERT}.Verify() || {CERT}.Issuer != "CN=I")',
        "UUUAUUUA",
        Verdict.MANUAL,
    ),
    (
        f'context.Request.Headers.GetValueOrDefault("X-Key","") != "{{{{k}}}}" && ({FULL})',
        "KKKKKKKA",
        Verdict.MANUAL,
    ),
    (f'context.Request.Headers.GetValueOrDefault("X-Kind","") == "a" && ({FULL})', "CCCCCCCA", Verdict.FAIL),
    (f"false && ({FULL})", "AAAAAAAA", Verdict.NONE),
]


@pytest.mark.parametrize(("condition", "table", "verdict"), TABLES, ids=[each[0][:60] for each in TABLES])
def test_truth_table(condition: str, table: str, verdict: Verdict) -> None:
    found = check(condition)
    assert (row(found), found.verdict) == (table, verdict)


@pytest.mark.parametrize(
    ("attributes", "identities", "table", "verdict"),
    [
        ("", "", "DDAADDDA", Verdict.FAIL),
        ("", THUMB, "DDDDDDDA", Verdict.PASS),
        ('validate-revocation="false"', THUMB, "DDDDADDA", Verdict.WEAK),
        ('validate-trust="0" validate-revocation="0"', THUMB, "DDDDADDA", Verdict.WEAK),
        ('validate-not-before="false"', THUMB, "DDDDDDAA", Verdict.WEAK),
        ("", '<identity common-name="a" />', "DDADDDDA", Verdict.WEAK),
        ("", '<identity issuer-subject="CN=I" />', "DDDADDDA", Verdict.WEAK),
        ("", f'{THUMB}<identity common-name="a" />', "DDADDDDA", Verdict.WEAK),
        ("", '<identity common-name="a" issuer-thumbprint="B" />', "DDDDDDDA", Verdict.PASS),
        ('validate-trust="false"', '<identity subject="a" issuer-subject="b" />', "DADDDDDA", Verdict.FAIL),
        ('validate-trust="false"', '<identity issuer-thumbprint="B" />', "DUDADDDA", Verdict.MANUAL),
        ('ignore-error="true"', THUMB, "AAAAAAAA", Verdict.NONE),
        ('ignore-error="{{x}}"', THUMB, "UUUUUUUA", Verdict.MANUAL),
        ("", "<identity />", "DDUUDDDU", Verdict.MANUAL),
    ],
)
def test_validate_client_certificate(attributes: str, identities: str, table: str, verdict: Verdict) -> None:
    found = vcc(attributes, identities)
    assert (row(found), found.verdict) == (table, verdict)


# -- ways to write it ----------------------------------------------------------------------------------

BASE = f"{CERT} == null || !{CERT}.Verify() || "
LOWER = PIN.lower()
SPELLINGS = [
    (BASE + f'{CERT}.Thumbprint.ToLower() != "{{{{pin}}}}".ToLower()', Verdict.PASS),
    (BASE + f'!{CERT}.Thumbprint.Equals("{LOWER}", StringComparison.OrdinalIgnoreCase)', Verdict.PASS),
    (BASE + f'string.Compare({CERT}.Thumbprint, "{LOWER}", true) != 0', Verdict.PASS),
    (
        BASE
        + f'!new List<string> {{ "{LOWER}" }}.Contains({CERT}.Thumbprint, StringComparer.OrdinalIgnoreCase)',
        Verdict.PASS,
    ),
    (BASE + f'Array.IndexOf(new[] {{ "{PIN}" }}, {CERT}.Thumbprint) < 0', Verdict.PASS),
    (BASE + f'!new[] {{ "{PIN}" }}.Any({CERT}.Thumbprint.Equals)', Verdict.MANUAL),
    (BASE + f'{CERT}.Subject == "" || {CERT}.Thumbprint != "{PIN}"', Verdict.PASS),
    (BASE + f'!Regex.IsMatch({CERT}.Subject, "^CN=a$") || {CERT}.Issuer != "CN=i"', Verdict.PASS),
    (BASE + f'{CERT}.Subject.Split(\',\').First().Trim() != "CN=a" || {CERT}.Issuer != "CN=i"', Verdict.PASS),
    (BASE + f"{CERT}.Issuer == {CERT}.Subject", Verdict.FAIL),
    (BASE + f'{CERT}.Thumbprint.Substring(0, 8) != "{PIN[:8]}"', Verdict.MANUAL),
    (BASE + f'!{CERT}.Thumbprint.StartsWith("{PIN[:6]}")', Verdict.MANUAL),
    (BASE + f'!{CERT}.Subject.Contains("")', Verdict.FAIL),
    (f'{CERT} is null || !{CERT}.Verify() || {CERT}.Thumbprint != "{PIN}"', Verdict.PASS),
    (f'!({CERT}?.Verify() ?? false) || {CERT}.Thumbprint != "{PIN}"', Verdict.PASS),
    (f"!({CERT}?.Verify() ?? true)", Verdict.FAIL),
    (
        f'{CERT} == null || {CERT}.NotAfter.CompareTo(DateTime.Now) < 0 || {CERT}.Thumbprint != "{PIN}"',
        Verdict.WEAK,
    ),
]


@pytest.mark.parametrize(("condition", "verdict"), SPELLINGS, ids=[each[0][-60:] for each in SPELLINGS])
def test_spelling(condition: str, verdict: Verdict) -> None:
    assert check(condition).verdict is verdict


def test_forwarded_certificate_in_check_header() -> None:
    found = certificate(inbound(f'<check-header name="X-ARR-ClientCert"><value>{PIN}</value></check-header>'))
    assert (found.verdict, found.causes) == (Verdict.MANUAL, (Cause.HEADER,))


def test_what_follows_an_ignored_error_is_not_documented() -> None:
    text = f'<validate-client-certificate ignore-error="true"><identities>{THUMB}</identities>'
    found = certificate(inbound(text + "</validate-client-certificate>" + when("context.LastError != null")))
    assert (found.verdict, found.causes) == (Verdict.MANUAL, (Cause.UNDOCUMENTED,))


# -- conditions that know of each other ----------------------------------------------------------------


def test_two_conditions_on_one_header_agree() -> None:
    kind = 'context.Request.Headers.GetValueOrDefault("X-Kind", "")'
    body = when(f'{kind} == "a"', when(FULL)) + when(f'!({kind} == "a")')
    assert certificate(inbound(body)).verdict is Verdict.PASS
    apart = when(f'{kind} == "a"', when(FULL)) + when('context.Request.Method == "PUT"')
    assert certificate(inbound(apart)).verdict is Verdict.FAIL


def test_one_header_has_one_value() -> None:
    kind = 'context.Request.Headers.GetValueOrDefault("X-Kind", "")'
    body = when(f'{kind} == "a"', when(f'{kind} == "b"', "", otherwise=when(FULL)), otherwise=DENY)
    assert certificate(inbound(body)).verdict is Verdict.PASS


def test_a_switch_that_cancels_out_is_not_undecided() -> None:
    body = when("{{flag}}", when(FULL), otherwise=when(FULL))
    assert certificate(inbound(body)).verdict is Verdict.PASS


def test_an_unknown_that_changes_nothing_is_not_undecided() -> None:
    """Whichever way the switch stands, nobody is asked for a certificate."""
    body = when("{{flag}}", when(f"{CERT} == null"), otherwise=when(f"{CERT} == null"))
    found = certificate(inbound(body))
    assert (found.verdict, found.operands) == (Verdict.FAIL, ())


def test_several_expected_values_exclude_each_other() -> None:
    both = f'{CERT}.Thumbprint == "{PIN}" && {CERT}.Thumbprint == "{PIN[::-1]}"'
    assert check(f"{CERT} == null || !{CERT}.Verify() || !({both})").verdict is Verdict.FAIL


def test_strangers_need_not_copy_names() -> None:
    """Who names another issuer skips the check."""
    assert check(f'{CERT} == null || {CERT}.Issuer == "CN=I" && ({FULL})').verdict is Verdict.FAIL


def test_pairs_of_issuer_and_subject() -> None:
    pairs = " || ".join(f'({CERT}.Issuer == "CN={a}" && {CERT}.Subject == "CN={b}")' for a, b in ("ab", "cd"))
    found = check(f"{CERT} == null || !{CERT}.Verify() || !({pairs})")
    assert (found.verdict, row(found)) == (Verdict.PASS, "DDDDDDDA")


# -- what is not known ---------------------------------------------------------------------------------


def test_named_value_that_is_known_decides() -> None:
    condition = f"{{{{enabled}}}} && ({FULL})"
    assert check(condition, named_values={"enabled": "true"}).verdict is Verdict.PASS
    assert check(condition, named_values={"enabled": "false"}).verdict is Verdict.NONE
    found = check(condition, named_values={"enabled": Secret()})
    assert (found.verdict, found.operands) == (Verdict.MANUAL, ("{{enabled}}",))
    assert found.causes == (Cause.CONFIGURATION,)


def test_undecided_callers_and_what_decides_are_named() -> None:
    found = check(f'context.Deployment.Region == "West Europe" && ({FULL})')
    assert found.undecided == tuple(state.caller for state in STATES[:-1])
    assert found.operands == ('context.Deployment.Region == "West Europe"',)


def test_variable_nobody_writes_is_a_constant() -> None:
    found = certificate(inbound(when('context.Variables.GetValueOrDefault<bool>("mtls")', when(FULL))))
    assert found.verdict is Verdict.NONE
    assert (Remark.DEAD_VARIABLE, "variable 'mtls' is read and nothing writes it") in found.remarks


def test_variable_that_unread_documents_may_write_is_open() -> None:
    body = '<include-fragment fragment-id="gone" />'
    text = inbound(body + when('context.Variables.GetValueOrDefault<bool>("mtls")', when(FULL)))
    assert certificate(text).verdict is Verdict.MANUAL


def test_code_that_does_not_parse_is_open_for_what_depends_on_it() -> None:
    broken = f'<choose><when condition="@({CERT} ==== null)">{DENY}</when></choose>'
    found = certificate(inbound(broken))
    assert (found.verdict, found.causes) == (Verdict.MANUAL, (Cause.OPAQUE,))
    assert certificate(inbound(when(FULL) + broken)).verdict is Verdict.PASS


def test_text_read_as_truth_is_not_documented() -> None:
    text = inbound(
        '<set-variable name="on" value="true" />'
        + when('context.Variables.GetValueOrDefault<bool>("on")', "", otherwise=DENY)
        + when(FULL)
    )
    found = certificate(text)
    assert (found.verdict, found.causes) == (Verdict.MANUAL, (Cause.UNDOCUMENTED,))


def test_too_many_paths_are_not_decided() -> None:
    header = 'context.Request.Headers.GetValueOrDefault("X-{}", "") == "1"'
    body = "".join(when(header.format(n), f'<set-variable name="v{n}" value="@({n})" />') for n in range(12))
    condition = " + ".join(f'context.Variables.GetValueOrDefault<int>("v{n}")' for n in range(12))
    found = certificate(inbound(body + when(f"({condition}) == 66", when(FULL))))
    assert (found.verdict, found.causes) == (Verdict.MANUAL, (Cause.TOO_MUCH,))


def test_check_in_backend_is_told() -> None:
    found = certificate(f"<policies><inbound/><backend>{when(FULL)}<forward-request/></backend></policies>")
    assert (found.verdict, found.causes) == (Verdict.MANUAL, (Cause.UNDOCUMENTED,))
    late = certificate(f"<policies><inbound/><backend><forward-request/>{when(FULL)}</backend></policies>")
    assert late.verdict is Verdict.NONE


# -- operations ----------------------------------------------------------------------------------------


def test_conditions_on_the_operation_are_decided() -> None:
    text = inbound(when('context.Operation.Id == "ping"', "", otherwise=when(FULL)))
    verdicts = {
        name: certificate(text, bindings=bindings_of(Api("a"), Operation(name, method="GET"))).verdict
        for name in ("ping", "get")
    }
    assert verdicts == {"ping": Verdict.NONE, "get": Verdict.PASS}
    assert certificate(text).verdict is Verdict.MANUAL


def test_method_is_that_of_the_operation() -> None:
    text = inbound(when('context.Request.Method == "OPTIONS"', "", otherwise=when(FULL)))
    assert certificate(text).verdict is Verdict.FAIL
    bound = bindings_of(Api("a"), Operation("get", method="GET"))
    assert certificate(text, bindings=bound).verdict is Verdict.PASS


def test_product_and_subscription_are_those_of_the_context() -> None:
    text = inbound(when("context.Product != null", "", otherwise=when(FULL)))
    none = bindings_of(Api("a"), None, Context(key=False))
    assert certificate(text, bindings=none).verdict is Verdict.PASS
    assert certificate(text, bindings=known_bindings(Product="", Product_Id="gold")).verdict is Verdict.NONE
    nameless = inbound(when('context.Product.Id == "gold"', "", otherwise=when(FULL)))
    # Without a product this throws, and nobody is served.
    assert certificate(nameless, bindings=none).verdict is Verdict.FAIL


# -- what is said --------------------------------------------------------------------------------------


def test_deciding_statements_are_named_with_their_place() -> None:
    found = certificate("<policies>\n<inbound>\n" + when(FULL) + "\n</inbound>\n</policies>")
    (decider,) = found.deciders
    assert set(decider.callers) == set(Caller) - {Caller.VALID}
    assert decider.text.startswith("@(context.Request.Certificate == null")
    assert decider.statement.origin.line == 3


def test_details_are_plain_json() -> None:
    found = check(FULL).details()
    assert json.loads(json.dumps(found)) == found
    assert found["kind"] == "caller-states"
    assert found["verdict"] == "PASS"
    assert found["states"] == {**dict.fromkeys(map(str, Caller), "deny"), "valid": "allow"}
    assert found["decided_by"][0]["statement"] == "return-response"


def test_token_instead_of_a_certificate_is_told() -> None:
    header = 'context.Request.Headers.GetValueOrDefault("Authorization", "") != ""'
    found = certificate(inbound(when(header, JWT, otherwise=when(FULL))))
    assert (found.verdict, found.instead) == (Verdict.PASS, ("entra",))
    unsigned = JWT.replace("<validate-jwt", '<validate-jwt require-signed-tokens="false"')
    assert certificate(inbound(when(header, unsigned, otherwise=when(FULL)))).verdict is Verdict.FAIL


def test_placeholders_and_dead_comparisons_are_told() -> None:
    found = check(f'{CERT} == null || !{CERT}.Verify() || {CERT}.Thumbprint != "desired-thumbprint"')
    assert found.verdict is Verdict.PASS
    assert [kind for kind, _ in found.remarks] == [Remark.PLACEHOLDER]
    dead = check(f'{CERT} == null || !{CERT}.Verify() || {CERT}.Thumbprint != "{PIN.lower()}"')
    assert [kind for kind, _ in dead.remarks] == [Remark.NEVER_EQUAL]


def test_header_beside_a_sound_check_does_not_matter() -> None:
    text = inbound(
        when(FULL) + when('context.Request.Headers.GetValueOrDefault("X-ARR-ClientCert","") == ""')
    )
    assert certificate(text).verdict is Verdict.PASS


def test_certificate_from_a_vault_is_no_header() -> None:
    body = (
        '<send-request response-variable-name="secret"><set-url>https://v.example/</set-url></send-request>'
        '<set-variable name="own" value="@(new X509Certificate2(Convert.FromBase64String('
        '((IResponse)context.Variables["secret"]).Body.As<string>())))" />'
    )
    found = certificate(
        inbound(body + when('((X509Certificate2)context.Variables["own"]).NotAfter < DateTime.Now'))
    )
    assert found.verdict is not Verdict.MANUAL or Cause.HEADER not in found.causes


def test_nothing_about_certificates_is_none_untested() -> None:
    found = certificate(inbound('<set-header name="a" exists-action="delete" />'))
    assert (found.verdict, found.tested) == (Verdict.NONE, False)
    assert len(effective(inbound("")).readings) == 1


def test_operations_that_differ_in_what_does_not_decide_keep_their_own_looks() -> None:
    """What is shared between operations is who gets in, not whether a policy looks at a certificate."""
    one, two = Operation("op-one", "one"), Operation("op-two", "two")
    looks = '<set-header name="X-Cert"><value>@(context.Request.Certificate.Subject)</value></set-header>'
    documents = {
        Place(Scope.GLOBAL): read(
            sections(inbound=JWT, backend="<forward-request/>", outbound="", on_error="")
        ),
        Place(Scope.OPERATION, "op-one"): read(sections()),
        Place(Scope.OPERATION, "op-two"): read(sections(inbound=f"<base/>{looks}")),
    }
    api = Api("api", "api", subscription_required=False, operations=(one, two))
    prover = Prover(Composer(Policies(documents)))
    tested = [prover.certificate(way).tested for each in (one, two) for way in prover.arriving(api, each)]
    served = [prover.entrances(way).weakest for each in (one, two) for way in prover.arriving(api, each)]
    assert tested == [False, True]
    assert len(served) == 2
    assert len(set(served)) == 1
