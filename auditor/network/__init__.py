"""Network security groups, subnets and service tags: what a group lets through, and what that rests on."""
