"""The catalogue of Azure API Management: one page per control."""
