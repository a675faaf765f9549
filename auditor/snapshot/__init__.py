"""What was read from Azure, in one compressed file: every request with its answer, secrets replaced.

A snapshot is JSON lines in gzip. The first line is the header (``records.Header``), each further line an
answer or the end of a listing, the last one the footer. Lines are written as answers arrive, so a run that is
cut off leaves a file that can be read and resumed; without a footer it is a partial one. Every line carries
its number: a file that lost one, whichever, is not read as a whole one.
"""
