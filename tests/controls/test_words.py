"""The control pages say what the baseline says, in words of our own, and the loader takes no other shape."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from auditor.model.check import BEYOND, Control, Feature, Words
from auditor.model.verdict import Source
from controls.words import FRAMEWORKS, ORDER, load_all, load_control

ROOT = Path(__file__).parents[2]
PAGES = Path(str(files("controls.apim")))

KEY_VAULT_SECRETS = "Service Credential and Secrets Support Integration and Storage in Azure Key Vault"
OTHERS = ("IM-4", "PV-2")
"""Controls of the benchmark that the service baseline has no section for."""
ROWS = (
    ("NS-1", "Virtual Network Integration"),
    ("NS-1", "Network Security Group Support"),
    ("NS-2", "Azure Private Link"),
    ("NS-2", "Disable Public Network Access"),
    ("NS-2", "Microsoft Defender for Cloud monitoring"),
    ("NS-6", "Other guidance for NS-6"),
    ("IM-1", "Azure AD Authentication Required for Data Plane Access"),
    ("IM-1", "Local Authentication Methods for Data Plane Access"),
    ("IM-3", "Managed Identities"),
    ("IM-3", "Service Principals"),
    ("IM-5", "Other guidance for IM-5"),
    ("IM-7", "Conditional Access for Data Plane"),
    ("IM-8", KEY_VAULT_SECRETS),
    ("PA-1", "Local Admin Accounts"),
    ("PA-7", "Azure RBAC for Data Plane"),
    ("PA-8", "Customer Lockbox"),
    ("DP-1", "Sensitive Data Discovery and Classification"),
    ("DP-2", "Data Leakage/Loss Prevention"),
    ("DP-3", "Data in Transit Encryption"),
    ("DP-3", "Other guidance for DP-3"),
    ("DP-6", "Key Management in Azure Key Vault"),
    ("DP-7", "Certificate Management in Azure Key Vault"),
    ("AM-2", "Azure Policy Support"),
    ("LT-1", "Microsoft Defender for Service / Product Offering"),
    ("LT-4", "Azure Resource Logs"),
    ("BR-1", "Azure Backup"),
    ("BR-1", "Service Native Backup Capability"),
)
"""The rows of the baseline's page, top to bottom."""
PAGE_TITLES = {
    "NS-2": "Secure cloud services with network controls",
    "LT-4": "Enable logging for security investigation",
}
"""Titles of the page where the benchmark has another one for the same id."""

CONTROLS = load_all()
BASELINE = tuple(control for control in CONTROLS if control.id not in OTHERS)


def benchmark(name: str) -> dict[str, Any]:
    """One of the benchmark's data files, which are not part of the project."""
    folders = [ROOT.parent / "shared" / "data" / "mcsb"]
    if corpus := os.environ.get("AUDITOR_CORPUS"):
        folders.insert(0, Path(corpus).parent / "mcsb")
    for folder in folders:
        if (folder / name).is_file():
            content: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
            return content
    pytest.skip(
        f"{name} is not at hand: it is looked for in mcsb, beside the folder that AUDITOR_CORPUS names"
    )


def features_of(control: Control, source: Source) -> list[Feature]:
    return [feature for feature in control.features if feature.source is source]


def is_guidance(title: str) -> bool:
    return title.startswith("Other guidance for ")


