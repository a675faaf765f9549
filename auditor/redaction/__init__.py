"""Replaces secrets when data comes in, so that nothing behind this package can show one.

``Redactor`` is the only way in. Where secrets stand is data in ``fields``; what they look like in free text
is data in ``formats``.
"""

from auditor.redaction.fields import LISTED_FIELDS
from auditor.redaction.formats import KNOWN_FORMATS
from auditor.redaction.redactor import TOO_DEEP, Redactor

__all__ = ["KNOWN_FORMATS", "LISTED_FIELDS", "TOO_DEEP", "Redactor"]
