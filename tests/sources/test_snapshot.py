"""Snapshots: what is written is what is read, however the run ended; nothing in them is believed blindly."""

from __future__ import annotations

import contextlib
import gzip
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import UnreadableError
from auditor.model.evidence import Log, Reason, Undetermined
from auditor.model.knowledge import Audit
from auditor.model.subject import Subject
from auditor.model.values import Redacted, Sealed, Unresolved
from auditor.redaction import Redactor
from auditor.snapshot.codec import MARK, decoded, encoded
from auditor.snapshot.files import Writer, is_snapshot, records
from auditor.snapshot.records import Answer, Footer, Header, Listed, Outcome, Record, SnapshotError
from auditor.sources import read_paths
from controls import catalogue
from tests.conftest import NOW

ID = "/subscriptions/0/resourceGroups/g/providers/Microsoft.ApiManagement/service/contoso"
TIME = "2026-11-22T00:00:00+00:00"
HEADER = Header("auditor 1", TIME, identity={"name": "reader@contoso.example"})
FOOTER = Footer(TIME, calls=3)


def answer(path: str, body: Any, outcome: Outcome = Outcome.COMPLETE, status: int = 200) -> Answer:
    return Answer(f"GET {path}?api-version=2024-05-01", status, outcome, TIME, "2024-05-01", body)


def listing(collection: str, outcome: Outcome, **more: Any) -> Listed:
    type_ = f"microsoft.apimanagement/service/{collection.lower()}"
    return Listed(ID, type_, outcome, f"GET {ID}/{collection}?api-version=2024-05-01", **more)


def service(**properties: Any) -> dict[str, Any]:
    return {"id": ID, "name": "contoso", "sku": {"name": "Developer"}, "properties": properties}


def named(name: str, **properties: Any) -> dict[str, Any]:
    return {"id": f"{ID}/namedValues/{name}", "properties": {"displayName": name, **properties}}


def write(path: Path, *lines: Record, header: Header = HEADER, footer: Footer | None = FOOTER) -> Path:
    writer = Writer(path, header)
    for line in lines:
        writer.write(line)
    writer.close(footer)
    return path


def subject(path: Path) -> Subject:
    reading = read_paths([str(path)])
    assert not reading.problems
    audit = Audit(reading.inventory, catalogue().knowledge, NOW)
    return Subject(audit, reading.inventory.services[0], Log())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.just(MARK), inner, max_size=4)
        | st.builds(Redacted, st.text(max_size=5), group=st.integers(0, 9), empty=st.booleans())
        | st.builds(Sealed, st.text(max_size=5), text=st.text(max_size=9), known_format=st.booleans())
        | st.builds(Unresolved, st.text(max_size=5), st.text(max_size=5))
    ),
    max_leaves=20,
)


@given(json_values)
def test_every_tree_is_read_as_it_was_written(value: Any) -> None:
    again = decoded(json.loads(json.dumps(encoded(value))))
    assert again == value
    assert json.dumps(encoded(again)) == json.dumps(encoded(value))


@given(
    st.recursive(st.none() | st.text(), lambda x: st.dictionaries(st.just(MARK) | st.text(), x), max_leaves=5)
)
def test_a_malformed_stand_in_is_an_error_and_nothing_else(value: Any) -> None:
    with contextlib.suppress(ValueError):
        decoded(value)