class TestCatalogue:
    def test_every_page_is_in_the_order_and_the_other_way_round(self) -> None:
        assert sorted(ORDER) == sorted(path.stem for path in PAGES.glob("*.md"))

    def test_the_rows_of_the_baseline_in_its_order(self) -> None:
        rows = [(c.id, f.title) for c in CONTROLS for f in features_of(c, Source.BASELINE)]
        assert rows == list(ROWS)

    def test_counts(self) -> None:
        titles = [feature.title for control in CONTROLS for feature in features_of(control, Source.BASELINE)]
        assert len(BASELINE) == 20
        assert len([title for title in titles if not is_guidance(title)]) == 24
        assert len([title for title in titles if is_guidance(title)]) == 3

    def test_the_other_controls_come_last_and_have_no_row_of_the_baseline(self) -> None:
        assert tuple(control.id for control in CONTROLS[-2:]) == OTHERS
        assert not [feature for control in CONTROLS[-2:] for feature in features_of(control, Source.BASELINE)]

    def test_where_additional_checks_may_sit(self) -> None:
        beyond = {c.id for c in CONTROLS if c.features[-1].title == BEYOND}
        network, identity = {"NS-2", "NS-6"}, {"IM-1", "IM-3", "IM-4", "IM-8"}
        assert beyond == network | identity | {"DP-3", "DP-7", "LT-1", "LT-4", "PV-2"}

    def test_the_guidance_on_client_certificates_has_one_row(self) -> None:
        rows = [(c.id, f.title) for c in CONTROLS for f in features_of(c, Source.CLIENT_CERTIFICATES)]
        assert rows == [("IM-4", "Client certificate authentication")]

    def test_only_rows_of_the_baseline_have_its_columns(self) -> None:
        for control in CONTROLS:
            for feature in control.features:
                columns = (feature.supported, feature.enabled_by_default, feature.responsibility)
                if feature.source is not Source.BASELINE or feature.title.startswith(
                    "Microsoft Defender for Cloud"
                ):
                    assert columns == ("", "", "")
                elif is_guidance(feature.title):
                    assert columns == ("", "", "customer")
                elif feature.supported == "no":
                    assert columns == ("no", "", "")
                else:
                    assert all(columns)

    def test_what_is_said_is_short(self) -> None:
        for control in CONTROLS:
            assert 2 <= sentences(control.summary) <= 5, control.id
            for feature in control.features:
                assert 1 <= sentences(feature.says) <= 3, feature.title

    @pytest.mark.parametrize("path", sorted(PAGES.glob("*.md")), ids=lambda path: path.stem)
    def test_links_are_to_microsoft_and_without_a_language(self, path: Path) -> None:
        for link in re.findall(
            r"https://[^\s\")>]+microsoft\.com[^\s\")>]*", path.read_text(encoding="utf-8")
        ):
            assert not re.match(r"https://docs\.|https://[^/]+/[a-z]{2}-[a-z]{2}/", link), link


def sentences(text: str) -> int:
    return len(re.findall(r"[.?!](?:\s|$)", text))


class TestAgainstTheBenchmark:
    def test_titles_and_mappings(self) -> None:
        facts = benchmark("mcsb-v1-controls.json")["controls"]
        columns = dict(zip(FRAMEWORKS, ("cisV8", "nist80053r4", "pciDss321"), strict=True))
        for control in CONTROLS:
            fact = facts[control.id]
            assert control.title == PAGE_TITLES.get(control.id, fact["title"])
            assert control.mappings == {name: tuple(fact[key]) for name, key in columns.items() if fact[key]}

    def test_where_the_page_has_a_title_of_its_own(self) -> None:
        facts = benchmark("mcsb-v1-controls.json")["controls"]
        assert all(facts[control_id]["title"] != title for control_id, title in PAGE_TITLES.items())
        assert facts["LT-3"]["title"] == PAGE_TITLES["LT-4"]

    def test_domains(self) -> None:
        facts = benchmark("mcsb-v1-controls.json")["controls"]
        for control in CONTROLS:
            domain = facts[control.id]["domain"].replace("Mgmt", "Management")
            assert control.domain == domain.capitalize()

    def test_rows_and_their_columns(self) -> None:
        said = {
            (c.id, f.title): (f.supported, f.enabled_by_default, f.responsibility)
            for c in BASELINE
            for f in features_of(c, Source.BASELINE)
            if not is_guidance(f.title)
        }
        del said["NS-2", "Microsoft Defender for Cloud monitoring"]  # the heading of a table, not in the data
        yes_no = {"True": "yes", "False": "no", "Not Applicable": ""}
        assert said == {
            (row["ASB Control ID"], row["Feature Name"]): (
                yes_no[row["Feature Supported"]],
                yes_no[row["Feature Enabled by Default"]],
                "" if row["Responsibility"] == "Not Applicable" else row["Responsibility"].lower(),
            )
            for row in shown_rows()
        }

    def test_guidance_without_a_feature(self) -> None:
        rows = benchmark("apim-baseline-features.json")["features"]
        expected = {
            (row["ASB Control ID"], row["Responsibility"].lower())
            for row in rows
            if row["Feature Name"] == "No Related Feature"
        }
        said = {(c.id, f.responsibility) for c in BASELINE for f in c.features if is_guidance(f.title)}
        assert said == expected

    def test_references(self) -> None:
        for row in shown_rows():
            if row["Feature Reference"]:
                link = row["Feature Reference"].rpartition(": ")[2]
                control = next(control for control in BASELINE if control.id == row["ASB Control ID"])
                expected = link.replace("https://docs.microsoft.com/", "https://learn.microsoft.com/")
                assert control.feature(row["Feature Name"]).reference == expected

    def test_no_twelve_words_in_a_row_are_the_benchmarks(self) -> None:
        rows = benchmark("apim-baseline-features.json")["features"]
        keys = ("Guidance", "Feature Description", "Feature Notes", "Guidance Notes")
        texts = [row[key] for row in rows for key in keys if row[key]]
        texts += [fact["principle"] for fact in benchmark("mcsb-v1-controls.json")["controls"].values()]
        theirs = {run for text in texts for run in runs_of_words(text)}
        assert theirs
        for control in CONTROLS:
            for ours in texts_of(control):
                shared = [" ".join(run) for run in runs_of_words(ours) if run in theirs]
                assert not shared, (control.id, shared)


