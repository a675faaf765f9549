"""Evaluates the C# of a policy expression for one caller on one path.

Every evaluation gives one value or throws; what can be either way is asked of the path. Null-conditional
chains, short-circuits and statement blocks follow the C# language specification ("Null-conditional member
access", "Conditional logical operators"). Loops, ``try``, ``switch`` and ``using`` are not followed: whatever
they assign is unknown afterwards.
"""

from __future__ import annotations

from auditor.apim.policy.csharp import nodes as cs
from auditor.apim.policy.evaluate import methods
from auditor.apim.policy.evaluate.compare import equal, less, opposite
from auditor.apim.policy.evaluate.context import index, member, name
from auditor.apim.policy.evaluate.frame import Frame, Remark
from auditor.apim.policy.evaluate.plain import (
    arithmetic,
    as_type,
    cast_to,
    concatenate,
    default_of,
    number_of,
    plus,
    text_of,
)
from auditor.apim.policy.values import (
    FALSE,
    NULL,
    TRUE,
    Atom,
    Bool,
    By,
    Certificate,
    Entry,
    Function,
    Null,
    Number,
    Sequence,
    Symbol,
    Text,
    Thrown,
    TypeName,
    Value,
    depends,
    mixed,
    show,
)


class OutOfFuel(Exception):  # noqa: N818 - a limit, told as an outcome
    """An evaluation takes too many steps."""


class _Short(Exception):  # noqa: N818 - control flow
    """A conditional access met null: the whole chain is null."""


_CHAIN = cs.Member | cs.Index | cs.Call


