"""Rules that the code keeps: nothing hides missing data, files stay small, the catalogue is complete."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.model.check import Check
from controls import apim as controls_apim
from controls import catalogue
from controls.words import ORDER
from tests.conftest import ROOT
from tests.test_packaging import PACKAGES, folder_of

SOURCES = sorted(path for package in PACKAGES for path in folder_of(package).rglob("*.py"))
CONTROLS = folder_of("controls")
JUDGING = [
    *CONTROLS.rglob("*.py"),
    *(folder_of("auditor") / "apim").rglob("*.py"),
    *(folder_of("auditor") / "fronts").rglob("*.py"),
]
MODULES = sorted(path.stem for path in (CONTROLS / "apim").glob("*.py") if path.stem != "__init__")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def name_of(path: Path) -> str:
    return "/".join(path.parts[-3:])


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def caught(handler: ast.ExceptHandler) -> Iterator[str]:
    """Last name of everything a handler catches; ``bare`` for all."""
    if handler.type is None:
        yield "bare"
        return
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    for node in types:
        yield ast.unparse(node).rpartition(".")[2]


@pytest.mark.parametrize("path", JUDGING, ids=name_of)
def test_judgements_hide_nothing_missing(path: Path) -> None:
    """What is missing raises ``Undetermined``: a check that catches it could make a pass of it."""
    wrong = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ExceptHandler):
            found = set(caught(node)) & {"Undetermined", "Exception", "BaseException", "bare"}
            wrong += [f"line {node.lineno}: except {name}" for name in found]
        if isinstance(node, (ast.Name, ast.Attribute)) and ast.unparse(node).rpartition(".")[2] == "suppress":
            wrong.append(f"line {node.lineno}: suppress")
    assert wrong == []


@pytest.mark.parametrize("path", JUDGING, ids=name_of)
def test_judgements_take_the_tracked_way(path: Path) -> None:
    """Raw bodies and the wall clock are not for checks: neither leaves evidence."""
    if name_of(path).endswith(("apim/defaults.py", "apim/collections.py", "apim/knowledge.py")):
        return
    wrong = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute) and node.attr in {"body", "today", "utcnow"}:
            wrong.append(f"line {node.lineno}: .{node.attr}")
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("datetime.now"):
            wrong.append(f"line {node.lineno}: datetime.now()")
    assert wrong == []


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of its body: a command's signature declares its options and may be long."""
    return (function.end_lineno or 0) - function.body[0].lineno + 1


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    length = len(path.read_text("utf-8").splitlines())
    assert length <= LONGEST_FILE
    long = [
        f"{node.name}: {lines_of(node)} lines"
        for node in ast.walk(parsed(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and lines_of(node) > LONGEST_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize("path", [ROOT / "docs" / "generate.py"], ids=name_of)
def test_generator_stays_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_FILE


# -- the catalogue is an explicit, complete list -------------------------------------------------------


def home_of(module: str) -> str:
    """The control a module belongs to: ``im_4_vault`` holds some of the checks of ``im_4``."""
    return "_".join(module.split("_")[:2])


def test_every_module_of_checks_has_a_page_and_a_place() -> None:
    pages = sorted(path.stem for path in (CONTROLS / "apim").glob("*.md"))
    assert pages == sorted(ORDER)
    assert set(pages) <= set(MODULES)
    assert [module for module in MODULES if home_of(module) not in ORDER] == []


def test_checks_stand_in_the_order_of_the_pages() -> None:
    listed = [check for stem in ORDER for check in getattr(controls_apim, stem).CHECKS]
    assert [check.id for check in controls_apim.CHECKS] == [check.id for check in listed]


def test_check_ids_are_unique() -> None:
    ids = [check.id for check in controls_apim.CHECKS]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("stem", ORDER)
def test_checks_belong_to_their_module(stem: str) -> None:
    module = getattr(controls_apim, stem)
    prefix = f"apim.{stem.replace('_', '-')}."
    assert [check.id for check in module.CHECKS if not check.id.startswith(prefix)] == []
    family = [importlib.import_module(f"controls.apim.{name}") for name in MODULES if home_of(name) == stem]
    declared = {value.id for part in family for value in vars(part).values() if isinstance(value, Check)}
    assert sorted(declared) == sorted(check.id for check in module.CHECKS)


@pytest.mark.parametrize("stem", ORDER)
def test_words_are_those_of_the_checks(stem: str) -> None:
    control = catalogue().control(stem.replace("_", "-"))
    assert list(control.words) == [check.slug for check in getattr(controls_apim, stem).CHECKS]


def test_checks_name_what_the_catalogue_holds() -> None:
    wrong = []
    for check in catalogue().checks:
        control = catalogue().control(check.control)
        titles = {feature.title for feature in control.features}
        if check.feature not in titles:
            wrong.append(f"{check.id}: no feature {check.feature!r}")
        for target in check.also:
            control_id, _, title = target.partition(": ")
            features = [feature.title for feature in catalogue().control(control_id).features]
            if title and title not in features:
                wrong.append(f"{check.id}: also {target!r}")
    assert wrong == []


def test_program_knows_no_control_by_name() -> None:
    """Judgements live in ``controls``; the program reaches them through the catalogue."""
    wrong = [
        f"{name_of(path)}: {node.module}"
        for path in folder_of("auditor").rglob("*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("controls.")
    ]
    assert wrong == []