def shown_rows() -> list[dict[str, Any]]:
    """The features that the page shows: those that do not apply to the service are hidden there."""
    rows = benchmark("apim-baseline-features.json")["features"]
    return [row for row in rows if row["Feature Supported"] in ("True", "False")]


def texts_of(control: Control) -> Iterator[str]:
    yield control.summary
    for feature in control.features:
        yield feature.says
        yield feature.note
    for words in control.words.values():
        yield from (words.title, words.why, words.fix, words.notes)


def runs_of_words(text: str, length: int = 12) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return (tuple(words[start : start + length]) for start in range(len(words) - length + 1))


PAGE = """\
+++
id = "NS-9"
title = "Keep the door shut"
domain = "Network security"
links = ["https://example.com/door"]

[mappings]
"CIS Controls v8" = ["1.1"]

[[features]]
title = "Door"
source = "baseline"
supported = "yes"
enabled_by_default = "no"
responsibility = "customer"
says = "Shut it."
reference = "https://example.com/row"
note = "There are two now."
noted = "2026-11-21"

[[features]]
title = "Beyond the baseline"
source = "additional"
supported = ""
enabled_by_default = ""
responsibility = ""
says = "Windows."
reference = ""
note = ""
noted = ""
+++

# NS-9: Keep the door shut

An open door lets
people in. A shut one does not.

## door-shut

The door is
shut.

### Why

Because *anyone* could walk in.

Really.

### Fix

```bash
# shut it
## and lock it
door --shut
```

#### In the portal

1. Push.

### Notes

Mind the cat.

## window-shut

The window is shut.

### Why

Rain.

### Fix

Pull.
"""


class TestShape:
    def test_a_page(self) -> None:
        control = load_control(PAGE, "page")
        assert (control.id, control.title, control.domain) == (
            "NS-9",
            "Keep the door shut",
            "Network security",
        )
        assert control.summary == "An open door lets people in. A shut one does not."
        assert control.links == ("https://example.com/door",)
        assert control.mappings == {"CIS Controls v8": ("1.1",)}
        assert control.features == (
            Feature(
                title="Door",
                source=Source.BASELINE,
                supported="yes",
                enabled_by_default="no",
                responsibility="customer",
                says="Shut it.",
                reference="https://example.com/row",
                note="There are two now.",
                noted="2026-11-21",
            ),
            Feature(title=BEYOND, source=Source.ADDITIONAL, says="Windows."),
        )

    def test_the_words_of_checks(self) -> None:
        assert load_control(PAGE, "page").words == {
            "door-shut": Words(
                title="The door is shut.",
                why="Because *anyone* could walk in.\n\nReally.",
                fix="```bash\n# shut it\n## and lock it\ndoor --shut\n```\n\n#### In the portal\n\n1. Push.",
                notes="Mind the cat.",
            ),
            "window-shut": Words("The window is shut.", "Rain.", "Pull."),
        }

    def test_a_page_without_checks(self) -> None:
        assert load_control(PAGE.partition("## door-shut")[0], "page").words == {}

    def test_line_ends_of_windows(self) -> None:
        assert load_control(PAGE.replace("\n", "\r\n"), "page") == load_control(PAGE, "page")

    def test_a_code_block_ends_at_a_fence_as_long_as_its_first(self) -> None:
        block = "````md\n```\n## not a section\n```\n````"
        page = PAGE.replace("Mind the cat.", f"{block}\n\n``` `code` in a line")
        assert load_control(page, "page").words["door-shut"].notes == f"{block}\n\n``` `code` in a line"


