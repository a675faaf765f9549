"""What API Management *is*: tiers, defaults, collections, exposure. Facts with sources, no judgements."""
