"""Controls: what is audited, in words and in rules."""

DISTRIBUTION = "azure-baseline-auditor"
