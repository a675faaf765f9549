"""The program. It knows no control by name: the catalogue in ``controls`` is handed to its engine."""

DISTRIBUTION = "azure-baseline-auditor"
