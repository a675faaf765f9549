"""The nouns: resources, evidence, verdicts, checks, results. No I/O; imports nothing else of ours."""
