"""CSV: a row for each subject, stable columns, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.results import Results
from reports.table import COLUMNS, cell, render_csv
from tests.reports.hostile import TEXTS, stored
from tests.reports.sample import sample

FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"
RUNS = re.compile(rf"[\s\"]*[{re.escape(FORMULA)}]")
"""What a spreadsheet would run; an apostrophe before it makes it a text."""


def rows_of(results: Results, delimiter: str = ",") -> list[list[str]]:
    written = render_csv(results)
    assert written.startswith("\ufeff")
    return list(csv.reader(io.StringIO(written[1:], newline=""), delimiter=delimiter))


def records(results: Results) -> list[dict[str, str]]:
    head, *rows = rows_of(results)
    assert tuple(head) == COLUMNS
    assert {len(row) for row in rows} <= {len(COLUMNS)}
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_row_for_each_subject_of_each_finding(number: int) -> None:
    results = sample(number)
    expected = [
        (service["id"], finding["check"], finding["status"], subject["id"])
        for service in results["services"]
        for control in service["controls"]
        for feature in control["features"]
        for finding in feature["findings"]
        for subject in finding["subjects"]
    ]
    rows = records(results)
    told = [
        (row["service_id"], row["check"], row["status"], row["resource_id"]) for row in rows if row["check"]
    ]
    assert told == expected
    # A row of the baseline without a check, and a control that was not asked for.
    others = [(row["control"], row["status"]) for row in rows if not row["check"]]
    assert others == [("DP-4", "inherited"), ("LT-1", "not_asked")] * number


def test_rows_tell_what_the_finding_tells() -> None:
    rows = records(sample(1))
    (failed,) = [row for row in rows if row["check"] == "apim.ns-2.gateway-not-public"]
    assert failed["evidence"] == (
        "/sku/name = Premium, from [parameters('sku')]; "
        "/properties/publicNetworkAccess = Enabled (absent: the documented default)"
    )
    assert failed["where"] == "exports/contoso/main.json:12"
    assert failed["severity"] == "high"
    (unknown,) = [row for row in rows if row["check"] == "apim.ns-2.configuration-endpoints"]
    assert unknown["missing"] == "the tenant access settings of contoso-1"
    assert unknown["remedy"].startswith("az rest")
    (waived,) = [row for row in rows if row["status"] == "waived"]
    assert "moved in spring" in waived["waiver"]
    (informs,) = [row for row in rows if row["observation"] == "true"]
    assert informs["check"] == "apim.dp-3.platform"
    passed = [row for row in rows if row["check"] == "apim.im-8.named-values" and row["status"] == "pass"]
    # What is stored for four has the evidence of the first.
    assert [bool(row["evidence"]) for row in passed] == [True, False, False, False]


def test_columns_are_those_of_the_documentation() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "reports.md").read_text("utf-8")
    _, _, part = page.partition("## CSV")
    named = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", part.partition("\n## ")[0], re.MULTILINE)
    assert [name for names in named for name in re.findall(r"\w+", names)] == list(COLUMNS)


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("hostile", TEXTS.values(), ids=TEXTS)
def test_no_cell_is_a_formula(hostile: str, delimiter: str) -> None:
    """Also where a country's spreadsheet parts cells by semicolons."""
    for change in (lambda text: text + hostile, lambda _: hostile, lambda text: hostile + text):
        for row in rows_of(stored(sample(2), change), delimiter):
            for value in row:
                assert not RUNS.match(value), value
                assert "\n" not in value
                assert "\r" not in value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  +1", "'+1"),
        ("\t=1", "'=1"),
        ('"=1"', '"\'=1"'),
        ("\uff1d1", "'\uff1d1"),
        ("x; =1", "x; '=1"),
        ("a\r\n=1", "a\\u000d =1"),
        ("a - b", "a - b"),
        ("/sku/name = Premium", "/sku/name = Premium"),
        ("", ""),
    ],
)
def test_cells(value: str, expected: str) -> None:
    assert cell(value) == expected


@given(st.text(alphabet=st.characters() | st.sampled_from(f"{FORMULA};\"' \t\r\n"), max_size=40))
def test_no_text_begins_a_formula(text: str) -> None:
    for part in cell(text).split(";"):
        assert not RUNS.match(part)


def test_a_long_text_fits_a_cell() -> None:
    rows = records(stored(sample(1), lambda text: text * 500))
    assert max(len(value) for row in rows for value in row.values()) <= 32_767
