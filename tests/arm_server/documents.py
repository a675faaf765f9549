"""Policy documents of an estate, as an author typed them (``rawxml``)."""

from __future__ import annotations

_REST = """
  <backend><base /></backend>
  <outbound><base /></outbound>
  <on-error><base /></on-error>
</policies>"""

POLICIES = tuple(
    f"<policies>\n  <inbound>\n    <base />\n{inbound}\n  </inbound>{_REST}"
    for inbound in (
        """    <validate-jwt header-name="Authorization">
      <openid-config url="https://login.contoso.example/.well-known/openid-configuration" />
      <audiences><audience>api://orders</audience></audiences>
    </validate-jwt>""",
        """    <choose>
      <when condition="@(context.Request.Certificate == null || !context.Request.Certificate.Verify())">
        <return-response><set-status code="403" reason="Forbidden" /></return-response>
      </when>
    </choose>""",
        """    <rate-limit calls="20" renewal-period="60" />
    <set-header name="x-caller" exists-action="override">
      <value>@(context.Subscription?.Id ?? "none")</value>
    </set-header>""",
        """    <cors><allowed-origins><origin>*</origin></allowed-origins></cors>""",
    )
)
"""Of APIs, operations, products and workspaces."""

GLOBAL = (
    "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>",
    """<policies>
  <inbound><set-header name="x-request" exists-action="override"><value>@{
    return context.RequestId.ToString("N") + (context.Request.Body != null && 1 < 2 ? "b" : "");
  }</value></set-header></inbound>
  <backend><forward-request /></backend>
  <outbound />
  <on-error />
</policies>""",
)
"""Of services."""
