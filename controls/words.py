"""Reads the Markdown pages of the controls: what the catalogue says to people."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from datetime import date
from importlib.resources import files
from typing import Any

from auditor.model.check import BEYOND, Control, Feature, Words
from auditor.model.verdict import Source

ORDER: tuple[str, ...] = (
    "ns_1",
    "ns_2",
    "ns_6",
    "im_1",
    "im_3",
    "im_5",
    "im_7",
    "im_8",
    "pa_1",
    "pa_7",
    "pa_8",
    "dp_1",
    "dp_2",
    "dp_3",
    "dp_6",
    "dp_7",
    "am_2",
    "lt_1",
    "lt_4",
    "br_1",
    "im_4",
    "pv_2",
)
"""Stems of the pages for API Management: the baseline's controls in its order, then the others."""

FRAMEWORKS: tuple[str, ...] = ("CIS Controls v8", "NIST SP 800-53 r4", "PCI-DSS v3.2.1")
"""Frameworks that the benchmark maps its controls to; one that it has no mapping for is left out."""

_CONTROL_KEYS = ("id", "title", "domain", "links", "mappings", "features")
_FEATURE_KEYS = (
    "title",
    "source",
    "supported",
    "enabled_by_default",
    "responsibility",
    "says",
    "reference",
    "note",
    "noted",
)
_YES_NO = ("yes", "no", "")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "source": tuple(Source),
    "supported": _YES_NO,
    "enabled_by_default": _YES_NO,
    "responsibility": ("customer", "microsoft", "shared", ""),
}
_PARTS = ("Why", "Fix", "Notes")

_ID = re.compile(r"[A-Z]{2}-[1-9][0-9]?")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_FENCE_OR_HEADING = re.compile(  # begins with a character to look for: twice as fast as with ^
    r"\n(?: {0,3}(?P<ticks>`{3,}|~{3,})(?P<info>.*)|(?P<marks>#{1,3})(?:[ \t]+(?P<name>.*?))?[ \t]*)$",
    re.MULTILINE,
)
_BLANK_LINES = re.compile(r"\n[ \t]*\n")


def load_all(package: str = "controls.apim", order: tuple[str, ...] = ORDER) -> tuple[Control, ...]:
    """Reads the pages of a package.

    Args:
        package: Where the pages are; they may lie in a wheel or an archive.
        order: Stems of the pages, in the order wanted.

    Returns:
        The controls, in that order.

    Raises:
        ValueError: A page is missing, malformed, or not the control its name says.
    """
    folder = files(package)
    controls = []
    for stem in order:
        where = f"{package}/{stem}.md"
        try:
            text = folder.joinpath(f"{stem}.md").read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ValueError(f"{where}: there is no such page") from None
        control = load_control(text, where)
        if control.id.lower().replace("-", "_") != stem:
            raise ValueError(f"{where}: id is {control.id!r}, which is another page's")
        controls.append(control)
    return tuple(controls)


def load_control(text: str, where: str) -> Control:
    """Reads one page: facts between ``+++`` lines as TOML, then words as Markdown.

    Args:
        text: The page.
        where: What to call it in errors.

    Returns:
        The control, with the words of its checks by slug.

    Raises:
        ValueError: The page is malformed; the message begins with ``where`` and names the key or the section.
    """
    text = text.replace("\r\n", "\n")
    before, _, rest = text.partition("+++\n")
    front, end, body = rest.partition("\n+++\n")
    if before or not end:
        raise ValueError(f"{where}: the page does not begin with front matter between +++ lines")
    try:
        facts = tomllib.loads(front)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{where}: front matter: {error}") from None
    _keys(facts, _CONTROL_KEYS, where)
    control_id = _text(facts, "id", where)
    if not _ID.fullmatch(control_id):
        raise ValueError(f"{where}: id is {control_id!r}, not of the form 'NS-2'")
    title = _text(facts, "title", where)
    summary, words = _read_body(body, f"{control_id}: {title}", where)
    return Control(
        id=control_id,
        title=title,
        domain=_text(facts, "domain", where),
        summary=summary,
        features=_features(facts["features"], where),
        mappings=_mappings(facts["mappings"], where),
        links=_links(facts["links"], where),
        words=words,
    )


def _keys(table: Mapping[str, Any], expected: Collection[str], where: str) -> None:
    """Refuses a table that lacks a key or has one too many."""
    for key in expected:
        if key not in table:
            raise ValueError(f"{where}: {key} is missing")
    for key in table:
        if key not in expected:
            raise ValueError(f"{where}: {key} is not a known key")


def _text(table: Mapping[str, Any], key: str, where: str, *, empty: bool = False) -> str:
    """A string of a table, on one line and without space around it."""
    value = table[key]
    if not isinstance(value, str):
        raise ValueError(f"{where}: {key} is not a string")
    if value != value.strip() or "\n" in value:
        raise ValueError(f"{where}: {key} has a line break in it or space around it")
    if not value and not empty:
        raise ValueError(f"{where}: {key} is empty")
    return value


def _strings(value: object, key: str, where: str) -> tuple[str, ...]:
    """A list of different strings that are not empty."""
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError(f"{where}: {key} is not a list of strings")
    if len(set(value)) < len(value):
        raise ValueError(f"{where}: {key} says something twice")
    return tuple(value)


def _links(value: object, where: str) -> tuple[str, ...]:
    links = _strings(value, "links", where)
    for link in links:
        if not link.startswith("https://"):
            raise ValueError(f"{where}: links has {link!r}, which does not begin with https://")
    return links