class Evaluator:
    """Evaluates expressions in one frame."""

    def __init__(self, frame: Frame) -> None:
        """``frame`` is what the expression sees."""
        self.frame = frame

    # -- expressions -----------------------------------------------------------------------------------

    def value(self, node: cs.Expr) -> Value:
        """What an expression is worth.

        Raises:
            Thrown: It throws.
            OutOfFuel: It takes too long.
        """
        self.frame.fuel -= 1
        if self.frame.fuel < 0:
            raise OutOfFuel
        if isinstance(node, _CHAIN):
            try:
                return self._link(node)
            except _Short:
                return NULL
        return self._plain(node)

    def _plain(self, node: cs.Expr) -> Value:  # noqa: C901 - one arm for each kind of node
        match node:
            case cs.Null():
                return NULL
            case cs.Boolean(value=known):
                return Bool(known)
            case cs.Number(text=text):
                return number_of(text)
            case cs.Character(value=character):
                return Text(character)
            case cs.String(parts=parts) | cs.QuotedText(parts=parts):
                return text_of(parts)
            case cs.Interpolated(parts=parts):
                return self._interpolated(parts)
            case cs.Named(value=named):
                return Symbol(By.CONFIG, str(named))
            case cs.Filled(value=template):
                return Symbol(By.CONFIG, str(template))
            case cs.Name(name=text):
                return self.frame.locals.get(text) or name(self.frame, text)
            case cs.Grouped(inner=inner):
                return self.value(inner)
            case cs.Cast(type=type_, operand=operand):
                return cast_to(type_, self.value(operand))
            case cs.As(operand=operand, type=type_):
                return as_type(type_, self.value(operand))
            case cs.Is():
                return self._is(node)
            case cs.Unary() | cs.Postfix():
                return self._unary(node)
            case cs.Binary():
                return self._binary(node)
            case cs.Coalesce(left=left, right=right):
                return self._coalesce(left, right)
            case cs.Conditional(test=test, then=then, otherwise=otherwise):
                return self.value(then if self.frame.truth(self.value(test)) else otherwise)
            case cs.Assignment():
                return self._assign(node)
            case cs.Lambda():
                return Function(node, tuple(self.frame.locals.items()))
            case cs.New():
                return self._new(node)
            case cs.NewArray(items=items, sizes=sizes):
                return (
                    Sequence(tuple(map(self.value, items.items))) if items else self._unknown("array", sizes)
                )
            case cs.Initializer(items=items):
                return Sequence(tuple(map(self.value, items)))
            case cs.Anonymous(members=members):
                return Sequence(tuple(Entry(Text(key), self.value(each)) for key, each in members))
            case cs.Tuple(items=arguments):
                return Sequence(tuple(self.value(each.value) for each in arguments))
            case cs.ThrowExpr():
                raise Thrown
            case cs.OfType(word=word, type=type_):
                return default_of(type_) if word == "default" else TypeName(str(type_))
            case cs.Checked(word=word, operand=operand):
                return self.value(operand) if word != "nameof" else Text(str(operand))
            case _:
                return Symbol(By.OPAQUE, type(node).__name__)

    def _link(self, node: cs.Expr) -> Value:
        """One link of a chain of accesses; a null before ``?.`` ends the whole chain."""
        match node:
            case cs.Member(target=target, name=text, conditional=conditional):
                return member(self.frame, self._target(target, conditional), text)
            case cs.Index(target=target, arguments=arguments, conditional=conditional):
                of = self._target(target, conditional)
                return index(self.frame, of, [self.value(each.value) for each in arguments])
            case cs.Call():
                return self._call(node)
            case _:
                return self.value(node)

    def _target(self, node: cs.Expr, conditional: bool) -> Value:
        of = self._link(node) if isinstance(node, _CHAIN) else self.value(node)
        if conditional and isinstance(of, Symbol) and of.by is not By.SECRET and not of.certificate:
            # Whether it is there is a question of its own; what follows ?. is reached only if it is.
            if self.frame.truth(equal(self.frame, of, NULL)):
                raise _Short
            return of
        if isinstance(of, Null):
            if conditional:
                raise _Short
            raise Thrown
        return of

    def _call(self, node: cs.Call) -> Value:
        arguments = [each.value for each in node.arguments]
        match node.function:
            case cs.Member(target=target, name=text, arguments=types, conditional=conditional):
                of = self._target(target, conditional)
                return methods.invoke(self, of, text, arguments, types)
            case cs.Name(name=text):
                local = self.frame.locals.get(text)
                if isinstance(local, Function):
                    return self.apply(local, [self.value(each) for each in arguments])
                return self._unknown(text, arguments)
            case other:
                function = self.value(other)
                if isinstance(function, Function):
                    return self.apply(function, [self.value(each) for each in arguments])
                return self._unknown(show(function), arguments)

    def _unknown(self, what: str, arguments: list[cs.Expr] | tuple[cs.Expr, ...]) -> Value:
        values = [self.value(each) for each in arguments if not isinstance(each, cs.Declared)]
        return mixed(f"{what}({', '.join(map(show, values))})", *values)

    def apply(self, function: Value, arguments: list[Value]) -> Value:
        """What a lambda gives for arguments; anything else is not understood."""
        if not isinstance(function, Function):
            return mixed(f"{show(function)}({', '.join(map(show, arguments))})", *arguments)
        outer = self.frame.locals
        names = [parameter.name for parameter in function.code.parameters]
        self.frame.locals = {**dict(function.locals), **dict(zip(names, arguments, strict=False))}
        try:
            result = function.code.result
            return self.run(result) if isinstance(result, cs.Block) else self.value(result)
        finally:
            self.frame.locals = outer

    def _interpolated(self, parts: tuple[cs.Part | cs.Hole, ...]) -> Value:
        values = [self.value(p.value) if isinstance(p, cs.Hole) else text_of((p,)) for p in parts]
        return concatenate(values)

    def _unary(self, node: cs.Unary | cs.Postfix) -> Value:
        operand = self.value(node.operand)
        if node.operator == "!" and isinstance(node, cs.Unary):
            return opposite(operand)
        if node.operator in {"!", "+", "await"}:
            return operand
        if node.operator == "-" and isinstance(operand, Number):
            return Number(-operand.value)
        return mixed(f"{node.operator}{show(operand)}", operand, at_least=By.OPAQUE)

    def _binary(self, node: cs.Binary) -> Value:
        operator = node.operator
        if operator in {"&&", "||"}:
            left = self.value(node.left)
            if self.frame.truth(left) is (operator == "||"):
                return TRUE if operator == "||" else FALSE
            return self.value(node.right)
        left, right = self.value(node.left), self.value(node.right)
        match operator:
            case "==":
                return equal(self.frame, left, right)
            case "!=":
                return opposite(equal(self.frame, left, right))
            case "<" | ">" | "<=" | ">=":
                return less(self.frame, operator, left, right)
            case "&" | "|" | "^":
                a, b = self.frame.truth(left), self.frame.truth(right)
                return Bool({"&": a and b, "|": a or b, "^": a is not b}[operator])
            case "+":
                return plus(left, right)
            case _:
                return arithmetic(operator, left, right)

    def _coalesce(self, left: cs.Expr, right: cs.Expr) -> Value:
        found = self.value(left)
        if isinstance(found, Null):
            return self.value(right)
        if isinstance(found, Symbol) and not found.certificate:
            return self.value(right) if self.frame.truth(equal(self.frame, found, NULL)) else found
        return found

    def _is(self, node: cs.Is) -> Value:
        of = self.value(node.operand)
        if node.constant is not None:
            result = equal(self.frame, of, self.value(node.constant))
        elif isinstance(of, Symbol):
            result = Symbol(of.by, f"{show(of)} is {node.type}", of.certificate, of.header)
        else:
            result = Bool(not isinstance(of, Null))
        if node.name:
            self.frame.locals[node.name] = of
        return opposite(result) if node.negated else result

    def _assign(self, node: cs.Assignment) -> Value:
        target = node.target
        new = self.value(node.value)
        if isinstance(target, cs.Name) and target.name in self.frame.locals:
            old = self.frame.locals[target.name]
            if node.operator == "+=":
                new = plus(old, new)
            elif node.operator in {"|=", "&="}:
                a, b = self.frame.truth(old), self.frame.truth(new)
                new = Bool(a or b if node.operator == "|=" else a and b)
            elif node.operator == "??=":
                new = new if isinstance(old, Null) else old
            elif node.operator != "=":
                new = mixed(node.operator, old, new, at_least=By.OPAQUE)
            self.frame.locals[target.name] = new
        return new

    def _new(self, node: cs.New) -> Value:
        values = [self.value(each.value) for each in node.arguments]
        short = node.type.name.rpartition(".")[2]
        if short.startswith("X509Certificate"):
            return self._new_certificate(values)
        if node.initializer is not None and short in {
            "List",
            "HashSet",
            "Dictionary",
            "SortedSet",
            "Collection",
        }:
            return Sequence(tuple(_entry(self, each) for each in node.initializer.items))
        if short in {"HashSet", "List", "SortedSet"} and len(values) == 1 and isinstance(values[0], Sequence):
            return values[0]
        if short == "Uri" and len(values) == 1:
            return values[0]
        return mixed(f"new {short}({', '.join(map(show, values))})", *values)

    def _new_certificate(self, values: list[Value]) -> Value:
        made = mixed(f"new X509Certificate2({', '.join(map(show, values))})", *values)
        if any(isinstance(each, Certificate) for each in values):
            return next(each for each in values if isinstance(each, Certificate))
        if made.by in {By.CALLER, By.SECRET} or made.header:
            # Whoever sends the request can send any public certificate in it.
            self.frame.remarks.add(Remark.HEADER_CERTIFICATE, made.text)
            return Certificate(header=True, text=made.text)
        return made

    # -- statements ------------------------------------------------------------------------------------

    def run(self, block: cs.Block) -> Value:
        """What a block returns; null where it ends without."""
        returned = self._run(block)
        return NULL if returned is None else returned

    def _run(self, statement: cs.Statement) -> Value | None:
        self.frame.fuel -= 1
        match statement:
            case cs.Block(statements=statements):
                for each in statements:
                    returned = self._run(each)
                    if returned is not None:
                        return returned
                return None
            case cs.If(test=test, then=then, otherwise=otherwise):
                if self.frame.truth(self.value(test)):
                    return self._run(then)
                return self._run(otherwise) if otherwise is not None else None
            case cs.Local(type=type_, variables=variables):
                for text, value in variables:
                    self.frame.locals[text] = self.value(value) if value is not None else default_of(type_)
                return None
            case cs.Return(value=value):
                return self.value(value) if value is not None else NULL
            case cs.Throw():
                raise Thrown
            case cs.ExpressionStatement(expression=expression):
                self.value(expression)
                return None
            case cs.Opaque():
                return self._opaque(statement)
            case _:
                return None

    def _opaque(self, statement: cs.Opaque) -> Value | None:
        """A loop, try, switch …: what it assigns is unknown afterwards, and it may return."""
        source = " ".join(statement.source.split())[:80]
        nodes = list(cs.walk(statement))
        touched = "ertificate" in statement.source or any(
            isinstance(node, cs.Name) and depends(self.frame.locals.get(node.name, NULL)) for node in nodes
        )
        self.frame.remarks.add(Remark.NOT_UNDERSTOOD, f"{statement.word} block: {source}")
        for node in nodes:
            if isinstance(node, cs.Assignment) and isinstance(node.target, cs.Name):
                changed = Symbol(By.OPAQUE, f"{node.target.name} after {source}", touched)
                self.frame.locals[node.target.name] = changed
        returns = [node for node in nodes if isinstance(node, cs.Return)]
        leaves = Symbol(By.OPAQUE, source, touched, atom=Atom("returns", source))
        if returns and self.frame.truth(leaves):
            return Symbol(By.OPAQUE, f"result of {source}", touched)
        return None


def _entry(evaluator: Evaluator, item: cs.Expr) -> Value:
    """An item of a collection initializer; ``{key, value}`` and ``["key"] = value`` are entries."""
    if isinstance(item, cs.Initializer) and len(item.items) == 2:
        return Entry(evaluator.value(item.items[0]), evaluator.value(item.items[1]))
    if isinstance(item, cs.Assignment) and isinstance(item.target, cs.Index):
        return Entry(evaluator.value(item.target.arguments[0].value), evaluator.value(item.value))
    return evaluator.value(item)
