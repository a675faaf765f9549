"""The C# of policy expressions: ``@( … )`` and ``@{ … }`` (a subset of C# 7), lexed, parsed and printed.

Source: "API Management policy expressions" in the documentation of Azure API Management.
"""
