"""What stands in front of services: application gateways, front doors, and their firewalls.

They are read as they are, whatever they lead to; which of them leads to a service its own model tells.
"""
