"""Abstract evaluation of policy expressions for one kind of caller."""
