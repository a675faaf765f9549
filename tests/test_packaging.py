"""What is shipped: one version, typed packages, pinned dependencies, lean imports, no traces of a machine."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import auditor
import controls
import reports
from tests.conftest import ROOT

PACKAGES = ("auditor", "controls", "reports")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
_TEXT = {".py", ".md", ".toml", ".txt", ".json", ".yaml", ".yml", ".css", ".js", ".j2", ".html", ".xml", ""}
_SKIPPED = {".git", ".venv", "dist", "build", "__pycache__", ".hypothesis", "node_modules"}
_MACHINE = re.compile(r"(?<![\w.<$}-])/(?:work|root|tmp|home|Users|opt)/[\w.]")
_REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|index-url|find-links|trusted-host|/simple\b", re.IGNORECASE
)


def folder_of(package: str) -> Path:
    """Where a package is imported from: the checkout, or what is installed."""
    file = importlib.import_module(package).__file__
    assert file is not None
    return Path(file).parent


def shipped() -> list[Path]:
    """Every text file of the project, in the checkout and in the packages wherever they lie."""
    found = []
    for folder in {ROOT, *(folder_of(package) for package in PACKAGES)}:
        for path in folder.rglob("*"):
            parts = path.relative_to(folder).parts
            hidden = any(part in _SKIPPED or part.endswith("_cache") for part in parts)
            if not hidden and path.is_file() and path.suffix in _TEXT:
                found.append(path)
    return sorted(found)


def run(code: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own, with the packages that this process has."""
    path = str(folder_of("auditor").parent)
    program = f"import sys; sys.path.insert(0, {path!r})\n{code}"
    return subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=cwd, check=False
    )


# -- metadata ------------------------------------------------------------------------------------------


def test_version_is_in_one_place() -> None:
    assert "version" in PROJECT["project"]["dynamic"]
    assert "version" not in PROJECT["project"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "auditor/__init__.py"
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", auditor.__version__)
    sources = [path for package in PACKAGES for path in folder_of(package).rglob("*.py")]
    quoted = [path for path in sources if f'"{auditor.__version__}"' in path.read_text("utf-8")]
    assert quoted == [folder_of("auditor") / "__init__.py"]


def test_changelog_has_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]" in text
    assert f"## [{auditor.__version__}]" in text


def test_distribution_is_named_alike_everywhere() -> None:
    name = PROJECT["project"]["name"]
    assert name == auditor.DISTRIBUTION == controls.DISTRIBUTION == reports.DISTRIBUTION


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_regular_and_typed(package: str) -> None:
    """A folder of the same name in the user's directory must not win: only a regular package does."""
    assert (folder_of(package) / "__init__.py").is_file()
    assert (folder_of(package) / "py.typed").is_file()


def test_wheel_holds_the_packages_and_nothing_else() -> None:
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)
    assert PROJECT["tool"]["check-wheel-contents"]["toplevel"] == list(PACKAGES)
    assert PROJECT["project"]["scripts"] == {"auditor": "auditor.cli:main"}


def test_source_distribution_holds_what_is_there() -> None:
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    documents = {f"/{path.name}" for path in ROOT.glob("*.md")} | {"/LICENSE", "/NOTICE"}
    folders = {"/auditor", "/controls", "/reports", "/tests", "/docs", "/examples", "/requirements"}
    assert set(included) >= documents | folders


def test_sources_lie_in_packages_that_are_shipped() -> None:
    """A folder without ``__init__.py`` would be left to chance."""
    for package in PACKAGES:
        for path in folder_of(package).rglob("*.py"):
            assert (path.parent / "__init__.py").is_file(), path


# -- dependencies --------------------------------------------------------------------------------------


