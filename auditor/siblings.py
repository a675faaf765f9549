"""Guards against another distribution's ``controls`` or ``reports`` standing where ours should.

Both are plain names at the top of site-packages; a distribution on PyPI ships a ``reports`` package of its
own. Installing it into the same environment would silently replace files of ours.
"""

from __future__ import annotations

import importlib

from auditor import DISTRIBUTION
from auditor.errors import UsageError


def check_siblings() -> None:
    """Make sure that our own packages are the ones that get imported.

    Raises:
        UsageError: One of them belongs to somebody else.
    """
    for name in ("controls", "reports"):
        try:
            package = importlib.import_module(name)
        except ImportError:
            package = None
        if getattr(package, "DISTRIBUTION", None) != DISTRIBUTION:
            raise UsageError(
                f"the package {name!r} in this environment is not part of {DISTRIBUTION}: install the tool "
                "into an environment of its own (pipx or uv tool install)"
            )
