"""The judgements. One folder per service baseline; the catalogue is an explicit, ordered list."""

from __future__ import annotations

import functools

from auditor.model.check import Catalogue
from controls.renamed import RENAMED

__all__ = ["DISTRIBUTION", "RENAMED", "catalogue"]

DISTRIBUTION = "azure-baseline-auditor"


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue for API Management: words, checks and what reading its JSON needs to know."""
    from auditor.apim.knowledge import ApimKnowledge
    from controls.apim import CHECKS, VERSION
    from controls.beside import BESIDE
    from controls.words import load_all

    return Catalogue(VERSION, load_all(), CHECKS, ApimKnowledge(), BESIDE)
