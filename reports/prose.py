"""The catalogue's Markdown as HTML: no raw HTML, no images, links to Microsoft's documentation only."""

from __future__ import annotations

import functools
import re
from collections.abc import MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from reports.safe import plain

_DOCUMENTATION = re.compile(r"https://learn\.microsoft\.com/[\w./#?=&%+:,()~-]*", re.ASCII)
_BECOMES_LINK = re.compile(r"://|\bwww\.|(?<!\w)@\w", re.IGNORECASE)
"""What sites make links or mentions of in text that is not code."""
_LONGEST = 20_000
_LANGUAGES = {
    "bash": "Shell",
    "bicep": "Bicep",
    "hcl": "Terraform",
    "json": "JSON",
    "powershell": "PowerShell",
    "sh": "Shell",
    "terraform": "Terraform",
    "tf": "Terraform",
    "xml": "Policy",
}
"""What heads a snippet, by what its fence says."""
_TOOLS = {"Azure CLI", "Bicep", "Terraform"}
"""Tools that one thing can be done with: where several follow one another, the reader opens one."""


def is_documentation(url: str) -> bool:
    """Whether a link may be a link in a report: a stored result can be written by anyone."""
    return _DOCUMENTATION.fullmatch(url) is not None


@functools.lru_cache(maxsize=1024)
def prose(text: str) -> str:
    """A text of the catalogue as HTML blocks."""
    return str(_markdown().render(plain(text, _LONGEST)))


def harmless(text: str) -> str:
    """A text of the catalogue as Markdown for readers we do not know: as it is, or as a block of code.

    The project's own texts hold no HTML, no images, and links to Microsoft's documentation only. One that
    does was put into the stored result by somebody else: it is shown as code, where it is only text.
    """
    source = plain(text, _LONGEST)
    if not any(map(_is_foreign, _reader().parse(source))):
        return source
    longest = max((len(run) for run in re.findall("`+", source)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{source}\n{fence}\n"


def _is_foreign(token: Token) -> bool:
    if token.type in ("html_block", "html_inline", "image"):
        return True
    if token.type == "link_open":
        return not is_documentation(str(token.attrs.get("href", "")))
    if token.type == "text":
        return _BECOMES_LINK.search(token.content) is not None
    return any(map(_is_foreign, token.children or ()))


@functools.cache
def _reader() -> MarkdownIt:
    rules = MarkdownIt("commonmark", {"html": True}).enable("table")
    # Every link is to be seen, also those that this reader would not make.
    rules.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    return rules


@functools.cache
def _markdown() -> MarkdownIt:
    # Headings would break the outline of the page they are put in; images would ask another server.
    rules = (
        MarkdownIt("commonmark", {"html": False}).disable(["heading", "lheading", "image"]).enable("table")
    )
    rules.validateLink = is_documentation  # type: ignore[method-assign]
    rules.add_render_rule("link_open", _link_open)
    rules.add_render_rule("fence", _fence)
    for cell in ("th_open", "td_open"):
        rules.add_render_rule(cell, _cell_open)
    return rules


def language_of(info: str, text: str) -> str:
    """What a snippet is written in, as people call it; empty where the fence does not say a known name.

    Args:
        info: what stands behind the fence.
        text: the snippet.
    """
    language = _LANGUAGES.get(info.strip().lower(), "")
    if language == "Shell" and re.search(r"(?m)^(\w+=\$\()?az ", text):
        return "Azure CLI"
    return language


def _fence(_renderer: RendererHTML, tokens: Sequence[Token], index: int, *_: Any) -> str:
    """A snippet, headed by its language where that is a known one; one tool of several can be folded."""
    language, before, after = (_tool(tokens, at) for at in (index, index - 1, index + 1))
    head = f' data-lang="{language}"' if language else ""
    snippet = f"<pre{head}><code>{escapeHtml(tokens[index].content)}</code></pre>\n"
    beside = {before, after} & _TOOLS
    if language not in _TOOLS or not beside or beside == {language}:
        return snippet
    first = " open" if before not in _TOOLS else ""
    return f'<details class="tool"{first}><summary>{language}</summary>\n{snippet}</details>\n'


def _tool(tokens: Sequence[Token], index: int) -> str:
    """The language of a snippet, empty where there is none."""
    if not 0 <= index < len(tokens) or tokens[index].type != "fence":
        return ""
    return language_of(tokens[index].info, tokens[index].content)


def _cell_open(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: Any,
    env: MutableMapping[str, Any],
) -> str:
    # The alignment of a column comes as a style attribute, which the page's policy forbids.
    tokens[index].attrs.pop("style", None)
    if tokens[index].tag == "th":
        tokens[index].attrSet("scope", "col")
    return renderer.renderToken(tokens, index, options, env)


def _link_open(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: Any,
    env: MutableMapping[str, Any],
) -> str:
    tokens[index].attrSet("rel", "noreferrer")
    return renderer.renderToken(tokens, index, options, env)
