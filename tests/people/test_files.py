"""Files that people write: what is wrong is one sentence with its place, and exit code 2."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from auditor.drafts import waiver_draft
from auditor.errors import FileError
from auditor.model.results import Results
from auditor.register import State
from auditor.selectors import Place, matches
from auditor.userfiles import MOST_BYTES, read_user_file, schema_of
from auditor.waivers import read_waivers
from auditor.yamlfiles import read_yaml
from reports import registers
from tests.auditing import item, observed
from tests.conftest import ROOT
from tests.test_cli import run as run

EXAMPLE = str(ROOT / "examples" / "contoso-apim.json")
GOOD = """\
waivers:
  - check: apim.ns-2.gateway-not-public
    service: contoso-apim
    kind: risk-accepted
    reason: It is behind Front Door.
    owner: platform
    expires: 2027-03-31
"""
WRONG: list[tuple[str, str, str]] = [
    ("unknown key", GOOD.replace("owner", "ownr"), "w.yaml:2:5: it lacks 'owner'"),
    ("unknown key's place", GOOD + "    ownr: x\n", "w.yaml:8:5: unknown key 'ownr'; did you mean owner?"),
    (
        "unknown key at the top",
        "waiver: []\n" + GOOD,
        "w.yaml:1:1: unknown key 'waiver'; did you mean waivers?",
    ),
    (
        "missing keys",
        "waivers:\n  - check: a.b-1.c\n    service: x\n",
        "'kind', 'reason', 'owner' and 'expires'",
    ),
    (
        "no selector",
        GOOD.replace("    service: contoso-apim\n", ""),
        "'check' and 'service', or 'fingerprint'",
    ),
    (
        "a whole control",
        GOOD.replace("apim.ns-2.gateway-not-public", "NS-2"),
        "w.yaml:2:5: 'check' has to be",
    ),
    ("kind", GOOD.replace("risk-accepted", "whatever"), "w.yaml:4:5: 'kind' has to be one of risk-accepted"),
    ("no such day", GOOD.replace("03-31", "02-30"), "w.yaml:7:5: 'expires' is not a day of the calendar"),
    ("not a date", GOOD.replace("2027-03-31", "31.3.2027"), "'expires' has to be a date like 2027-03-31"),
    ("a moment", GOOD.replace("2027-03-31", "2027-03-31T00:00:00Z"), "'expires' has to be a date"),
    ("empty reason", GOOD.replace("It is behind Front Door.", '""'), "w.yaml:5:5: 'reason' is empty"),
    ("blank reason", GOOD.replace("It is behind Front Door.", '"  "'), "w.yaml:5:5: 'reason' is empty"),
    ("no reason", GOOD.replace("It is behind Front Door.", ""), "w.yaml:5:5: 'reason' is empty"),
    ("a number", GOOD.replace("owner: platform", "owner: 12"), "w.yaml:6:5: 'owner' has to be text"),
    ("a list", GOOD.replace("owner: platform", "owner: [a]"), "'owner' has to be text"),
    ("fingerprint", GOOD + "    fingerprint: xyz\n", "'fingerprint' has to be a fingerprint"),
    ("evidence", GOOD + "    evidence: sha256\n", "'evidence' has to be the evidence_digest"),
    (
        "http link",
        GOOD + "    links: ['http://x.example']\n",
        "'links' takes addresses that begin with https://",
    ),
    ("script link", GOOD + "    links: ['javascript:alert(1)']\n", "'links' takes addresses"),
    ("twice", GOOD + "    owner: other\n", "w.yaml:8:5: the key 'owner' is given twice"),
    ("alias", GOOD.replace("platform", "&a platform"), "anchors and aliases"),
    ("bomb", "a: &a [x, x]\nb: &b [*a, *a]\nwaivers: [*b]\n", "w.yaml:1:4: anchors and aliases"),
    ("tag", GOOD.replace("platform", "!!python/object/apply:os.system [ls]"), "tags (!) are not taken"),
    ("two documents", GOOD + "---\n" + GOOD, "w.yaml:8:1: it holds more than one document"),
    ("merge key", GOOD + "    <<: {owner: x}\n", "unknown key '<<'"),
    ("a tab", GOOD.replace("    owner", "\towner"), "not valid YAML"),
    ("deep", "waivers: " + "[" * 5000 + "]" * 5000, "nested too deeply"),
    ("not a table", "- 1\n", "w.yaml:1:1: the file has to be a table of keys and values"),
    ("empty", "", "the file has to be a table of keys and values"),
    ("control characters", GOOD + "\x00", "not valid YAML"),
    ("key of a list", "? [a]\n: b\n", "a key has to be a word"),
]


@pytest.mark.parametrize(("text", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_malformed_is_one_sentence_and_exit_2(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("w.yaml").write_text(text, encoding="utf-8")
    ran = run("scan", EXAMPLE, "--waivers", "w.yaml")
    assert ran.code == 2
    assert ran.out == ""
    assert message in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert "Traceback" not in ran.err


TOML = 'check = "apim.br-1.native-backup"\nservice = "x"\nverdict = "pass"\nstatement = "s"\nby = "b"\n'
WRONG_TOML: list[tuple[str, str]] = [
    (f"[[attestations]]\n{TOML}date = 2026-01-01\nexpires = 2025-01-01\n", "'expires' is before 'date'"),
    (
        f"[[attestations]]\n{TOML}date = 2026-01-01T10:00:00Z\nexpires = 2027-01-01\n",
        "'date' has to be a date",
    ),
    (f"[[attestations]]\n{TOML}date = 2026-01-01\n", "attestations[1]: it lacks 'expires'"),
    (f"[[attestations]]\n{TOML}{TOML}", "not valid TOML"),
    ("attestations = [\n", "not valid TOML"),
    ("attestations = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
]


@pytest.mark.parametrize(("text", "message"), WRONG_TOML)
def test_toml_too(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text(text, encoding="utf-8")
    ran = run("scan", EXAMPLE, "--attestations", "a.toml")
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_what_is_no_such_file_is_said(run: Any, tmp_path: Path) -> None:
    big, wide, named = tmp_path / "big.yaml", tmp_path / "wide.yaml", tmp_path / "w.txt"
    big.write_bytes(b"#" * (MOST_BYTES + 1))
    wide.write_bytes("waivers: []\n# é".encode("latin-1"))
    named.write_text("waivers: []")
    for path, message in [
        (tmp_path / "none.yaml", "cannot be read"),
        (tmp_path, "has to end in"),
        (big, "larger than 2 MB"),
        (wide, "wide.yaml:2: it is not UTF-8"),
        (named, "has to end in .yaml"),
    ]:
        ran = run("scan", EXAMPLE, "--waivers", str(path))
        assert ran.code == 2, path
        assert message in ran.err


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_value_or_a_mistake(text: str) -> None:
    try:
        value, places = read_yaml("x.yaml", text)
    except FileError:
        return
    json.dumps(value)
    assert () in places or value is None


NAMES = st.text(st.characters(max_codepoint=0xD7FF), max_size=12)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec=None), max_size=20))
def test_a_drafted_name_is_the_name(name: str) -> None:
    finding: Any = {
        "check": "apim.ns-2.gateway-not-public",
        "status": "fail",
        "severity": "high",
        "message": name,
        "subjects": [{"id": "/s", "name": name, "item": name, "fingerprint": ""}],
    }
    text = "waivers:\n" + waiver_draft(Place("/s", name), finding)
    value, _ = read_yaml("x.yaml", text.encode("utf-8", "backslashreplace").decode())
    [entry] = value["waivers"]
    assert matches(entry["service"], name)
    assert matches(entry["item"], name)
    assert "*" in entry["service"] or entry["service"] == name


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**15), 10**15) | NAMES,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
        max_leaves=12,
    )
)
def test_json_is_read_as_json(value: Any) -> None:
    found, _ = read_yaml("x.yaml", json.dumps(value))
    assert found == value


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["check", "kind", "links", "waivers", "x"]), inner, max_size=4)
        ),
        max_leaves=10,
    )
)
def test_any_value_is_taken_or_refused(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(json.dumps({"waivers": value}), encoding="utf-8")
    try:
        _, found = read_waivers(path)
    except FileError as raised:
        error = raised
    else:
        assert found == [] == value
        return
    assert "\n" not in str(error)
    assert all(mistake.line for mistake in error.mistakes)


def test_a_mistake_quotes_no_value(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    for text in (GOOD.replace("risk-accepted", "hunter2"), GOOD.replace("2027-03-31", "hunter2")):
        path.write_text(text)
        with pytest.raises(FileError) as raised:
            read_waivers(path)
        assert "hunter2" not in str(raised.value)


def test_a_key_in_a_reason_reaches_no_report(run: Any, tmp_path: Path) -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    path, stored = tmp_path / "w.yaml", tmp_path / "r.json"
    path.write_text(GOOD.replace("It is behind Front Door.", f"See {token}"))
    ran = run("scan", EXAMPLE, "--waivers", str(path), "--report", f"json={stored}", "--report", "md=-")
    assert token not in stored.read_text() + ran.out + ran.err
    assert "redacted github token" in stored.read_text()


@pytest.mark.parametrize("name", ["waivers", "attestations", "config"])
def test_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(schema_of(name))


def test_states_are_the_same_everywhere() -> None:
    schema = json.loads((files("reports") / "results.schema.json").read_text("utf-8"))
    names = [state.value for state in State]
    assert schema["$defs"]["entry"]["properties"]["state"]["enum"] == names
    assert list(registers.STATE_WORDS) == names


# -- commands ------------------------------------------------------------------------------------------


def scan(run: Any, folder: Path, *more: str) -> tuple[Any, Results]:
    stored = folder / "r.json"
    ran = run("scan", EXAMPLE, "-q", "--as-of", "2026-11-21", "--report", f"json={stored}", *more)
    return ran, json.loads(stored.read_text("utf-8"))


def test_scan_says_aloud_what_is_not_simply_in_force(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    other = GOOD.removeprefix("waivers:\n")
    path.write_text(
        GOOD + other.replace("2027-03-31", "2026-11-20") + other.replace("contoso-apim", "fabrikam")
    )
    ran, results = scan(run, tmp_path, "--waivers", str(path))
    lines = [line for line in ran.err.splitlines() if line.startswith("auditor: waiver")]
    assert len(lines) == 2
    assert (
        "w.yaml:8 (apim.ns-2.gateway-not-public, contoso-apim): expired: it ended on 2026-11-20" in lines[0]
    )
    assert "unmatched" in lines[1]
    [file] = results["run"]["waivers"]["files"]
    assert file["path"] == str(path)
    assert len(file["sha256"]) == 64


def test_check_command(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(GOOD)
    day = ("--as-of", "2026-11-21")
    assert run("waivers", "check", str(path), *day).code == 0
    soon = run("waivers", "check", str(path), "--as-of", "2027-03-31")
    assert soon.code == 0
    assert "today is its last day" in soon.out
    late = run("waivers", "check", str(path), "--as-of", "2027-04-01")
    assert late.code == 1
    assert "expired" in late.out
    path.write_text(GOOD.replace("gateway-not-public", "gateway-not-publik"))
    assert "no check of that id" in run("waivers", "check", str(path), *day).out
    path.write_text(GOOD.replace("owner", "ownr"))
    broken = run("waivers", "check", str(path), *day)
    assert broken.code == 2
    assert len(broken.err.strip().splitlines()) == 2


def test_check_against_a_result_that_was_scanned_with_the_same_file(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(GOOD + GOOD.removeprefix("waivers:\n").replace("contoso-apim", "fabrikam"))
    scan(run, tmp_path, "--waivers", str(path))
    ran = run("waivers", "check", str(path), "--results", str(tmp_path / "r.json"), "--as-of", "2026-11-21")
    assert ran.code == 1
    assert "fabrikam" in ran.out
    assert "contoso-apim" not in ran.out


def test_a_draft_is_refused_until_it_is_filled_in_and_then_holds(run: Any, tmp_path: Path) -> None:
    _, before = scan(run, tmp_path)
    path = tmp_path / "draft.yaml"
    ran = run("waivers", "draft", str(tmp_path / "r.json"), "--service", "*")
    assert ran.code == 0
    path.write_text(ran.out)
    assert run("waivers", "check", str(path)).code == 2
    filled = (
        ran.out.replace("kind:  ", "kind: risk-accepted  ")
        .replace("reason:\n", "reason: r\n")
        .replace("owner:\n", "owner: o\n")
        .replace("expires:  ", "expires: 2027-01-31  ")
    )
    path.write_text(filled)
    ran, after = scan(run, tmp_path, "--waivers", str(path))
    entries = after["run"]["waivers"]["entries"]
    assert {entry["state"] for entry in entries} == {"holds"}
    assert after["summary"]["counts"]["fail"] == 0
    assert after["summary"]["counts"]["manual"] == 0
    # Where a failure stood before something unknown, the unknown shows now.
    assert after["summary"]["counts"]["unknown"] >= before["summary"]["counts"]["unknown"]


def test_a_draft_for_a_hostile_name_is_one_entry(run: Any, tmp_path: Path) -> None:
    _, results = scan(run, tmp_path)
    name = 'x"\n  - check: apim.ns-2.gateway-not-public\n# \u2028 {{'
    results["services"][0]["name"] = name
    for control in results["services"][0]["controls"]:
        for feature in control["features"]:
            for finding in feature["findings"]:
                finding["message"] = f"a {name} b"
    stored = tmp_path / "hostile.json"
    stored.write_text(json.dumps(results))
    ran = run("waivers", "draft", str(stored), "--check", "apim.ns-1.virtual-network")
    value, _ = read_yaml("d.yaml", ran.out)
    assert [entry["service"] for entry in value["waivers"]] == [name]


def test_attestations_are_drafted_and_checked(run: Any, tmp_path: Path) -> None:
    scan(run, tmp_path)
    stored = str(tmp_path / "r.json")
    ran = run("attestations", "draft", stored, "--check", "apim.br-1.restore-tested")
    path = tmp_path / "a.yaml"
    filled = (
        ran.out.replace("verdict:  ", "verdict: pass  ")
        .replace("statement:\n", "statement: Restored.\n")
        .replace("by:\n", "by: team\n")
        .replace("date:  ", "date: 2026-11-01  ")
        .replace("expires:  ", "expires: 2027-01-31  ")
    )
    path.write_text(filled)
    day = ("--as-of", "2026-11-21")
    assert run("attestations", "check", str(path), "--results", stored, *day).code == 0
    _, results = scan(run, tmp_path, "--attestations", str(path))
    assert results["run"]["attestations"]["entries"][0]["state"] == "holds"
    # The result says pass by now; the check looks at what the question was.
    assert run("attestations", "check", str(path), "--results", stored, *day).code == 0


def test_a_draft_of_nothing_is_an_error(run: Any, tmp_path: Path) -> None:
    scan(run, tmp_path)
    stored = str(tmp_path / "r.json")
    assert run("waivers", "draft", stored).code == 2
    assert run("waivers", "draft", stored, "--check", "apim.no-1.such").code == 2
    assert run("attestations", "draft", stored, "--check", "apim.ns-1.virtual-network").code == 2


# -- configuration -------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_configuration_is_found_said_and_stored(run: Any, here: Path) -> None:
    (here / "auditor.toml").write_text('fail-on = "none"\nwaivers = ["w.yaml"]\nreport = ["md=r.md"]\n')
    (here / "w.yaml").write_text(GOOD)
    ran = run("scan", EXAMPLE, "-q", "--as-of", "2026-11-21")
    assert ran.code == 0
    assert "configuration: auditor.toml" in ran.err
    assert (here / "r.md").is_file()
    ran, results = scan(run, here)
    assert ran.code == 0
    told = results["run"]["configuration"]
    assert told["path"] == "auditor.toml"
    assert told["settings"]["fail-on"] == "none"
    assert told["settings"]["waivers"] == ["w.yaml"]
    assert told["settings"]["report"] == [f"json={here / 'r.json'}"]
    assert results["summary"]["counts"]["waived"] == 1


def test_the_command_line_wins(run: Any, here: Path) -> None:
    (here / "auditor.yaml").write_text("fail-on: none\ncontrols: [NS-2]\nwaivers: [missing.yaml]\n")
    (here / "w.yaml").write_text(GOOD)
    ran, results = scan(run, here, "--fail-on", "high", "--controls", "NS-1", "--waivers", "w.yaml")
    assert ran.code == 1
    assert results["run"]["scope"]["controls"] == ["NS-1"]
    assert results["run"]["waivers"]["entries"][0]["state"] == "not-asked"


def test_without_a_file_the_manifest_says_the_defaults(run: Any, here: Path) -> None:
    ran, results = scan(run, here)
    told = results["run"]["configuration"]
    assert (told["path"], told["sha256"]) == (None, None)
    assert told["settings"]["certificate-expiry-days"] == 30
    assert "configuration:" not in ran.err


def test_files_of_a_configuration_lie_beside_it(run: Any, here: Path) -> None:
    folder = here / "ci"
    folder.mkdir()
    (folder / "c.yml").write_text("waivers: [w.yaml]\n")
    (folder / "w.yaml").write_text(GOOD)
    _, results = scan(run, here, "--config", "ci/c.yml")
    assert results["run"]["waivers"]["files"][0]["path"] == str(Path("ci/w.yaml"))


def test_severities(run: Any, here: Path) -> None:
    check = "apim.ns-2.gateway-not-public"
    (here / "auditor.toml").write_text(f'[severities]\n"{check}" = "low"\n')
    _, results = scan(run, here)
    found = [
        finding["severity"]
        for control in results["services"][0]["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        if finding["check"] == check
    ]
    assert found == ["low"]
    assert [c["severity"] for c in results["catalogue"]["checks"] if c["id"] == check] == ["low"]


def test_settings_reach_the_checks(run: Any, here: Path) -> None:
    document = {
        "value": [
            observed(
                hostnameConfigurations=[
                    {"type": "Proxy", "hostName": "api.contoso.example", "negotiateClientCertificate": False},
                    {
                        "type": "Proxy",
                        "hostName": "contoso.azure-api.net",
                        "negotiateClientCertificate": True,
                    },
                ]
            ),
            item("certificates", "c", expirationDate="2027-01-05T00:00:00Z", subject="CN=c", thumbprint="A"),
        ],
        "count": 2,
    }
    (here / "in.json").write_text(json.dumps(document))

    def status(check: str, name: str) -> str:
        run("scan", "in.json", "-q", "--as-of", "2026-11-21", "--report", "json=r.json", "--evidence", "all")
        results = json.loads((here / "r.json").read_text("utf-8"))
        [found] = [
            finding["status"]
            for control in results["services"][0]["controls"]
            for feature in control["features"]
            for finding in feature["findings"]
            if finding["check"] == check
            and any(name in (one.get("item"), one["name"]) for one in finding["subjects"])
        ]
        return str(found)

    requested, expiry = "apim.im-4.certificate-requested", "apim.dp-7.certificate-expiry"
    assert status(requested, "api.contoso.example") == "unknown"
    assert status(expiry, "c") == "pass"
    (here / "auditor.toml").write_text(
        'require-client-certificates = ["API.contoso.example"]\ncertificate-expiry-days = 60\n'
    )
    assert status(requested, "api.contoso.example") == "fail"
    assert status(expiry, "c") == "fail"


def test_a_host_name_that_no_service_has_is_said(run: Any, here: Path) -> None:
    (here / "auditor.toml").write_text(
        'require-client-certificates = ["partner.contoso.example", "API.contoso.example"]\n'
    )
    ran, _ = scan(run, here)
    said = [line for line in ran.err.splitlines() if "require-client-certificates" in line]
    assert len(said) == 1
    assert "'partner.contoso.example'" in said[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fail_on = 'low'", "unknown key 'fail_on'; did you mean fail-on?"),
        ("fail-on = 'severe'", "'fail-on' has to be one of low, medium, high, critical, none"),
        ("controls = ['XX-9']", "there is no control 'XX-9'"),
        ("controls = []", "'controls' is empty"),
        ("allow-unknown = ['inputs']", "neither all, input, nor a control or check"),
        ("report = ['pdf=x']", "is not FORMAT=PATH"),
        ("certificate-expiry-days = 0", "has to be from 1 to 3650"),
        ("certificate-expiry-days = '30'", "has to be a whole number"),
        ("[severities]\n'apim.x-1.y' = 'low'", "there is no check 'apim.x-1.y'"),
        ("[severities]\n'apim.ns-2.gateway-not-public' = 'info'", "has to be one of low"),
        ("[severities]\n'apim.im-4.key-vault-ip-rules' = 'low'", "is an observation"),
        ("waivers = 'w.yaml'", "'waivers' has to be a list"),
        ("waivers = ['none.yaml']", "none.yaml: cannot be read"),
        ("waivers = ['w.yaml', 'w.yaml']", "given twice"),
    ],
)
def test_a_wrong_configuration_is_refused(run: Any, here: Path, text: str, message: str) -> None:
    (here / "auditor.toml").write_text(text)
    (here / "w.yaml").write_text(GOOD)
    for arguments in (("scan", EXAMPLE), ("config", "check")):
        ran = run(*arguments)
        assert ran.code == 2, ran.out
        assert message in ran.err
        assert "Traceback" not in ran.err
    assert run("scan", EXAMPLE, "--no-config", "-q", "--fail-on", "none").code == 0


def test_two_configurations_are_one_too_many(run: Any, here: Path) -> None:
    for name in ("auditor.toml", "auditor.yaml"):
        (here / name).write_text("")
    assert run("scan", EXAMPLE, "-q").code == 2
    assert run("scan", EXAMPLE, "-q", "--config", "auditor.yaml", "--fail-on", "none").code == 0
    assert run("scan", EXAMPLE, "--config", "auditor.yaml", "--no-config").code == 2


def test_what_config_check_prints_is_a_configuration(run: Any, here: Path) -> None:
    (here / "auditor.yaml").write_text(
        'fail-on: high\nrequire-client-certificates: ["*"]\nseverities: {apim.ns-1.virtual-network: low}\n'
    )
    ran = run("config", "check")
    assert ran.code == 0
    printed = tomllib.loads(ran.out)
    assert printed["fail-on"] == "high"
    assert printed["severities"] == {"apim.ns-1.virtual-network": "low"}
    (here / "again.toml").write_text(ran.out.replace("controls = []\n", ""))
    again = run("config", "check", "again.toml")
    assert tomllib.loads(again.out) == printed
    assert read_user_file(here / "again.toml", "config").value["require-client-certificates"] == ["*"]