MALFORMED = {
    "no front matter": ("+++\n", "", "does not begin with front matter"),
    "something before it": ("+++\nid", "Hello\n+++\nid", "does not begin with front matter"),
    "front matter without end": ("\n+++\n\n#", "\n\n#", "does not begin with front matter"),
    "not TOML": ('id = "NS-9"', "id = NS-9", "front matter: "),
    "no key": ('domain = "Network security"\n', "", "domain is missing"),
    "unknown key": ('id = "NS-9"', 'id = "NS-9"\nowner = "x"', "owner is not a known key"),
    "key that is no string": ('title = "Keep the door shut"', "title = 9", "title is not a string"),
    "empty key": ('domain = "Network security"', 'domain = ""', "domain is empty"),
    "space around": ('domain = "Network security"', 'domain = " Network"', "domain has a line break"),
    "id of another form": ('id = "NS-9"', 'id = "ns-9"', "id is 'ns-9'"),
    "links no list": (
        'links = ["https://example.com/door"]',
        'links = "x"',
        "links is not a list of strings",
    ),
    "link without TLS": ("https://example.com/door", "http://example.com/door", "links has 'http://"),
    "link twice": (
        '["https://example.com/door"]',
        '["https://example.com/door", "https://example.com/door"]',
        "links says something twice",
    ),
    "mappings no table": (
        '[mappings]\n"CIS Controls v8" = ["1.1"]',
        "mappings = 1",
        "mappings is not a table",
    ),
    "unknown framework": (
        "CIS Controls v8",
        "CIS Controls v7",
        "mappings.CIS Controls v7 is not a known key",
    ),
    "mapping no list": ('["1.1"]', '"1.1"', "mappings.CIS Controls v8 is not a list of strings"),
    "mapping of numbers": ('["1.1"]', "[1.1]", "mappings.CIS Controls v8 is not a list of strings"),
    "empty mapping": ('["1.1"]', "[]", "mappings.CIS Controls v8 is empty"),
    "no feature key": ('responsibility = "customer"\n', "", "features[0]: responsibility is missing"),
    "unknown feature key": (
        'says = "Shut it."',
        'says = "Shut it."\nwho = "x"',
        "features[0]: who is not a known key",
    ),
    "feature key that is no string": (
        'supported = "yes"',
        "supported = true",
        "features[0]: supported is not a string",
    ),
    "empty feature text": ('says = "Shut it."', 'says = ""', "features[0]: says is empty"),
    "unknown support": ('supported = "yes"', 'supported = "true"', "features[0]: supported is 'true'"),
    "unknown default": ('default = "no"', 'default = "n/a"', "features[0]: enabled_by_default is 'n/a'"),
    "unknown responsibility": ('"customer"', '"Customer"', "features[0]: responsibility is 'Customer'"),
    "unknown source": ('source = "baseline"', 'source = "hearsay"', "features[0]: source is 'hearsay'"),
    "reference without TLS": (
        "https://example.com/row",
        "example.com",
        "features[0]: reference does not begin",
    ),
    "note without day": ('noted = "2026-11-21"', 'noted = ""', "features[0]: note and noted belong together"),
    "day without note": (
        'note = "There are two now."',
        'note = ""',
        "features[0]: note and noted belong together",
    ),
    "day that is none": ("2026-11-21", "21 November", "features[0]: noted is '21 November'"),
    "additional under another title": (
        'title = "Door"\nsource = "baseline"',
        'title = "Door"\nsource = "additional"',
        "features[0]: source 'additional' and the title",
    ),
    "another source beyond": (
        'source = "additional"',
        'source = "baseline"',
        "features[1]: source 'additional'",
    ),
    "no heading": ("# NS-9: Keep the door shut\n", "", "text outside the known headings"),
    "another heading": ("# NS-9: Keep", "# NS-8: Keep", "does not begin with the heading '# NS-9: Keep"),
    "no summary": ("An open door lets\npeople in. A shut one does not.\n", "", "there is no summary"),
    "text before the heading": (
        "+++\n\n# NS-9",
        "+++\n\nHello.\n\n# NS-9",
        "outside the known headings: 'Hello.'",
    ),
    "second heading of the page": ("## window-shut", "# Windows", "second heading of the page: 'Windows'"),
    "no slug": ("## window-shut", "## Window shut", "## Window shut: not the slug of a check"),
    "empty slug": ("## window-shut", "##", "not the slug of a check"),
    "slug twice": ("## window-shut", "## door-shut", "## door-shut: the section is there twice"),
    "check without title": ("The window is shut.\n", "", "## window-shut: the sentence that is its title"),
    "text after the title": ("The window is shut.", "The window is shut.\n\nAlways.", "headings: 'Always.'"),
    "check without why": ("### Why\n\nRain.\n", "", "## window-shut: ### Why is missing"),
    "check without fix": ("### Fix\n\nPull.\n", "", "## window-shut: ### Fix is missing"),
    "empty why": ("Rain.\n", "", "## window-shut: ### Why: it is empty"),
    "unknown part": ("### Notes", "### Hints", "## door-shut: ### Hints: not one of Why, Fix, Notes"),
    "part twice": ("### Notes", "### Fix", "## door-shut: ### Fix: it is there twice, or not in the order"),
    "part out of order": (
        "### Why\n\nRain.\n\n### Fix\n\nPull.",
        "### Fix\n\nPull.\n\n### Why\n\nRain.",
        "order Why",
    ),
    "part under no check": ("## door-shut\n\nThe door is\nshut.\n", "", "### Why: it stands under no check"),
    "code block without end": (
        "door --shut\n```\n",
        "door --shut\n",
        "code block that begins with ``` has no end",
    ),
}


