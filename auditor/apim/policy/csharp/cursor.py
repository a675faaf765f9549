"""A place in the tokens; and types, which are tried where they may stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auditor.apim.policy.csharp.lexer import Fault, Sort, Token
from auditor.apim.policy.csharp.nodes import Type

MAX_RECURSION: Final = 60
"""Brackets, lambdas, statements within each other while parsing: far below Python's own limit."""
_MAX_ARGUMENTS: Final = 16
_MAX_TYPES: Final = 8
"""Type arguments of one type, and types within types. More cannot be meant, and trying takes time."""

RESERVED: Final = frozenset(
    {
        "as", "break", "case", "catch", "checked", "class", "const", "continue", "default", "delegate",
        "do", "else", "enum", "event", "explicit", "extern", "finally", "fixed", "for", "foreach", "goto",
        "if", "implicit", "in", "interface", "internal", "is", "lock", "namespace", "new", "null",
        "operator", "out", "override", "params", "private", "protected", "public", "readonly", "ref",
        "return", "sealed", "sizeof", "stackalloc", "static", "struct", "switch", "throw", "true",
        "false", "try", "typeof", "unchecked", "unsafe", "using", "virtual", "volatile", "while",
    }
)  # fmt: skip
"""Words that are no names, types or values."""
BUILT_IN: Final = frozenset(
    {
        "bool", "byte", "char", "decimal", "double", "dynamic", "float", "int", "long", "object", "sbyte",
        "short", "string", "uint", "ulong", "ushort", "void",
    }
)  # fmt: skip
_BEHIND_NULLABLE: Final = frozenset({")", "]", "}", ";", ",", "&&", "||", "??", "==", "!=", ":"})
_OPENERS: Final = {"(": ")", "[": "]", "{": "}"}