def _mappings(value: object, where: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: mappings is not a table")
    mappings = {}
    for framework, ids in value.items():
        key = f"mappings.{framework}"
        if framework not in FRAMEWORKS:
            raise ValueError(f"{where}: {key} is not a known key")
        mappings[framework] = _strings(ids, key, where)
        if not ids:
            raise ValueError(f"{where}: {key} is empty: leave it out")
    return mappings


def _features(value: object, where: str) -> tuple[Feature, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"{where}: features is not a list of tables, or there is none")
    features = tuple(_feature(table, f"{where}: features[{place}]") for place, table in enumerate(value))
    seen: set[str] = set()
    for place, feature in enumerate(features):
        if feature.title in seen:
            raise ValueError(f"{where}: features[{place}]: title {feature.title!r} is there twice")
        seen.add(feature.title)
        if feature.title == BEYOND and place < len(features) - 1:
            raise ValueError(f"{where}: features[{place}]: title {BEYOND!r} belongs last")
    return features


def _feature(table: Mapping[str, Any], where: str) -> Feature:
    _keys(table, _FEATURE_KEYS, where)
    values = {key: _text(table, key, where, empty=key not in ("title", "says")) for key in _FEATURE_KEYS}
    for key, allowed in _CHOICES.items():
        if values[key] not in allowed:
            raise ValueError(f"{where}: {key} is {values[key]!r}, not one of {', '.join(map(repr, allowed))}")
    if (values["title"] == BEYOND) != (values["source"] == Source.ADDITIONAL):
        raise ValueError(f"{where}: source 'additional' and the title {BEYOND!r} belong together")
    if values["reference"] and not values["reference"].startswith("https://"):
        raise ValueError(f"{where}: reference does not begin with https://")
    if bool(values["note"]) != bool(values["noted"]):
        raise ValueError(f"{where}: note and noted belong together: both or neither")
    if values["noted"] and not _is_day(values["noted"]):
        raise ValueError(f"{where}: noted is {values['noted']!r}, not a day like 2026-01-31")
    return Feature(source=Source(values.pop("source")), **values)


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _read_body(body: str, heading: str, where: str) -> tuple[str, dict[str, Words]]:
    """The summary under the page's heading, and the words of each check."""
    before, sections = _sections(body, where)
    if before.strip():
        raise ValueError(f"{where}: there is text outside the known headings: {_start(before)!r}")
    if not sections or sections[0][:2] != (1, heading):
        raise ValueError(f"{where}: the text does not begin with the heading {'# ' + heading!r}")
    summary = "\n\n".join(_paragraphs(sections[0][2]))
    if not summary:
        raise ValueError(f"{where}: there is no summary under the heading {'# ' + heading!r}")
    checks: dict[str, dict[str, str]] = {}
    slug = ""
    for level, name, text in sections[1:]:
        if level == 1:
            raise ValueError(f"{where}: there is a second heading of the page: {name!r}")
        if level == 2:
            slug = name
            if not _SLUG.fullmatch(slug):
                raise ValueError(f"{where}: ## {slug}: not the slug of a check, like 'gateway-not-public'")
            if slug in checks:
                raise ValueError(f"{where}: ## {slug}: the section is there twice")
            checks[slug] = {"title": _check_title(text, f"{where}: ## {slug}")}
        elif not slug:
            raise ValueError(f"{where}: ### {name}: it stands under no check")
        else:
            _add_part(checks[slug], name, text, f"{where}: ## {slug}")
    return summary, {slug: _words(parts, f"{where}: ## {slug}") for slug, parts in checks.items()}


def _check_title(text: str, where: str) -> str:
    paragraphs = _paragraphs(text)
    if not paragraphs:
        raise ValueError(f"{where}: the sentence that is its title is missing")
    if len(paragraphs) > 1:
        raise ValueError(f"{where}: there is text outside the known headings: {_start(paragraphs[1])!r}")
    return paragraphs[0]


def _add_part(parts: dict[str, str], name: str, text: str, where: str) -> None:
    if name not in _PARTS:
        raise ValueError(f"{where}: ### {name}: not one of {', '.join(_PARTS)}")
    if any(later in parts for later in _PARTS[_PARTS.index(name) :]):
        raise ValueError(f"{where}: ### {name}: it is there twice, or not in the order {', '.join(_PARTS)}")
    if not text.strip():
        raise ValueError(f"{where}: ### {name}: it is empty")
    parts[name] = text.strip("\n").rstrip()


def _words(parts: Mapping[str, str], where: str) -> Words:
    for name in ("Why", "Fix"):
        if name not in parts:
            raise ValueError(f"{where}: ### {name} is missing")
    return Words(parts["title"], parts["Why"], parts["Fix"], parts.get("Notes", ""))


def _sections(body: str, where: str) -> tuple[str, list[tuple[int, str, str]]]:
    """The text before the first heading; then level, name and text of each heading outside code blocks."""
    body = "\n" + body
    headings: list[re.Match[str]] = []
    fence = ""
    for match in _FENCE_OR_HEADING.finditer(body):
        ticks, info = match["ticks"], match["info"]
        if ticks is None:
            if not fence:
                headings.append(match)
        elif not fence:
            fence = "" if ticks[0] == "`" and "`" in info else ticks
        elif ticks.startswith(fence) and not info.strip():
            fence = ""
    if fence:
        raise ValueError(f"{where}: a code block that begins with {fence} has no end")
    ends = [heading.start() for heading in headings[1:]] + [len(body)]
    return body[: headings[0].start()] if headings else body, [
        (len(heading["marks"]), heading["name"] or "", body[heading.end() : end])
        for heading, end in zip(headings, ends, strict=True)
    ]


def _paragraphs(text: str) -> list[str]:
    """The paragraphs of plain prose, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in _BLANK_LINES.split(text) if paragraph.strip()]


def _start(text: str) -> str:
    """Enough of a text to find it by."""
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:39] + "…"
