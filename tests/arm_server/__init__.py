"""A stand-in for Azure Resource Manager and Microsoft Entra, for tests and for trying the live mode without
Azure.

It answers GETs as Resource Manager does (lists in pages, api-versions, errors, throttling), the two queries
a scan posts (Resource Graph, policy states), and hands out tokens to the real credentials of azure-
identity; over TLS, with a CA of its own that clients are told of by the usual variables. It refuses
everything else, and counts it. It is no mock: the real clients of Azure talk to it over the network, with
nothing relaxed.

Try the tool by hand, from the project's folder, in two terminals::

    python -m tests.arm_server --estate 3x5x4 --port 8443           # 3 services x 5 APIs x 4 operations
    python -m tests.arm_server --from recorded/ --port 8443         # a folder of JSON, or with an INDEX.tsv
    python -m tests.arm_server --from service.json --fault throttled:*/apis --latency 50

It prints ``export`` lines: paste them into the other terminal and run a scan there. ``ARM_ENDPOINT`` is the
management endpoint; the CA, the authority and a client's secret are in the variables that azure-identity
and requests read. ``--auth`` prints those of another way to sign in: ``workload``, ``managed-identity``,
``imds``, ``github-oidc``.

In tests::

    def test_it(arm: ArmServer) -> None:           # the environment leads to it
        arm.state.put({"id": "/subscriptions/...", "type": ..., "properties": {...}})
        arm.fault("throttled", "*/apis", retry_after=1, times=2)
        arm.forbid("Microsoft.ApiManagement/service/namedValues/read")
        ...
        assert not arm.writes and arm.log.count("*/apis") == 3
"""
