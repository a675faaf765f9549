"""Reading Azure: sign-in, a client that can only read, and the collector that writes a snapshot.

Nothing outside this package imports it, and it imports nothing of Azure's SDKs before it is used.
"""
