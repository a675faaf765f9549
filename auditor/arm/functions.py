"""Every function of the language, by its name without case, in the way it is called."""

from __future__ import annotations

from typing import Final

from auditor.arm import (
    functions_collections,
    functions_lambda,
    functions_logic,
    functions_numbers,
    functions_resources,
    functions_scope,
    functions_text,
)
from auditor.arm.scope import Eager, Lazy, Printing

_EAGER: Final[dict[str, Eager]] = {
    **functions_collections.EAGER,
    **functions_logic.EAGER,
    **functions_numbers.EAGER,
    **functions_text.EAGER,
}
_LAZY: Final[dict[str, Lazy]] = {
    **functions_lambda.LAZY,
    **functions_logic.LAZY,
    **functions_resources.LAZY,
    **functions_scope.LAZY,
}

EAGER: Final[dict[str, Eager]] = {name.casefold(): function for name, function in _EAGER.items()}
PRINTING: Final[dict[str, Printing]] = {
    name.casefold(): function for name, function in functions_collections.PRINTING.items()
}
LAZY: Final[dict[str, Lazy]] = {name.casefold(): function for name, function in _LAZY.items()}
NAMES: Final[dict[str, str]] = {
    name.casefold(): name for name in (*_EAGER, *functions_collections.PRINTING, *_LAZY)
}
"""How each function is spelled in canonical texts."""


def lazy_function(name: str) -> Lazy | None:
    """The function of a (folded) name that evaluates its arguments itself."""
    found = LAZY.get(name)
    if found is None and name.startswith("list") and name.isalnum():
        return LAZY["list"]
    return found
