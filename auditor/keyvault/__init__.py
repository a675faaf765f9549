"""Azure Key Vault: which vault a reference means, who may read its secrets, whom its firewall lets in.

It knows nothing of API Management: an identity comes in as a :class:`~auditor.keyvault.principals.Principal`.
"""