def test_a_written_snapshot_is_read_and_its_requests_are_the_origin(tmp_path: Path) -> None:
    path = write(
        tmp_path / "s.json.gz",
        answer(ID, service(virtualNetworkType="Internal")),
        answer(f"{ID}/namedValues", {"value": [named("a", secret=False, value="x")]}),
        listing("namedValues", Outcome.COMPLETE, items=1),
    )
    contoso = subject(path)
    [only] = list(contoso.children("namedValues"))
    assert only.read("/properties/value") == "x"
    assert contoso.read("/properties/virtualNetworkType") == "Internal"
    assert contoso.resource.origin.request == f"GET {ID}?api-version=2024-05-01"
    assert contoso.resource.api_version == "2024-05-01"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.FORBIDDEN, Reason.FORBIDDEN),
        (Outcome.THROTTLED, Reason.THROTTLED),
        (Outcome.FAILED, Reason.FAILED),
        (Outcome.TRUNCATED, Reason.TRUNCATED),
        (Outcome.SKIPPED, Reason.FAILED),
    ],
)
def test_what_was_not_listed_says_why(tmp_path: Path, outcome: Outcome, reason: Reason) -> None:
    page = answer(f"{ID}/namedValues", {"value": [named("a", secret=False, value="x")]})
    path = write(tmp_path / "s.json.gz", answer(ID, service()), page, listing("namedValues", outcome))
    contoso = subject(path)
    seen: list[Subject] = []
    with pytest.raises(Undetermined) as raised:
        seen.extend(contoso.children("namedValues"))
    assert [gap.reason for gap in raised.value.gaps] == [reason]


def test_a_collection_that_the_tier_lacks_is_empty(tmp_path: Path) -> None:
    path = write(tmp_path / "s.json.gz", answer(ID, service()), listing("gateways", Outcome.NOT_IN_TIER))
    assert list(subject(path).children("gateways")) == []


def test_a_listing_that_was_made_up_for_counts(tmp_path: Path) -> None:
    page = answer(f"{ID}/namedValues", {"value": [named("a", secret=False, value="x")]})
    first, again = listing("namedValues", Outcome.THROTTLED), listing("namedValues", Outcome.COMPLETE)
    path = write(tmp_path / "s.json.gz", answer(ID, service()), first, page, again)
    assert len(list(subject(path).children("namedValues"))) == 1


def test_a_run_that_was_killed_is_read_as_far_as_it_came(tmp_path: Path) -> None:
    whole = write(
        tmp_path / "s.json.gz", answer(ID, service()), listing("apis", Outcome.COMPLETE)
    ).read_bytes()
    counts = []
    for length in range(0, len(whole) + 1, 7):
        try:
            counts.append(len(list(records(whole[:length]))))
        except SnapshotError:
            counts.append(0)
    assert counts == sorted(counts)
    assert set(counts) >= {0, 1, 2, 3}
    cut = tmp_path / "cut.json.gz"
    cut.write_bytes(whole[:-40])
    [source] = read_paths([str(cut)]).inventory.inputs
    assert any("did not come to its end" in note for note in source.notes)


def test_a_writer_that_is_never_closed_leaves_all_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "s.json.gz"
    writer = Writer(path, HEADER)
    writer.write(answer(ID, service()))
    assert len(list(records(path.read_bytes()))) == 2
    writer.close()


def test_an_earlier_run_is_kept_until_the_next_one_has_it(tmp_path: Path) -> None:
    path = write(tmp_path / "s.json.gz", answer(ID, service()), footer=None)
    kept = list(records(path.read_bytes()))[1:]
    write(path, listing("apis", Outcome.COMPLETE), header=HEADER)
    writer = Writer(path, HEADER, kept)
    assert len(list(records(path.read_bytes()))) == 2
    writer.close(FOOTER)
    assert [type(one) for one in records(path.read_bytes())] == [Header, Answer, Footer]


def test_a_changed_body_is_not_believed(tmp_path: Path) -> None:
    path = write(tmp_path / "s.json.gz", answer(ID, service(virtualNetworkType="None")))
    text = gzip.decompress(path.read_bytes()).decode().replace('"None"', '"Internal"')
    changed = tmp_path / "changed.jsonl"
    changed.write_text(text)
    assert is_snapshot(changed.read_bytes())
    [problem] = read_paths([str(changed)]).problems
    assert "was changed after it was written" in problem.message