def pins(path: Path) -> dict[str, list[str]]:
    """Name of each requirement, with the lines that follow it."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in path.read_text("utf-8").splitlines():
        if match := re.match(r"([a-z0-9][a-z0-9._-]*)==[\w.]+", line):
            name = match[1]
            found[name] = [line]
        elif line.startswith("    ") and name:
            found[name].append(line.strip())
        else:
            assert line.startswith("#") or not line.strip(), f"{path.name}: {line}"
    return found


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_requirements_are_pinned_by_hash(path: Path) -> None:
    found = pins(path)
    assert found
    for name, lines in found.items():
        assert any(re.match(r"--hash=sha256:[0-9a-f]{64}", line) for line in lines), name
    text = path.read_text("utf-8")
    assert not _REGISTRY.search(text)
    assert "://" not in text
    assert not re.search(r"(^|\s)/\w", text)


def test_every_dependency_is_pinned() -> None:
    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[<>=!~;\[ ]", requirement)[0].lower() for requirement in requirements}

    project = PROJECT["project"]
    runtime, development = (pins(ROOT / "requirements" / f"{name}.txt") for name in ("runtime", "dev"))
    assert names(project["dependencies"]) <= set(runtime)
    assert names(project["optional-dependencies"]["dev"]) <= set(development)
    apart = [n for n, (first, *_) in runtime.items() if development[n][0].split()[0] != first.split()[0]]
    assert apart == []
    assert names(PROJECT["build-system"]["requires"]) <= set(development)


# -- no traces -----------------------------------------------------------------------------------------


def test_nothing_names_a_machine() -> None:
    wrong = []
    for path in shipped():
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
            if _MACHINE.search(line) and path != Path(__file__):
                wrong.append(f"{path}:{number}: {line.strip()[:80]}")
    assert wrong == []


def test_nothing_names_a_package_registry() -> None:
    checked = [
        p for p in shipped() if p.suffix in {".txt", ".toml", ".yaml", ".yml", ""} and p.is_relative_to(ROOT)
    ]
    assert [
        str(path) for path in checked if _REGISTRY.search(path.read_text("utf-8", errors="replace"))
    ] == []


# -- lean imports --------------------------------------------------------------------------------------

_LOADED = """
from auditor.cli import main
try:
    main(sys.argv[1:])
except SystemExit as leaving:
    code = leaving.code
print(chr(10) + "LOADED", *sys.modules)
"""


def loaded(*arguments: str, cwd: Path = ROOT) -> set[str]:
    """What is imported by the end of a run of the command line."""
    done = run(_LOADED, *arguments, cwd=cwd)
    assert "\nLOADED " in done.stdout, done.stderr
    return set(done.stdout.rpartition("\nLOADED ")[2].split())


def heads(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("arguments", [("--help",), ("scan", "--help"), ("--version",)], ids=" ".join)
def test_help_imports_little(arguments: tuple[str, ...]) -> None:
    modules = loaded(*arguments)
    assert heads(modules) & {"azure", "msal", "requests", "jinja2", "controls"} == set()
    assert not {m for m in modules if m.startswith(("auditor.sources", "auditor.arm", "auditor.apim"))}


def test_offline_scan_imports_no_azure() -> None:
    modules = loaded("scan", "examples/contoso-apim.json", "--fail-on", "none", "--quiet")
    assert "controls.apim.ns_2" in modules
    assert heads(modules) & {"azure", "msal", "requests", "jinja2"} == set()


_DEAF = """
import socket
def refuse(*_, **__):
    raise AssertionError("a socket was opened")
socket.socket.__init__ = refuse
socket.getaddrinfo = refuse
from auditor.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("format_", sorted(reports.FORMATS))
def test_offline_scan_opens_no_socket(format_: str, tmp_path: Path) -> None:
    target = tmp_path / f"report.{format_}"
    example = str(ROOT / "examples" / "contoso-apim.json")
    done = run(_DEAF, "scan", example, "--report", f"{format_}={target}", "--fail-on", "none", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert target.stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_stranger_in_our_place_is_refused(tmp_path: Path) -> None:
    """Another distribution ships a package ``reports`` too; beside it the tool says so in a sentence."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "__init__.py").write_text("")
    code = f"sys.path.insert(0, {str(tmp_path)!r})\nfrom auditor.cli import main\nmain(['controls'])"
    done = run(code)
    assert done.returncode == 2
    assert "not part of azure-baseline-auditor" in done.stderr
    assert "Traceback" not in done.stderr
