"""Reads a policy document, well-formed XML or not, into a tree: never fails, says what is wrong.

Most policies are no XML: API Management stores them as ``rawxml``, with raw quotes, ``<`` and ``&&`` in their
expressions. A strict parser refuses them, or returns other code than the service runs, because it turns the
line breaks of attributes into blanks. So this reader takes values from the text as it is:

* an expression ends where its brackets do (``scan``), entities decoded or not, whichever fits;
* a plain attribute ends at the first quote behind which a tag goes on, so quotes within it do no harm;
* a comment ends at the first ``-->``; nothing but the five entities and numbers is decoded; declarations of
  document types are skipped.

All is linear in the length of the text. Sources: "Set or edit Azure API Management policies", "API
Management policy expressions", "Policy fragments in Azure API Management" and "validate-client-certificate"
(whose example holds quotes in a quoted attribute) in the documentation of Azure API Management; the formats
``xml`` and ``rawxml`` in "Policy - Create Or Update" of its REST API.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from auditor.apim.policy.pieces import Piece, combine, expression, text_of
from auditor.apim.policy.scan import Scanner
from auditor.apim.policy.tags import AttributeReader, Tag
from auditor.apim.policy.tree import (
    MAX_DEPTH,
    MAX_SIZE,
    Attribute,
    Code,
    Comment,
    Diagnostic,
    Document,
    Element,
    Literal,
    Mixed,
    Text,
)

MAX_DIAGNOSTICS: Final = 1_000
_REPLACED: Final = "(redacted"
"""Begins what stands for a credential that was replaced when the data came in."""
_BOM: Final = "\ufeff"

_MARK: Final = re.compile(r"<(?=[!/?]|[^\W\d])|@[({]")
_NAME: Final = re.compile(r"[^\W\d][\w:.\-]*+")
_END_TAG: Final = re.compile(r"</\s*+([\w:.\-]*+)[^<>]*+>?")
_TEXT_END: Final = re.compile(r"\s*+(?:<|\Z)")
_ANY: Final = re.compile(r"\s*+\Z")
_DECLARATION: Final = re.compile(r"<![^<>\[]*+")
_DECLARATION_END: Final = re.compile(r"[^<>]*+>?")
_SOLID: Final = re.compile(r"\S")
_LIQUID_END: Final = re.compile(r"</set-body\s*+>")
_NEWLINE: Final = re.compile(r"\n")


def read(text: str | bytes) -> Document:
    """Read a policy document, in whatever dialect it is written.

    Args:
        text: The document as given: a file's content, or ``properties.value`` in the format ``xml`` or
            ``rawxml``. Bytes are taken for UTF-8, or for UTF-16 where they begin with its mark.

    Returns:
        The tree and what is wrong with the text; ``Document.sound`` says whether the tree can be relied on.
    """
    notes: list[Diagnostic] = []
    if isinstance(text, bytes):
        encoding = "utf-16" if text[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
        given, text = text, text.decode(encoding, errors="replace")
        if "\ufffd" in text and text.encode("utf-8") != given:
            notes.append(Diagnostic(Code.NOT_TEXT, f"the bytes are not all {encoding.upper()}", 1, 1))
    if len(text) > MAX_SIZE:
        notes.append(Diagnostic(Code.TOO_LONG, f"longer than {MAX_SIZE:,} characters: not read", 1, 1))
        return Document((), tuple(notes))
    reader = _Reader(text)
    reader.run()
    children = tuple(reader.frames[0].children)
    if not any(isinstance(child, Element) for child in children):
        notes.append(Diagnostic(Code.NO_ELEMENT, "holds no element", 1, 1))
    return Document(children, (*notes, *reader.notes), tuple(reader.comments))


@dataclass(slots=True)
class _Frame:
    """An element that is still open, or the document itself."""

    name: str
    start: int
    attributes: tuple[Attribute, ...] = ()
    children: list[Element | Text] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    text_at: int = -1
    """Where the pending text begins, blanks left out; -1 where there is none."""


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 1 if text.startswith(_BOM) else 0
        self.frames = [_Frame("", 0)]
        self.notes: list[Diagnostic] = []
        self.comments: list[Comment] = []
        self._lines = [self.at, *(found.end() for found in _NEWLINE.finditer(text))]
        self._open: Counter[str] = Counter()
        self._scanner = Scanner(text)
        self._tags = AttributeReader(text, self._scanner, self.place, self.note)

    # -- positions and remarks ---------------------------------------------------------------------------

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def note(self, code: Code, message: str, offset: int) -> None:
        if len(self.notes) < MAX_DIAGNOSTICS or (code.structural and not self.notes[-1].code.structural):
            self.notes.append(Diagnostic(code, message, *self.place(offset)))

    # -- the loop ----------------------------------------------------------------------------------------

    def run(self) -> None:
        while self.at < len(self.text):
            mark = _MARK.search(self.text, self.at)
            while mark is not None and mark.group() != "<":
                if self._expression(mark.start()):
                    break
                mark = _MARK.search(self.text, mark.end())
            else:
                end = mark.start() if mark else len(self.text)
                self._plain(self.at, end)
                self.at = end
                if mark and not self._markup():
                    break
        while len(self.frames) > 1:
            self.note(Code.UNCLOSED, f"<{self.frames[-1].name}> has no end tag", self.frames[-1].start)
            self._close(len(self.text))
        self._flush()
        del self._tags  # it calls back: the cycle would keep every document that was ever read

    def _markup(self) -> bool:
        """Take what begins with the ``<`` at hand; False where nothing more can be read."""
        text, at = self.text, self.at
        if text.startswith("<!--", at):
            return self._skip(at + 4, "-->", "comment")
        if text.startswith("<![CDATA[", at):
            return self._cdata()
        if text.startswith("<?", at):
            return self._skip(at + 2, "?>", "processing instruction")
        if text.startswith("<!", at):
            return self._declaration()
        if text.startswith("</", at):
            return self._end_tag()
        return self._start_tag()

    def _skip(self, start: int, mark: str, what: str) -> bool:
        end = self.text.find(mark, start)
        if end < 0:
            self.note(Code.UNFINISHED, f"a {what} never ends", self.at)
        end = end if end >= 0 else len(self.text)
        if self.text.find(_REPLACED, start, end) >= 0:
            self.comments.append(Comment(self.text[start:end], *self.place(start)))
        self.at = min(end + len(mark), len(self.text))
        return True

    def _declaration(self) -> bool:
        self.note(Code.DECLARATION, "a declaration, which policies cannot have: skipped", self.at)
        found = _DECLARATION.match(self.text, self.at)
        end = found.end() if found else self.at + 2
        if self.text.startswith("[", end):
            self.at = end
            self._skip(end, "]", "declaration")
            end = self.at
        rest = _DECLARATION_END.match(self.text, end)
        self.at = rest.end() if rest else end
        return True

    # -- text --------------------------------------------------------------------------------------------

    def _add(self, piece: Piece, at: int) -> None:
        frame = self.frames[-1]
        if frame.text_at < 0:
            if isinstance(piece, str):
                if not piece.strip():
                    return
                at += len(piece) - len(piece.lstrip())
            frame.text_at = at
        frame.pieces.append(piece)

    def _plain(self, start: int, end: int) -> None:
        if start < end:
            self._add(text_of(self.text, start, end), start)

    def _expression(self, at: int) -> bool:
        span, _ = self._scanner.scan(at, _TEXT_END)
        if span is None:
            if self.frames[-1].text_at < 0 and not _SOLID.search(self.text, self.at, at):
                self.note(Code.UNBALANCED, "the end of this expression cannot be found", at)
            return False
        self._plain(self.at, at)
        self._add(expression(self.text, span, self.place(at)), at)
        self.at = span.end + 1
        return True

    def _cdata(self) -> bool:
        start = self.at + 9
        end = self.text.find("]]>", start)
        if end < 0:
            self.note(Code.UNFINISHED, "a CDATA section never ends", self.at)
            end = len(self.text)
        content = self.text[start:end]
        at = start + len(content) - len(content.lstrip())
        piece: Piece = content
        if content.lstrip()[:2] in {"@(", "@{"}:
            span, _ = self._scanner.scan(at, _ANY, entities=False)
            if span is not None and span.end < end and not self.text[span.end + 1 : end].strip():
                piece = expression(self.text, span, self.place(at))
            elif self.frames[-1].text_at < 0:
                self.note(Code.UNBALANCED, "the end of this expression cannot be found", at)
        self._add(piece, start if isinstance(piece, str) else at)
        self.at = min(end + 3, len(self.text))
        return True

    def _flush(self) -> None:
        """Make a text node of the pending pieces."""
        frame = self.frames[-1]
        if frame.text_at < 0:
            return
        place = self.place(frame.text_at)
        value = combine(frame.pieces, *place)
        frame.pieces, at, frame.text_at = [], frame.text_at, -1
        if value is None:
            return
        if isinstance(value, Mixed):
            self.note(Code.MIXED, "text and expression in one value", at)
        if len(self.frames) == 1:
            self.note(Code.TEXT_OUTSIDE, "text outside of all elements", at)
        frame.children.append(Text(value, *place))

    # -- tags --------------------------------------------------------------------------------------------

    def _start_tag(self) -> bool:
        name = _NAME.match(self.text, self.at + 1)
        start = self.at
        if name is None:  # the mark saw a name's first character, so this cannot be
            self.at += 1
            return True
        if len(self.frames) > MAX_DEPTH:
            self.note(Code.TOO_DEEP, f"more than {MAX_DEPTH:,} nested elements: not read on", start)
            self.at = len(self.text)
            return False
        self._flush()
        if len(self.frames) == 1 and any(isinstance(child, Element) for child in self.frames[0].children):
            self.note(Code.SEVERAL_ROOTS, "a second element at the top", start)
        tag = self._tags.read(name.end())
        self.at = tag.end
        self.frames.append(_Frame(name.group(), start, tag.attributes))
        self._open[name.group()] += 1
        if tag.empty:
            self._close(tag.end)
        elif name.group() == "set-body" and _is_liquid(tag):
            self._liquid()
        return True

    def _liquid(self) -> None:
        """Leave the body of a Liquid template alone: its braces and signs are no named values or tags."""
        found = _LIQUID_END.search(self.text, self.at)
        if found is None:
            return  # the missing end tag is said at the end
        content = self.text[self.at : found.start()]
        if content.strip():
            at = self.at + len(content) - len(content.lstrip())
            whole = re.fullmatch(r"\s*+<!\[CDATA\[(.*?)\]\]>\s*", content, re.DOTALL)
            body = whole[1] if whole else text_of(self.text, self.at, found.start())
            self.frames[-1].children.append(Text(Literal((body,), *self.place(at)), *self.place(at)))
        self.at = found.end()
        self._close(self.at)

    def _end_tag(self) -> bool:
        found = _END_TAG.match(self.text, self.at)
        name = found[1] if found else ""
        end = found.end() if found else self.at + 2
        if not self._open[name]:
            self.note(Code.STRAY_END, f"</{name}> ends nothing", self.at)
            self.at = end
            return True
        if self.text[end - 1] != ">":
            self.note(Code.UNFINISHED, f"the tag </{name} never ends", self.at)
        while self.frames[-1].name != name:
            self.note(Code.UNCLOSED, f"<{self.frames[-1].name}> has no end tag", self.frames[-1].start)
            self._close(self.at)
        self.at = end
        self._close(end)
        return True

    def _close(self, end: int) -> None:
        self._flush()
        frame = self.frames.pop()
        self._open[frame.name] -= 1
        element = Element(
            frame.name, frame.attributes, tuple(frame.children), *self.place(frame.start), frame.start, end
        )
        self.frames[-1].children.append(element)


def _is_liquid(tag: Tag) -> bool:
    return any(
        attribute.name == "template"
        and isinstance(attribute.value, Literal)
        and attribute.value.text.strip().lower() == "liquid"
        for attribute in tag.attributes
    )
