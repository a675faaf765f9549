"""Shapes of code that several readers of it look for."""

from __future__ import annotations

from auditor.apim.policy.csharp import nodes as cs


def root(node: cs.Node) -> str | None:
    """The name at the beginning of a chain of members and entries; None where something else begins it."""
    while isinstance(node, cs.Member | cs.Index):
        node = node.target
    return node.name if isinstance(node, cs.Name) else None


def entries(target: cs.Expr, names: dict[str, list[cs.Expr]]) -> list[cs.Expr] | None:
    """The values of a dictionary or an array that is written out, directly or as a local's one value."""
    if isinstance(target, cs.Name):
        given = names.get(target.name, [])
        target = given[0] if len(given) == 1 else target
    items: tuple[cs.Expr, ...] = ()
    if isinstance(target, cs.New) and target.initializer is not None and not target.arguments:
        items = target.initializer.items
    elif isinstance(target, cs.NewArray) and target.items is not None:
        items = target.items.items
    found: list[cs.Expr] = []
    for item in items:
        if isinstance(item, cs.Initializer) and len(item.items) == 2:
            found.append(item.items[1])
        elif isinstance(item, cs.Assignment):
            found.append(item.value)
        elif isinstance(item, cs.Initializer):
            return None
        else:
            found.append(item)
    return found or None
