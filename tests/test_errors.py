"""What goes wrong for a new user: one sentence that says what, where and what to do, and the exit code."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from auditor.nearest import did_you_mean
from tests.conftest import ROOT

EXAMPLE = str(ROOT / "examples" / "contoso-apim.json")
MAIN = ("scan", EXAMPLE, "--no-config", "-q")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"schema_version": 1,\n "services": [}', ":2:15: not valid JSON: expecting value"),
        (b"", ": the file is empty"),
        (b" \n\t", ": the file is empty"),
        (b"[" * 100_000, ": not valid JSON: nested too deeply"),
        (b"[" + b"1" * 10_000 + b"]", ": not valid JSON: a number has too many digits"),
        (b'{"a":\n "\xff"}', ":2:1: not UTF-8 text: byte 8 does not decode"),
        (b'"a" "b"', ":1:5: not valid JSON: extra data"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ("report", "FILE"),
        ("diff", "FILE", "FILE"),
        (*MAIN, "--against", "FILE"),
        ("waivers", "draft", "FILE", "--check", "apim.ns-2.gateway-not-public"),
        ("attestations", "draft", "FILE", "--service", "contoso"),
    ],
)
def test_broken_stored_results_are_said_with_their_place(
    run: Any, tmp_path: Path, command: tuple[str, ...], content: bytes, said: str
) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    ran = run(*(str(path) if word == "FILE" else word for word in command))
    assert (ran.code, ran.out) == (4, "")
    [line] = ran.err.splitlines()
    assert line.startswith(f"auditor: {path}{said}")


@pytest.mark.parametrize("word", ["waivers", "attestations"])
def test_drafting_says_first_whether_the_file_can_be_read(run: Any, tmp_path: Path, word: str) -> None:
    ran = run(word, "draft", str(tmp_path / "none.json"))
    assert (ran.code, ran.out) == (4, "")
    assert "none.json: cannot be read: No such file or directory" in ran.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, ": cannot be read: No such file or directory"),
        ("", ": the file is empty"),
        ('{"parameters": [}', ":1:17: not valid JSON: expecting value"),
        ('{"value": []}', ": not a deployment parameters file"),
    ],
)
@pytest.mark.parametrize("option", ["--parameters", "--waivers", "--attestations", "--config"])
def test_a_file_that_an_option_names_and_that_is_none_is_wrong_usage(
    run: Any, tmp_path: Path, option: str, content: str | None, said: str
) -> None:
    path = tmp_path / ("p.json" if option == "--parameters" else "p.toml")
    if content is not None:
        path.write_text(content)
    ran = run("scan", EXAMPLE, "-q", option, str(path))
    if option == "--config" and content == "":
        assert ran.code == 1  # a configuration may be empty
        return
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) <= 2
    assert str(path) in ran.err
    if option == "--parameters":
        assert ran.err == f"auditor: --parameters {path}{said}\n"
        shown = run("policy", "effective", EXAMPLE, "--api", "orders", option, str(path))
        assert (shown.code, shown.err) == (2, ran.err)


# -- names that nothing has ------------------------------------------------------------------------------

NEAR = [
    ("NS-22", "NS-2"),
    ("NS2", "NS-2"),
    ("ns_2", "NS-2"),
    ("apim.ns-2.gateway-not-publc", "apim.ns-2.gateway-not-public"),
    ("ns-2.gateway-not-publik", "apim.ns-2.gateway-not-public"),
    ("gateway-notpublic", "apim.ns-2.gateway-not-public"),
]


@pytest.mark.parametrize(("wrong", "meant"), NEAR)
def test_explain_names_what_may_be_meant(run: Any, wrong: str, meant: str) -> None:
    ran = run("explain", wrong)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"auditor: explain {wrong}: no such control or check; did you mean {meant}?\n"


@pytest.mark.parametrize(("wrong", "meant"), NEAR)
def test_allow_unknown_names_what_may_be_meant(run: Any, wrong: str, meant: str) -> None:
    ran = run(*MAIN, f"--allow-unknown={wrong}")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"auditor: --allow-unknown {wrong}: no such control or check; did you mean {meant}?\n"


def test_controls_names_what_may_be_meant(run: Any) -> None:
    ran = run(*MAIN, "--controls", "IM-8,ns2")
    assert (ran.code, ran.err) == (2, "auditor: --controls ns2: no such control; did you mean NS-2?\n")
    far = run(*MAIN, "--controls", "firewall")
    assert (far.code, far.err) == (
        2,
        "auditor: --controls firewall: no such control (see auditor controls)\n",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('controls = ["NS2"]', "there is no control 'NS2'; did you mean NS-2?"),
        (
            'allow-unknown = ["inputs"]',
            "'inputs' is neither all, input, nor a control or check; did you mean input?",
        ),
        (
            '[severities]\n"apim.ns-2.gateway-notpublic" = "low"',
            "there is no check 'apim.ns-2.gateway-notpublic'; did you mean apim.ns-2.gateway-not-public?",
        ),
    ],
)
def test_a_configuration_names_what_may_be_meant(run: Any, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "auditor.toml"
    path.write_text(text)
    for command in (("config", "check", str(path)), ("scan", EXAMPLE, "-q", "--config", str(path))):
        ran = run(*command)
        assert ran.code == 2
        assert said in ran.err


def test_a_waiver_names_what_may_be_meant(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(
        "waivers:\n  - check: apim.ns-2.gateway-not-publc\n    service: contoso\n    kind: risk-accepted\n"
        "    reason: in review\n    owner: platform\n    expires: 2027-03-31\n"
    )
    ran = run("waivers", "check", str(path), "--as-of", "2026-11-22")
    assert ran.code == 1
    assert "no check of that id; did you mean apim.ns-2.gateway-not-public?" in ran.out


def test_a_draft_of_no_check_names_what_may_be_meant(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    run(*MAIN, "--report", f"json={path}")
    ran = run("waivers", "draft", str(path), "--check", "apim.ns-2.gateway-not-publc")
    assert (ran.code, ran.out) == (2, "")
    assert "has no such check; did you mean apim.ns-2.gateway-not-public?" in ran.err


def test_names_that_are_alike_are_all_named_and_others_are_not() -> None:
    known = ["NS-1", "NS-2", "NS-6", "IM-1", "apim.ns-2.gateway-not-public"]
    assert did_you_mean("NS-9", known).count("NS-") == 3
    assert did_you_mean("gateway", known) == "; did you mean apim.ns-2.gateway-not-public?"
    assert did_you_mean("zz", known, " (none)") == " (none)"
    assert did_you_mean("", known) == ""
    assert did_you_mean("x" * 3_000_000, known) == ""


# -- wrong calls -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scna"], "no such command 'scna'; did you mean scan? (see auditor --help)"),
        (["waivers", "chekc"], "no such command 'chekc'; did you mean check? (see auditor waivers --help)"),
        (["--vresion"], "no such option: --vresion; did you mean --version? (see auditor --help)"),
        (["scan", "--repot", "x"],
         "no such option: --repot; did you mean --report? (see auditor scan --help)"),
        (["scan", "--zzz"], "no such option: --zzz (see auditor scan --help)"),
        (["report"], "missing argument 'RESULTS' (see auditor report --help)"),
        (["diff", "x"], "missing argument 'NEW' (see auditor diff --help)"),
        (["collect"], "missing option '--output' / '-o' (see auditor collect --help)"),
        (["controls", "x"], "got unexpected extra argument(s) (x) (see auditor controls --help)"),
        (["explain", " "], "explain: name a control (NS-2) or a check (apim.ns-2.gateway-not-public)"),
        ([*MAIN, "--allow-unknown="],
         "--allow-unknown=: nothing is named; without the equals sign it allows all"),
        ([*MAIN, "--allow-unknown", "input"],
         "--allow-unknown input: write it with an equals sign: --allow-unknown=input"),
        ([*MAIN, "--allow-unknown", "NS-2,IM-8"],
         "--allow-unknown NS-2,IM-8: write it with an equals sign: --allow-unknown=NS-2,IM-8"),
        (["collect", "--subscription", "0", "-o", "-"],
         "--output -: a snapshot grows while it is read: name a file"),
        (["collect", "--subscription", "0", "-o", "/no/such/x.gz"],
         "--output /no/such/x.gz: cannot be written: there is no folder /no/such"),
        (["scan", "--subscription", "0", "--save-snapshot", "/no/such/x.gz"],
         "--save-snapshot /no/such/x.gz: cannot be written: there is no folder /no/such"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_one_sentence(run: Any, arguments: list[str], said: str) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", f"auditor: {said}\n")


@pytest.mark.parametrize("option", ["--max-time", "--soon"])
def test_a_number_that_is_none_is_one_sentence(run: Any, option: str) -> None:
    command = ("scan", EXAMPLE) if option == "--max-time" else ("waivers", "check", "w.yaml")
    for value in ("abc", "-1"):
        ran = run(*command, option, value)
        assert (ran.code, ran.out) == (2, "")
        [line] = ran.err.splitlines()
        assert line.startswith(f"auditor: invalid value for '{option}': ")


def test_a_bare_allow_unknown_before_a_file_allows_all(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_text(Path(EXAMPLE).read_text())
    ran = run("scan", "--allow-unknown", str(path), "-q", "--no-config")
    assert ran.code == 1
    assert "undecided" in run(*MAIN).out
    assert "undecided" not in ran.out


@pytest.mark.parametrize("group", [(), ("waivers",), ("policy",), ("attestations",), ("config",)])
def test_without_a_command_the_help_says_what_there_is(run: Any, group: tuple[str, ...]) -> None:
    ran = run(*group)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"Usage: {' '.join(('auditor', *group))} [OPTIONS] COMMAND")
    assert "Commands:" in ran.err


def test_an_interrupted_run_says_so_and_has_no_exit_code_of_a_verdict(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("auditor.sources.read_paths", interrupted)
    ran = run(*MAIN)
    assert (ran.code, ran.out, ran.err) == (130, "", "auditor: interrupted\n")


# -- files that are something else -----------------------------------------------------------------------


def test_a_stored_result_is_no_input_and_says_what_reads_it(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    run(*MAIN, "--report", f"json={path}")
    ran = run("scan", str(path), "-q", "--no-config")
    assert ran.code == 4
    assert "a stored result: auditor report renders it" in ran.err


def test_what_cannot_be_read_is_said_once_by_policy_effective(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text('{"a":')
    ran = run("policy", "effective", str(path), "--api", "x")
    assert (ran.code, ran.err) == (4, f"auditor: {path}:1:6: not valid JSON: expecting value\n")


def test_a_result_is_read_from_standard_input(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.json"
    run(*MAIN, "--report", f"json={path}")
    rendered = run("report", str(path), "-f", "md").out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    piped = run("report", "-", "-f", "md")
    assert (piped.code, piped.out) == (0, rendered)
