"""The commands of az in a snippet, and what they set: by a table of options, or by the body of az rest."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.model.values import Json
from tests.controls.remedies.snippets import Change, Draft, SnippetError

Options = Mapping[str, Mapping[str, str | list[str]]]
"""Command -> option -> where its value goes in Azure; empty where it only addresses."""

_CONTINUED = re.compile(r"\\\n\s*")
_INNER = re.compile(r"\$\((az [^)]*)\)")
_ASSIGNED = re.compile(r"(?m)^\s*(\w+)=(?:\$\((az .*)\)|(\S.*))$")
SERVICE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
    "/providers/Microsoft.ApiManagement/service/contoso"
)
"""What ``az apim show --query id`` is taken to answer."""


@dataclass(frozen=True)
class Command:
    """One command as it is written: ``apim api update`` with its options."""

    name: str
    options: dict[str, list[str]]

    def first(self, option: str) -> str | None:
        values = self.options.get(option)
        return values[0] if values else None


def commands(text: str) -> list[Command]:
    """Every command of az in a shell snippet, those inside ``$(...)`` as well.

    Raises:
        SnippetError: a line cannot be split as the shell would.
    """
    text = _CONTINUED.sub(" ", text)
    found = [_command(inner) for inner in _INNER.findall(text)]
    text = _INNER.sub("INNER", text)
    try:
        words = [shlex.split(line, comments=True) for line in _lines(text)]
    except ValueError as error:
        raise SnippetError(f"not a shell command: {error}") from error
    return found + [_of_words(line[line.index("az") :]) for line in words if "az" in line]


def _lines(text: str) -> list[str]:
    """Lines of the shell: a quoted text may go over several lines of the file."""
    lines, open_line = [], ""
    for line in text.splitlines():
        open_line = f"{open_line}\n{line}" if open_line else line
        if _is_whole(open_line):
            lines.append(open_line)
            open_line = ""
    return [*lines, open_line] if open_line else lines


def _is_whole(line: str) -> bool:
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return False
    return True


def _command(text: str) -> Command:
    return _of_words(shlex.split(text))


def _of_words(words: list[str]) -> Command:
    name: list[str] = []
    options: dict[str, list[str]] = {}
    current: list[str] | None = None
    for word in words[1:]:
        if word in ("|", "&&", ";", ">"):
            break
        if word == "...":
            continue
        if word.startswith("-"):
            option, equals, value = word.partition("=")
            current = options.setdefault(option, [value] if equals else [])
        elif current is None:
            name.append(word)
        else:
            current.append(word)
    return Command(" ".join(name), options)


def checked(found: list[Command], table: Options) -> None:
    """Hold commands against the table of those that were tried with the real azure-cli.

    Raises:
        SnippetError: a command or an option is not in it.
    """
    for command in found:
        if (
            command.name == "apim update"
            and command.options
            and "--enable-managed-identity" not in command.options
        ):
            raise SnippetError(
                "az apim update without --enable-managed-identity sends the service without one"
            )
        if command.name not in table:
            raise SnippetError(f"az {command.name}: the table has no such command")
        unknown = set(command.options) - set(table[command.name])
        if unknown:
            raise SnippetError(f"az {command.name}: the table has no {sorted(unknown)}")


def changes_of(text: str, table: Options, names: Mapping[str, Json]) -> list[Change]:
    """What the commands of a snippet set."""
    variables = {name: str(value) for name, value in names.items() if name.startswith("$")}
    for name, inner, literal in _ASSIGNED.findall(_CONTINUED.sub(" ", text)):
        said = SERVICE if inner.startswith("az apim show") else literal.strip("\"'")
        variables.setdefault(f"${name}", said)
    found = []
    for command in commands(text):
        if command.name == "rest":
            found += _by_rest(command, variables)
            continue
        draft = Draft()
        for option, values in command.options.items():
            where = table.get(command.name, {}).get(option, "")
            for place in [where] if isinstance(where, str) else where:
                _put(draft, place, [_filled(value, variables) for value in values])
        found += draft.changes()
    return found


def _filled(text: str, variables: Mapping[str, str]) -> str:
    return re.sub(r"\$\{?(\w+)\}?", lambda match: variables.get(f"${match[1]}", match[0]), text)


def _put(draft: Draft, place: str, values: list[str]) -> None:
    """``[]`` behind a place takes all values as a list; one that ends in a slash takes NAME.NAME=VALUE."""
    if place.endswith("/"):
        for assignment in values:
            path, _, value = assignment.partition("=")
            draft.put(place + path.replace(".", "/"), _typed(value))
    elif place.endswith("[]"):
        draft.put(place.removesuffix("[]"), [_typed(value) for value in values])
    elif place:
        draft.put(place, _typed(" ".join(values)))


def _typed(word: str) -> Json:
    return {"true": True, "false": False}.get(word.lower(), word)


def _by_rest(command: Command, variables: Mapping[str, str]) -> list[Change]:
    body, method = command.first("--body"), (command.first("--method") or "get").lower()
    if method not in ("patch", "put") or body is None or body.startswith("@"):
        return []
    url = command.first("--url") or command.first("--uri") or ""
    url = url.replace("INNER", SERVICE).replace("$(", "")
    url = _filled(url, variables)
    path, _, query = url.partition("?")
    _, _, below = path.rpartition("/providers/")
    segments = below.split("/")
    if len(segments) < 3 or not query.startswith("api-version="):
        raise SnippetError(f"{url}: not the address of a resource with its api-version")
    kind = "/".join([segments[0], *segments[1::2]])
    return [Change(kind, segments[-1], json.loads(body), query.removeprefix("api-version="))]