class Cursor:
    """Reads tokens one by one."""

    def __init__(self, source: str, tokens: Sequence[Token], level: int = 0) -> None:
        self.source = source
        self.tokens = tokens
        self.index = 0
        self.level = level
        self.types = 0
        self.comparisons: set[int] = set()
        """Where a ``<`` was found not to begin type arguments: tried once, not at every level again."""
        self.partner = _partners(tokens)

    @property
    def token(self) -> Token:
        """The token at hand."""
        return self.tokens[self.index]

    def ahead(self, count: int = 1) -> Token:
        """A token further on; the last one where there are no more."""
        return self.tokens[min(self.index + count, len(self.tokens) - 1)]

    def next(self) -> Token:
        """Pass the token at hand."""
        token = self.tokens[self.index]
        if token.sort is not Sort.END:
            self.index += 1
        return token

    def is_mark(self, *texts: str, ahead: int = 0) -> bool:
        """Whether one of these marks stands there."""
        token = self.ahead(ahead)
        return token.sort is Sort.MARK and token.text in texts

    def is_word(self, *texts: str, ahead: int = 0) -> bool:
        """Whether one of these words stands there."""
        token = self.ahead(ahead)
        return token.sort is Sort.NAME and token.text in texts

    def is_name(self, ahead: int = 0) -> bool:
        """Whether a name stands there, and no reserved word."""
        token = self.ahead(ahead)
        return token.sort is Sort.NAME and token.text not in RESERVED

    def take(self, *texts: str) -> bool:
        """Pass a mark or a word if it is there."""
        if self.is_mark(*texts) or self.is_word(*texts):
            self.index += 1
            return True
        return False

    def expect(self, text: str) -> Token:
        """Pass a mark or a word that must be there."""
        if not (self.is_mark(text) or self.is_word(text)):
            raise self.fault(f"{text!r} expected")
        return self.next()

    def name(self) -> str:
        """Pass a name that must be there."""
        if not self.is_name():
            raise self.fault("a name expected")
        return plain(self.next().text)

    def fault(self, message: str) -> Fault:
        """What is wrong at the token at hand."""
        found = repr(self.token.text[:20]) if self.token.sort is not Sort.END else "the end"
        return Fault(f"{message}, not {found}", self.token.at)

    def enter(self) -> None:
        """Begin one level of recursion more; ``leave`` ends it."""
        self.level += 1
        if self.level > MAX_RECURSION:
            raise Fault("nested too deeply", self.token.at)

    def leave(self) -> None:
        """End a level of recursion."""
        self.level -= 1

    # -- types -------------------------------------------------------------------------------------------

    def type(self) -> Type:
        """A type that must be there."""
        found = self.try_type()
        if found is None:
            raise self.fault("a type expected")
        return found

    def try_type(self, *, operand: bool = False) -> Type | None:
        """A type if there is one; the place stays if not.

        Args:
            operand: Behind ``is`` and ``as`` a ``?`` may as well begin a conditional.
        """
        start = self.index
        self.types += 1
        found = self._type(operand) if self.types <= _MAX_TYPES else None
        self.types -= 1
        if found is None:
            self.index = start
        return found

    def _type(self, operand: bool) -> Type | None:
        at = self.token.at
        if self.is_mark("("):
            items = self._tuple_types()
            return None if items is None else Type("()", items, self._suffix(operand), at=at)
        name = ""
        arguments: tuple[Type, ...] = ()
        while True:
            if not self.is_name():
                return None
            name += plain(self.next().text)
            if self.is_mark("<"):
                given = self.try_type_arguments()
                if given is None:
                    return None
                arguments = given
            if not (self.is_mark(".", "::") and self.is_name(1)):
                break
            if arguments:  # a member of a generic type: its own arguments are not kept apart
                name += "<" + ", ".join(map(type_text, arguments)) + ">"
                arguments = ()
            name += self.next().text
        return Type(name, arguments, self._suffix(operand), at=at)

    def _tuple_types(self) -> tuple[Type, ...] | None:
        self.next()
        items: list[Type] = []
        while len(items) < _MAX_ARGUMENTS:
            item = self.try_type()
            if item is None:
                return None
            items.append(item)
            if self.is_name():
                self.next()
            if self.take(")"):
                return tuple(items) if len(items) > 1 else None
            if not self.take(","):
                return None
        return None

    def try_type_arguments(self) -> tuple[Type, ...] | None:
        """``<A, B>`` if it is there."""
        start = self.index
        if start not in self.comparisons and self.take("<"):
            items: list[Type] = []
            while len(items) < _MAX_ARGUMENTS:
                item = self.try_type()
                if item is None:
                    break
                items.append(item)
                if self.take(">"):
                    return tuple(items)
                if not self.take(","):
                    break
        self.index = start
        self.comparisons.add(start)
        return None

    def _suffix(self, operand: bool) -> str:
        suffix = ""
        while True:
            if self.is_mark("?") and not suffix.endswith("?") and (not operand or self._nullable_ends()):
                self.next()
                suffix += "?"
            elif self.is_mark("[") and self.is_mark("]", ",", ahead=1):
                start = self.index
                self.next()
                rank = 1
                while self.take(","):
                    rank += 1
                if not self.take("]"):
                    self.index = start
                    return suffix
                suffix += "[" + "," * (rank - 1) + "]"
            else:
                return suffix

    def _nullable_ends(self) -> bool:
        following = self.ahead()
        return following.sort is Sort.END or (
            following.sort is Sort.MARK
            and following.text in {")", "]", "}", ";", ",", "&&", "||", "??", "==", "!=", ":"}
        )


def plain(name: str) -> str:
    """A name without the ``@`` that lets a reserved word be one; with it where it is needed."""
    return name if not name.startswith("@") or name[1:] in RESERVED else name[1:]


def type_text(given: Type) -> str:
    """A type as it is written."""
    listed = ", ".join(map(type_text, given.arguments))
    if given.name == "()":
        return f"({listed}){given.suffix}"
    return f"{given.name}<{listed}>{given.suffix}" if listed else given.name + given.suffix


def _partners(tokens: Sequence[Token]) -> dict[int, int]:
    """For each opening bracket that has one, the index of the closing one."""
    waiting: list[int] = []
    found: dict[int, int] = {}
    for index, token in enumerate(tokens):
        if token.sort is not Sort.MARK:
            continue
        if token.text in _OPENERS:
            waiting.append(index)
        elif token.text in {")", "]", "}"}:
            if waiting and _OPENERS[tokens[waiting[-1]].text] == token.text:
                found[waiting.pop()] = index
            else:
                return found
    return found