def test_a_newer_version_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "new.jsonl"
    path.write_text(json.dumps({**HEADER.line(), "auditor_snapshot": 99}) + "\n")
    [problem] = read_paths([str(path)]).problems
    assert "update the tool" in problem.message


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"", b'{"auditor_snapshot":1', gzip.compress(b'{"auditor_snapshot":1')[:20]):
        with contextlib.suppress(SnapshotError):
            list(records(start + data))


def test_secrets_replaced_before_are_left_alone_on_the_way_back(tmp_path: Path) -> None:
    redactor = Redactor()
    body = named("key", secret=True, value="hunter2-hunter2")
    replaced = redactor.resource("Microsoft.ApiManagement/service/namedValues", body)
    path = write(
        tmp_path / "s.json.gz",
        answer(ID, service()),
        answer(f"{ID}/namedValues", {"value": [replaced]}),
        listing("namedValues", Outcome.COMPLETE),
    )
    assert "hunter2" not in gzip.decompress(path.read_bytes()).decode()
    [only] = list(subject(path).children("namedValues"))
    value = only.read("/properties/value")
    assert isinstance(value, Redacted)
    assert value == replaced["properties"]["value"]


def test_an_unreadable_snapshot_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "s.json.gz"
    path.write_bytes(gzip.compress(b'{"auditor_snapshot": 1, "tool": 1}\n{"no": "line"}\n{}\n'))
    [problem] = read_paths([str(path)]).problems
    assert isinstance(problem, UnreadableError)
    assert len(str(problem).splitlines()) == 1


def test_a_page_that_is_gone_leaves_its_list_open(tmp_path: Path) -> None:
    """A listing tells how many items came: fewer in the file are not all of them."""
    whole = (
        answer(ID, service()),
        answer(f"{ID}/namedValues", {"value": [named("one"), named("two")]}),
        listing("namedValues", Outcome.COMPLETE, items=2),
    )
    assert len(list(subject(write(tmp_path / "a.gz", *whole)).children("namedValues"))) == 2
    read = subject(write(tmp_path / "b.gz", whole[0], whole[2]))
    with pytest.raises(Undetermined) as raised:
        list(read.children("namedValues"))
    assert "2 of the items that were listed are not in the file" in raised.value.gaps[0].needed


def lines_of(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def activity() -> list[Record]:
    """A log of two pages, of which nothing but the entries that are judged was kept."""
    asked = "/subscriptions/0/providers/microsoft.insights/eventtypes/management/values"
    pages = [answer(asked, {"value": [{"resourceId": ID, "eventDataId": str(n)}]}) for n in range(2)]
    return [
        answer(ID, service()),
        *pages,
        Listed(asked, "events", Outcome.COMPLETE, f"GET {asked}?", items=90),
    ]


def test_a_snapshot_that_lost_a_line_is_refused(tmp_path: Path) -> None:
    whole = lines_of(write(tmp_path / "whole.gz", *activity()))
    assert len(list(records("\n".join(whole).encode()))) == 6
    for gone in range(1, len(whole) - 1):
        path = tmp_path / f"{gone}.jsonl"
        path.write_text("\n".join([*whole[:gone], *whole[gone + 1 :]]))
        [problem] = read_paths([str(path)]).problems
        assert f"line {gone + 1} is not the one that was written there: collect again" in problem.message
    doubled = [*whole[:2], whole[1], *whole[2:]]
    moved = [whole[0], whole[2], whole[1], *whole[3:]]
    bare = [line.replace(f',"n":{number}}}', "}") for number, line in enumerate(whole)]
    for lines in (doubled, moved, bare):
        with pytest.raises(SnapshotError, match="is not the one that was written there"):
            list(records("\n".join(lines).encode()))


def test_a_snapshot_without_its_last_line_did_not_come_to_its_end(tmp_path: Path) -> None:
    whole = lines_of(write(tmp_path / "whole.gz", *activity()))
    path = tmp_path / "cut.jsonl"
    path.write_text("\n".join(whole[:-1]) + "\n")
    reading = read_paths([str(path)])
    assert not reading.problems
    assert any("did not come to its end" in note for note in reading.inventory.inputs[0].notes)


def test_a_snapshot_of_the_first_version_is_read(tmp_path: Path) -> None:
    """Its lines have no numbers; what listings count still tells a page that is gone."""
    page = answer(f"{ID}/namedValues", {"value": [named("one"), named("two")]})
    said = (answer(ID, service()), page, listing("namedValues", Outcome.COMPLETE, items=2), FOOTER)
    old = [json.dumps({**HEADER.line(), "auditor_snapshot": 1}), *(json.dumps(one.line()) for one in said)]
    path = tmp_path / "old.jsonl"
    path.write_text("\n".join(old))
    assert len(list(subject(path).children("namedValues"))) == 2
    path.write_text("\n".join([*old[:2], *old[3:]]))
    with pytest.raises(Undetermined):
        list(subject(path).children("namedValues"))


def test_a_resumed_snapshot_numbers_its_lines_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "s.gz", *activity(), footer=None)
    _, *kept = records(path.read_bytes())
    writer = Writer(path, HEADER, kept[1:])
    writer.close(FOOTER)
    assert [json.loads(line)["n"] for line in lines_of(path)] == list(range(5))
    assert list(records(path.read_bytes()))[1:-1] == kept[1:]


