"""Files that people write: what is wrong is one sentence with its place, and exit code 2."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from auditor.drafts import waiver_draft
from auditor.errors import FileError
from auditor.register import State
from auditor.selectors import Place, matches
from auditor.userfiles import MOST_BYTES, schema_of
from auditor.waivers import read_waivers
from auditor.yamlfiles import read_yaml
from reports import registers
from tests.conftest import ROOT

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
