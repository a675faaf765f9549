"""Policy documents of API Management: read as written, broken or not, and understood.

The package stands alone: it imports the standard library and itself, so it can be used without the auditor.
"""