class TestMalformed:
    @pytest.mark.parametrize(("old", "new", "message"), MALFORMED.values(), ids=MALFORMED)
    def test_is_refused(self, old: str, new: str, message: str) -> None:
        assert old in PAGE
        with pytest.raises(ValueError, match=rf"^a/page\.md: .*{re.escape(message)}"):
            load_control(PAGE.replace(old, new, 1), "a/page.md")

    def test_no_features(self) -> None:
        begin, end = PAGE.index("[[features]]"), PAGE.index("+++\n\n#")
        page = (
            PAGE[: PAGE.index("[mappings]")]
            + "features = []\n"
            + PAGE[PAGE.index("[mappings]") : begin]
            + PAGE[end:]
        )
        with pytest.raises(ValueError, match="features is not a list of tables, or there is none"):
            load_control(page, "page")

    def test_features_of_the_same_title(self) -> None:
        begin, end = PAGE.index("[[features]]"), PAGE.rindex("[[features]]")
        with pytest.raises(ValueError, match=r"features\[1\]: title 'Door' is there twice"):
            load_control(PAGE[:end] + PAGE[begin:end] + PAGE[end:], "page")

    def test_beyond_the_baseline_belongs_last(self) -> None:
        begin, end = PAGE.index("[[features]]"), PAGE.rindex("[[features]]")
        close = PAGE.index("+++\n\n#")
        with pytest.raises(ValueError, match=r"features\[0\]: title 'Beyond the baseline' belongs last"):
            load_control(PAGE[:begin] + PAGE[end:close] + PAGE[begin:end] + PAGE[close:], "page")


class TestPackage:
    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        folder = tmp_path / "door_pages"
        folder.mkdir()
        (folder / "__init__.py").write_text("", encoding="utf-8")
        (folder / "ns_9.md").write_text(PAGE, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        yield folder
        sys.modules.pop("door_pages", None)

    @pytest.mark.usefixtures("folder")
    def test_reads_the_pages_it_is_told_to(self) -> None:
        assert load_all("door_pages", ("ns_9",)) == (load_control(PAGE, "page"),)

    @pytest.mark.usefixtures("folder")
    def test_a_page_that_is_not_there(self) -> None:
        with pytest.raises(ValueError, match=r"^door_pages/ns_8\.md: there is no such page"):
            load_all("door_pages", ("ns_8",))

    def test_a_page_under_another_name(self, folder: Path) -> None:
        (folder / "ns_9.md").rename(folder / "ns_8.md")
        with pytest.raises(ValueError, match=r"^door_pages/ns_8\.md: id is 'NS-9'"):
            load_all("door_pages", ("ns_8",))

    def test_from_an_archive(self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with zipfile.ZipFile(tmp_path / "pages.zip", "w") as archive:
            for path in folder.glob("*.*"):
                archive.write(path, f"door_pages/{path.name}")
        shutil.rmtree(folder)
        monkeypatch.syspath_prepend(str(tmp_path / "pages.zip"))
        assert load_all("door_pages", ("ns_9",))[0].id == "NS-9"
