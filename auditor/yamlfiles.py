"""YAML as plain values with their lines: no aliases, no tags, no key given twice, one document.

PyYAML's parser gives events and nodes with their marks; nothing is constructed by it, so no tag can make an
object of anything, and without aliases no small text becomes a large tree.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from auditor.errors import FileError, Mistake

_DEEPEST = 32

Places: TypeAlias = dict[tuple[str | int, ...], tuple[int, int]]


def read_yaml(path: str, text: str) -> tuple[Any, Places]:
    """The value of a document, and where each value in it stands.

    Args:
        path: For errors.
        text: The document.

    Raises:
        FileError: It is not YAML, or uses more of YAML than such a file needs.
    """
    import yaml

    # The parser in C is ten times faster; where it was not built, the other says the same.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _refuse(path, yaml.parse(text, Loader=loader))
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise FileError([Mistake(path, f"not valid YAML ({error.problem})", line, column)]) from None
    except yaml.YAMLError:
        raise FileError([Mistake(path, "not valid YAML: it holds characters that no text has")]) from None
    places: Places = {}
    return (None if node is None else _value(path, node, (), places)), places


def _refuse(path: str, events: Any) -> None:
    import yaml

    depth = documents = 0
    for event in events:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise FileError([Mistake(path, "it holds more than one document", line, column)])
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise FileError([Mistake(path, "anchors and aliases (& and *) are not taken", line, column)])
        if getattr(event, "tag", None):
            raise FileError([Mistake(path, "tags (!) are not taken", line, column)])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise FileError([Mistake(path, "it is nested too deeply", line, column)])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _value(path: str, node: Any, steps: tuple[str | int, ...], places: Places) -> Any:
    import yaml

    places[steps] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_value(path, item, (*steps, index), places) for index, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return _scalar(node)
    found: dict[str, Any] = {}
    for key, item in node.value:
        place = key.start_mark.line + 1, key.start_mark.column + 1
        if not isinstance(key, yaml.ScalarNode):
            raise FileError([Mistake(path, "a key has to be a word", *place)])
        if key.value in found:
            raise FileError([Mistake(path, f"the key {key.value[:80]!r} is given twice", *place)])
        found[key.value] = _value(path, item, (*steps, key.value), places)
        places[(*steps, key.value)] = place
    return found


def _scalar(node: Any) -> Any:
    """As the JSON schema of YAML has it; a date, or anything else that YAML 1.1 makes of text, stays text."""
    text: str = node.value
    match node.tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return text.lower() in ("true", "yes", "on")
        case "int":
            digits = text.removeprefix("+").removeprefix("-")
            # Octal, binary and base 60 are nobody's intention here.
            plain = digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
            return int(text) if plain and len(digits) < 19 else text
        case _:
            return text