def test_a_checksum_that_does_not_fit_is_damage_not_an_end(tmp_path: Path) -> None:
    path = write(tmp_path / "s.gz", answer(ID, service()))
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    data[-8] ^= 1
    path.write_bytes(bytes(data))
    (problem,) = read_paths([str(path)]).problems
    assert "its checksum does not fit what it holds" in problem.message


def test_what_a_lost_query_would_have_shown_may_be_a_front(tmp_path: Path) -> None:
    """Internal mode passes without a front; with a reading that lost some, nobody knows of none."""
    from tests.judging import findings

    internal = {
        **service(virtualNetworkType="Internal", platformVersion="stv2.1"),
        "sku": {"name": "Premium"},
    }
    query = "POST /providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01 resources"
    lost = Listed("/subscriptions/0", "microsoft.resourcegraph/resources", Outcome.FORBIDDEN, query)
    check = [each for each in catalogue().checks if each.id == "apim.ns-6.waf-in-front"]
    said = [
        findings(read_paths([str(write(tmp_path / "s.gz", answer(ID, internal), *more))]).inventory, check)[0]
        for more in ((), (lost,))
    ]
    assert [str(each.status) for each in said] == ["pass", "unknown"]
    assert "was not read whole" in said[1].gaps[0].needed


@pytest.mark.parametrize("wrong", [7, None, True, {"a": 1}, ["a"]])
@pytest.mark.parametrize("member", ["parent", "type", "request", "items", "outcome", "detail"])
def test_a_listing_with_members_of_another_kind_is_one_sentence(
    tmp_path: Path, member: str, wrong: object
) -> None:
    if member == "items" and isinstance(wrong, int):
        pytest.skip("a number is what belongs there")
    path = write(tmp_path / "s.gz", listing("namedValues", Outcome.COMPLETE))
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    changed = json.loads(lines[1])
    changed["listing"][member] = wrong
    path.write_text("\n".join((lines[0], json.dumps(changed), lines[2])) + "\n")
    (problem,) = read_paths([str(path)]).problems
    assert "a line is malformed" in problem.message


def test_an_item_without_its_id_leaves_the_list_open(tmp_path: Path) -> None:
    path = write(
        tmp_path / "s.gz",
        answer(ID, service()),
        answer(f"{ID}/namedValues", {"value": [named("one"), {"properties": {}}]}),
        listing("namedValues", Outcome.COMPLETE, items=2),
    )
    with pytest.raises(Undetermined):
        list(subject(path).children("namedValues"))
