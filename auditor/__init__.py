"""The program. It knows no control by name: the catalogue in ``controls`` is handed to its engine."""

DISTRIBUTION = "azure-baseline-auditor"
__version__ = "0.1.0"
