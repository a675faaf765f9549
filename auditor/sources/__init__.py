"""Files -> inventory: detection by content, one module per input shape."""

from __future__ import annotations

from auditor.sources.read import Reading, read_paths

__all__ = ["Reading", "read_paths"]
