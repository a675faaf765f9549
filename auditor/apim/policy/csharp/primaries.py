"""Operands: literals, names, accesses, calls, ``new``, lambdas, brackets.

Source: the C# language specification, "Primary expressions" and "Anonymous function expressions".
"""

from __future__ import annotations

from typing import Final

from auditor.apim.policy.csharp import nodes as n
from auditor.apim.policy.csharp.cursor import Cursor
from auditor.apim.policy.csharp.lexer import RawHole, Sort, Token
from auditor.apim.policy.tree import NamedValue, Part, Template

_BEHIND_TYPE_ARGUMENTS: Final = frozenset(
    {"(", ")", "]", "}", ":", ";", ",", ".", "?", "?.", "==", "!=", "|", "^", "&&", "||", "&", "["}
)
"""What may follow ``a<b>`` where it is a name with type arguments and no comparison."""


class PrimaryParser(Cursor):
    """Everything that needs no operator."""

    def expression(self) -> n.Expr:
        """Given by the parser of operators."""
        raise NotImplementedError

    def unary(self) -> n.Expr:
        """Given by the parser of operators."""
        raise NotImplementedError

    def block(self) -> n.Block:
        """Given by the parser of statements."""
        raise NotImplementedError

    # -- operands and what follows them ------------------------------------------------------------------

    def primary(self) -> n.Expr:
        """An operand with its accesses and calls."""
        bracketed = self.is_mark("(")
        found = self._operand()
        if bracketed and self.is_mark(".", "?.", "[", "(", "?") and _is_conditional(found):
            found = n.Grouped(found, at=found.at)
        while True:
            further = self._access(found)
            if further is None:
                return found
            found = further

    def _access(self, target: n.Expr) -> n.Expr | None:
        token = self.token
        if token.sort is not Sort.MARK:
            return None
        if token.text in {".", "?."}:
            self.next()
            at = self.token.at
            name = self.name()
            return n.Member(target, name, self._type_arguments(), token.text == "?.", at=at)
        if token.text == "[":
            return n.Index(target, self.arguments("[", "]"), at=token.at)
        if token.text == "?" and self.is_mark("[", ahead=1):
            self.next()
            return n.Index(target, self.arguments("[", "]"), conditional=True, at=token.at)
        if token.text == "(":
            return n.Call(target, self.arguments("(", ")"), at=token.at)
        if token.text in {"++", "--"} or (token.text == "!" and not self._operand_behind()):
            self.next()
            return n.Postfix(token.text, target, at=token.at)
        return None

    def _operand_behind(self) -> bool:
        following = self.ahead()
        return following.sort is not Sort.MARK and following.sort is not Sort.END

    def _type_arguments(self) -> tuple[n.Type, ...]:
        """``<T>`` behind a name, unless it is a comparison."""
        if not self.is_mark("<"):
            return ()
        start = self.index
        found = self.try_type_arguments()
        if found is not None and (
            self.token.sort is Sort.END
            or (self.token.sort is Sort.MARK and self.token.text in _BEHIND_TYPE_ARGUMENTS)
        ):
            return found
        self.index = start
        return ()

    def arguments(self, opening: str, closing: str) -> tuple[n.Argument, ...]:
        """Arguments with their brackets."""
        self.expect(opening)
        found: list[n.Argument] = []
        while not self.take(closing):
            found.append(self._argument())
            if not self.is_mark(closing):
                self.expect(",")
        return tuple(found)

    def _argument(self) -> n.Argument:
        at = self.token.at
        name = None
        if self.is_name() and self.is_mark(":", ahead=1):
            name = self.name()
            self.next()
        modifier = self.next().text if self.is_word("out", "ref", "in") else ""
        if modifier == "out":
            start, place = self.index, self.token.at
            kind = self.try_type()
            if kind is not None and self.is_name():
                return n.Argument(n.Declared(kind, self.name(), at=place), name, modifier, at=at)
            self.index = start
        return n.Argument(self.expression(), name, modifier, at=at)

    def _operand(self) -> n.Expr:
        token = self.token
        at = token.at
        match token.sort:
            case Sort.NAME:
                return self._word(token)
            case Sort.NUMBER:
                self.next()
                return n.Number(token.text, at=at)
            case Sort.CHARACTER:
                self.next()
                return n.Character(token.text, at=at)
            case Sort.STRING:
                self.next()
                return n.String(_texts(token), at=at)
            case Sort.QUOTED:
                self.next()
                return n.QuotedText(_texts(token), at=at)
            case Sort.INTERPOLATED:
                self.next()
                return self._interpolated(token)
            case Sort.NAMED | Sort.FILLED:
                self.next()
                return _filled(token)
            case _:
                if token.text == "(":
                    return self._brackets()
                raise self.fault("a value expected")

    def _word(self, token: Token) -> n.Expr:
        at, word = token.at, token.text
        if word == "null":
            self.next()
            return n.Null(at=at)
        if word in {"true", "false"}:
            self.next()
            return n.Boolean(word == "true", at=at)
        if word == "new":
            return self._new()
        if word == "delegate":
            return self._delegate()
        if word in {"typeof", "sizeof", "default"}:
            self.next()
            kind = None
            if word != "default" or self.is_mark("("):
                self.expect("(")
                kind = self.type()
                self.expect(")")
            return n.OfType(word, kind, at=at)
        if word in {"checked", "unchecked"}:
            self.next()
            self.expect("(")
            inner = self.expression()
            self.expect(")")
            return n.Checked(word, inner, at=at)
        name = self.name()
        if self.is_mark("::"):  # global::System.Text
            self.next()
            name += "::" + self.name()
        return n.Name(name, self._type_arguments(), at=at)

    def _brackets(self) -> n.Expr:
        at = self.next().at
        first = self._tuple_item()
        if first.name is None and self.take(")"):
            return first.value
        items = [first]
        while self.take(","):
            items.append(self._tuple_item())
        self.expect(")")
        if len(items) < 2:
            raise self.fault("a second item expected before this")
        return n.Tuple(tuple(items), at=at)

    def _tuple_item(self) -> n.Argument:
        at = self.token.at
        name = None
        if self.is_name() and self.is_mark(":", ahead=1):
            name = self.name()
            self.next()
        return n.Argument(self.expression(), name, at=at)

    def _interpolated(self, token: Token) -> n.Expr:
        found = (self._hole(part) if isinstance(part, RawHole) else part for part in token.parts)
        return n.Interpolated(tuple(found), at=token.at)

    def _hole(self, raw: RawHole) -> n.Hole:
        self.enter()
        inner = type(self)(self.source, raw.tokens, self.level)
        at = inner.token.at
        value = inner.expression()
        alignment = inner.expression() if inner.take(",") else None
        if inner.token.sort is not Sort.END:
            raise inner.fault("the end of the hole expected")
        self.leave()
        return n.Hole(value, alignment, raw.format, at=at)

    # -- lambdas -----------------------------------------------------------------------------------------

    def is_lambda(self) -> bool:
        """Whether a lambda begins here: ``x =>``, ``(…) =>``, with ``async`` or not."""
        ahead = 1 if self.is_word("async") and not self.is_mark("=>", ahead=1) else 0
        if self.is_name(ahead):
            return self.is_mark("=>", ahead=ahead + 1)
        if self.is_mark("(", ahead=ahead):
            partner = self.partner.get(self.index + ahead)
            return partner is not None and self.is_mark("=>", ahead=partner - self.index + 1)
        return False

    def lambda_expression(self) -> n.Expr:
        """A lambda that is known to be there."""
        at = self.token.at
        if self.is_word("async") and not self.is_mark("=>", ahead=1):
            self.next()
        if self.is_mark("("):
            parameters = self.parameters()
        else:
            place = self.token.at
            parameters = (n.Parameter(self.name(), at=place),)
        self.expect("=>")
        result = self.block() if self.is_mark("{") else self.expression()
        return n.Lambda(parameters, result, at=at)

    def parameters(self) -> tuple[n.Parameter, ...]:
        """Parameters in their brackets, typed or not."""
        self.expect("(")
        found: list[n.Parameter] = []
        while not self.take(")"):
            at = self.token.at
            modifier = self.next().text if self.is_word("out", "ref", "in", "params", "this") else ""
            if self.is_name() and self.is_mark(",", ")", ahead=1):
                found.append(n.Parameter(self.name(), None, modifier, at=at))
            else:
                kind = self.type()
                found.append(n.Parameter(self.name(), kind, modifier, at=at))
                if self.take("="):
                    self.expression()
            if not self.is_mark(")"):
                self.expect(",")
        return tuple(found)

    def _delegate(self) -> n.Expr:
        at = self.next().at
        parameters = self.parameters() if self.is_mark("(") else ()
        return n.Lambda(parameters, self.block(), at=at)

    # -- new ---------------------------------------------------------------------------------------------

    def _new(self) -> n.Expr:
        at = self.next().at
        if self.is_mark("{"):
            return self._anonymous(at)
        if self.is_mark("["):
            self.next()
            rank = 1
            while self.take(","):
                rank += 1
            self.expect("]")
            return n.NewArray(None, (), self.initializer(), rank, at=at)
        kind = self._created()
        if kind.suffix.endswith("]"):  # new T[] { … }: the first rank belongs to new, the rest to the items
            cut = kind.suffix.index("]") + 1
            start = kind.suffix.index("[")
            element = n.Type(kind.name, kind.arguments, kind.suffix[:start] + kind.suffix[cut:], at=kind.at)
            return n.NewArray(element, (), self.initializer(), cut - start - 1, at=at)
        if self.is_mark("["):
            return self._sized(kind, at)
        arguments = self.arguments("(", ")") if self.is_mark("(") else None
        initializer = self.initializer() if self.is_mark("{") else None
        if arguments is None and initializer is None:
            raise self.fault("'(' expected")
        return n.New(kind, arguments or (), initializer, at=at)

    def _created(self) -> n.Type:
        if self.token.sort in {Sort.NAMED, Sort.FILLED}:
            token = self.next()
            return n.Type(token.text, at=token.at)
        return self.type()

    def _sized(self, kind: n.Type, at: int) -> n.Expr:
        sizes = tuple(argument.value for argument in self.arguments("[", "]"))
        suffix = ""
        while self.is_mark("[") and self.is_mark("]", ahead=1):
            self.index += 2
            suffix += "[]"
        element = n.Type(kind.name, kind.arguments, kind.suffix + suffix, at=kind.at)
        items = self.initializer() if self.is_mark("{") else None
        return n.NewArray(element, sizes, items, len(sizes), at=at)

    def _anonymous(self, at: int) -> n.Expr:
        self.expect("{")
        members: list[tuple[str, n.Expr]] = []
        while not self.take("}"):
            if self.is_name() and self.is_mark("=", ahead=1):
                name = self.name()
                self.next()
                members.append((name, self.expression()))
            else:
                value = self.expression()
                members.append((_own_name(value), value))
            if not self.is_mark("}"):
                self.expect(",")
        return n.Anonymous(tuple(members), at=at)

    def initializer(self) -> n.Initializer:
        """``{ … }`` behind ``new``."""
        self.enter()
        at = self.expect("{").at
        items: list[n.Expr] = []
        while not self.take("}"):
            items.append(self._item())
            if not self.is_mark("}"):
                self.expect(",")
        self.leave()
        return n.Initializer(tuple(items), at=at)

    def _item(self) -> n.Expr:
        at = self.token.at
        if self.is_mark("{"):
            return self.initializer()
        target: n.Expr | None = None
        if self.is_mark("["):
            target = n.Index(n.Name("this", at=at), self.arguments("[", "]"), at=at)
        elif self.is_name() and self.is_mark("=", ahead=1):
            target = n.Name(self.name(), at=at)
        if target is None:
            return self.expression()
        place = self.expect("=").at
        value = self.initializer() if self.is_mark("{") else self.expression()
        return n.Assignment("=", target, value, at=place)


def _texts(token: Token) -> tuple[Part, ...]:
    return tuple(part for part in token.parts if not isinstance(part, RawHole))


def _filled(token: Token) -> n.Expr:
    part = token.parts[0]
    if isinstance(part, NamedValue):
        return n.Named(part, at=token.at)
    return n.Filled(part if isinstance(part, Template) else Template(token.text), at=token.at)


def _own_name(value: n.Expr) -> str:
    """The name that a member of an anonymous object takes from its value."""
    return value.name if isinstance(value, n.Name | n.Member) else ""


def _is_conditional(chain: n.Expr) -> bool:
    """Whether a chain of accesses holds a ``?.`` or ``?[``."""
    while True:
        match chain:
            case n.Member() | n.Index():
                if chain.conditional:
                    return True
                chain = chain.target
            case n.Call(function=inner) | n.Postfix(operator="!", operand=inner):
                chain = inner
            case _:
                return False
