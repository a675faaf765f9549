"""Azure Policy's own rules, evaluated beside our checks: for tests alone."""
