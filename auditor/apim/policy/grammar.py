"""The names that policies are made of: elements, their attributes and the elements they may hold.

Names only: which values are allowed, and what is required, is not told. A name that is missing here may
be newer than this table, so it takes more than its absence to call a name wrong.

Sources: "API Management policy reference" and the pages of the policies it lists, "Policies in Azure API
Management" (sections), "API Management policies for GraphQL APIs" (resolvers); the schemas of the
policies that Microsoft publishes for its editor (names that no page documents: ``block``,
``authentication-token``, ``invoke-request``); examples of its REST API (``version`` of ``rate-limit``);
the samples of its policy toolkit (``cache-value``, ``xsl-transform``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache
from typing import Final

from auditor.apim.policy.tree import RESOLVERS

_TABLE: Final = """
authentication-basic: username password
authentication-certificate: thumbprint certificate-id body password
authentication-managed-identity: resource client-id output-token-variable-name ignore-error
authentication-token: token-type token-service-url resource-url ignore-error
authentication-token-store: token-id client-id output-token-variable-name ignore-error
azure-openai-emit-token-metric: namespace name value-type ignore-prompt > dimension
azure-openai-emit-token-metric/dimension: name value
azure-openai-semantic-cache-lookup: score-threshold embeddings-backend-id embeddings-backend-auth
  ignore-system-messages max-message-count cache-id > vary-by
azure-openai-semantic-cache-store: duration
azure-openai-token-limit: =llm-token-limit
block: > STATEMENTS
cache-lookup: vary-by-developer vary-by-developer-groups caching-type downstream-caching-type
  must-revalidate allow-private-response-caching > vary-by-header vary-by-query-parameter
cache-lookup-value: key variable-name default-value caching-type
cache-remove-value: key caching-type
cache-store: duration cache-response caching-mode
cache-store-value: key value duration caching-type
cache-value: ANY > ANY
check-header: name failed-check-httpcode failed-check-error-message ignore-case > value
choose: > when otherwise
choose/when: condition > STATEMENTS
choose/otherwise: > STATEMENTS
cors: allow-credentials terminate-unmatched-request > allowed-origins allowed-methods allowed-headers
  expose-headers
cors/allowed-origins: > origin
cors/allowed-methods: preflight-result-max-age > method
cors/allowed-headers: > header
cors/expose-headers: > header
cosmosdb-data-source: > connection-info query-request read-request delete-request write-request response
cosmosdb-data-source/connection-info: > connection-string database-name container-name
cosmosdb-data-source/connection-info/connection-string: use-managed-identity client-id
cosmosdb-data-source/query-request: enable-low-precision-order-by > sql-statement parameters partition-key
  paging
cosmosdb-data-source/query-request/parameters: > parameter
cosmosdb-data-source/query-request/parameters/parameter: name type
cosmosdb-data-source/query-request/partition-key: data-type template
cosmosdb-data-source/query-request/paging: > max-item-count continuation-token
cosmosdb-data-source/query-request/paging/max-item-count: template
cosmosdb-data-source/query-request/paging/continuation-token: template
cosmosdb-data-source/read-request: > id partition-key
cosmosdb-data-source/read-request/id: template
cosmosdb-data-source/read-request/partition-key: data-type template
cosmosdb-data-source/delete-request: consistency-level pre-trigger post-trigger > id partition-key etag
cosmosdb-data-source/delete-request/id: template
cosmosdb-data-source/delete-request/partition-key: data-type template
cosmosdb-data-source/delete-request/etag: type template
cosmosdb-data-source/write-request: type consistency-level pre-trigger post-trigger indexing-directive
  enable-content-response-on-write > id partition-key etag set-body
cosmosdb-data-source/write-request/id: template
cosmosdb-data-source/write-request/partition-key: data-type template
cosmosdb-data-source/write-request/etag: type template
cosmosdb-data-source/response: > set-body publish-event
cross-domain: > cross-domain-policy
cross-domain/cross-domain-policy: > site-control allow-access-from allow-http-request-headers-from
cross-domain/cross-domain-policy/site-control: permitted-cross-domain-policies
cross-domain/cross-domain-policy/allow-access-from: domain secure
cross-domain/cross-domain-policy/allow-http-request-headers-from: domain headers secure
emit-metric: name namespace value default-dimensions > dimension
emit-metric/dimension: name value
find-and-replace: from to
forward-request: http-version timeout timeout-ms continue-timeout follow-redirects buffer-request-body
  buffer-response fail-on-error-status-code
get-authorization-context: provider-id authorization-id context-variable-name identity-type identity
  ignore-error
graphql-data-source: > request response
graphql-data-source/request: > authentication-basic authentication-certificate
  authentication-managed-identity get-authorization-context set-backend-service set-url set-header document
  operationName variables
graphql-data-source/request/variables: > variable
graphql-data-source/request/variables/variable: name
graphql-data-source/response: > set-body publish-event
http-data-source: > http-request backend http-response
http-data-source/http-request: > get-authorization-context set-backend-service set-method set-url set-header
  set-query-parameter set-body authentication-basic authentication-certificate
  authentication-managed-identity
http-data-source/backend: > forward-request
http-data-source/http-response: > set-header set-body json-to-xml xml-to-json find-and-replace publish-event
include-fragment: fragment-id
invoke-dapr-binding: name operation ignore-error response-variable-name timeout template content-type >
  metadata data
invoke-dapr-binding/metadata: > item
invoke-dapr-binding/metadata/item: key
invoke-dapr-binding/data: ANY > ANY
invoke-request: url > value
ip-filter: action > address address-range
ip-filter/address-range: from to
json-to-xml: apply consider-accept-header parse-date namespace-separator namespace-prefix
  namespace-block-name attribute-prefix attribute-block-name always-array-children
  invalid-character-replacement empty-values null-values trim-values
jsonp: callback-parameter-name
limit-concurrency: key max-count timeout max-queue-length > STATEMENTS
llm-content-safety: backend-id shield-prompt enforce-on-completions window-size > categories blocklists
llm-content-safety/categories: output-type > category
llm-content-safety/categories/category: name threshold
llm-content-safety/blocklists: > id
llm-emit-token-metric: =azure-openai-emit-token-metric
llm-semantic-cache-lookup: =azure-openai-semantic-cache-lookup
llm-semantic-cache-store: duration
llm-token-limit: counter-key tokens-per-minute token-quota token-quota-period estimate-prompt-tokens
  ignore-prompt prompt-type retry-after-header-name retry-after-variable-name
  remaining-quota-tokens-header-name remaining-quota-tokens-variable-name remaining-tokens-header-name
  remaining-tokens-variable-name tokens-consumed-header-name tokens-consumed-variable-name
log-to-eventhub: logger-id partition-id partition-key
mock-response: status-code content-type enabled index
proxy: url username password
publish-event: > targets
publish-event/targets: > graphql-subscription
publish-event/targets/graphql-subscription: id
publish-to-dapr: topic pubsub-name pub-sub-name ignore-error response-variable-name timeout template
  content-type > ANY
quota: calls bandwidth renewal-period > api
quota/api: name calls bandwidth renewal-period > operation
quota/api/operation: name calls bandwidth renewal-period
quota-by-key: calls bandwidth renewal-period counter-key increment-condition increment-count
  first-period-start
rate-limit: calls renewal-period version retry-after-header-name retry-after-variable-name
  remaining-calls-header-name remaining-calls-variable-name total-calls-header-name > api operation
rate-limit/api: name calls renewal-period retry-after-header-name retry-after-variable-name
  remaining-calls-header-name remaining-calls-variable-name total-calls-header-name > operation
rate-limit/api/operation: =rate-limit/operation
rate-limit/operation: name calls renewal-period retry-after-header-name retry-after-variable-name
  remaining-calls-header-name remaining-calls-variable-name total-calls-header-name
rate-limit-by-key: calls renewal-period counter-key increment-condition increment-count
  increment-after-response flexible-retry-window retry-after-header-name retry-after-variable-name
  remaining-calls-header-name remaining-calls-variable-name total-calls-header-name
redirect-content-urls:
retry: condition count interval max-interval delta first-fast-retry > STATEMENTS
return-response: response-variable-name > set-status set-header set-body
rewrite-uri: template copy-unmatched-params
send-one-way-request: mode timeout > set-url set-method set-header set-body authentication-certificate
  authentication-basic authentication-managed-identity authentication-token authentication-token-store proxy
send-request: mode response-variable-name timeout timeout-ms ignore-error buffer-response
  fail-on-error-status-code > set-url set-method set-header set-body authentication-certificate
  authentication-basic authentication-managed-identity authentication-token authentication-token-store proxy
send-service-bus-message: queue-name topic-name namespace client-id > message-properties payload
send-service-bus-message/message-properties: > message-property
send-service-bus-message/message-properties/message-property: name
set-backend-service: base-url backend-id sf-resolve-condition sf-service-instance-name sf-partition-key
  sf-listener-name sf-replica-type dapr-app-id dapr-method dapr-namespace
set-body: template xsi-nil parse-date html-decode-expression > ANY
set-header: name exists-action > value
set-method:
set-query-parameter: name exists-action > value
set-request-metric-dimension-value: name value
set-status: code reason
set-url:
set-variable: name value
sql-data-source: > connection-info request response
sql-data-source/connection-info: > connection-string get-authorization-context authentication-certificate
sql-data-source/connection-info/connection-string: use-managed-identity client-id scope
sql-data-source/request: single-result > set-body sql-statement parameters
sql-data-source/request/parameters: > parameter
sql-data-source/request/parameters/parameter: name sql-type
sql-data-source/response: > set-body publish-event
trace: source severity > message metadata
trace/metadata: name value
validate-azure-ad-token: tenant-id header-name query-parameter-name token-value authentication-endpoint
  failed-validation-httpcode failed-validation-error-message output-token-variable-name require-scheme
  allow-protected-forwarded-tokens allow-proof-of-possession-tokens > backend-application-ids
  client-application-ids audiences required-claims decryption-keys
validate-azure-ad-token/backend-application-ids: > application-id
validate-azure-ad-token/client-application-ids: > application-id
validate-azure-ad-token/audiences: > audience
validate-azure-ad-token/required-claims: > claim
validate-azure-ad-token/required-claims/claim: name match separator > value
validate-azure-ad-token/decryption-keys: > key
validate-azure-ad-token/decryption-keys/key: certificate-id
validate-client-certificate: validate-revocation validate-trust validate-not-before validate-not-after
  ignore-error > identities
validate-client-certificate/identities: > identity
validate-client-certificate/identities/identity: thumbprint serial-number common-name subject dns-name
  issuer-subject issuer-thumbprint issuer-certificate-id
validate-content: unspecified-content-type-action max-size size-exceeded-action errors-variable-name >
  content-type-map content
validate-content/content-type-map: any-content-type-value missing-content-type-value > type
validate-content/content-type-map/type: from to when
validate-content/content: type validate-as schema-id schema-ref action allow-additional-properties
  case-insensitive-property-names
validate-graphql-request: error-variable-name max-size max-depth max-total-depth max-complexity > authorize
validate-graphql-request/authorize: > rule
validate-graphql-request/authorize/rule: path action
validate-headers: specified-header-action unspecified-header-action errors-variable-name > header
validate-headers/header: name action
validate-jwt: header-name query-parameter-name token-value failed-validation-httpcode
  failed-validation-error-message require-expiration-time require-scheme require-signed-tokens clock-skew
  output-token-variable-name > openid-config issuer-signing-keys issuer-signing-tokens decryption-keys
  audiences issuers required-claims
validate-jwt/openid-config: url host
validate-jwt/issuer-signing-keys: > key zumo-master-key
validate-jwt/issuer-signing-keys/key: certificate-id n e
validate-jwt/issuer-signing-tokens: > token
validate-jwt/decryption-keys: > key
validate-jwt/decryption-keys/key: certificate-id
validate-jwt/audiences: > audience
validate-jwt/issuers: > issuer
validate-jwt/required-claims: > claim
validate-jwt/required-claims/claim: name match separator > value
validate-odata-request: error-variable-name default-odata-version min-odata-version max-odata-version
  max-size
validate-parameters: specified-parameter-action unspecified-parameter-action errors-variable-name > headers
  query path
validate-parameters/headers: specified-parameter-action unspecified-parameter-action > parameter
validate-parameters/headers/parameter: name action
validate-parameters/query: specified-parameter-action unspecified-parameter-action > parameter
validate-parameters/query/parameter: name action
validate-parameters/path: specified-parameter-action > parameter
validate-parameters/path/parameter: name action
validate-status-code: unspecified-status-code-action errors-variable-name > status-code
validate-status-code/status-code: code action
wait: for > STATEMENTS
xml-to-json: kind apply consider-accept-header always-array-child-elements empty-values
  preserve-whitespace-nodes trim-values
xsl-transform: ANY > ANY
"""
"""``path: attributes > children``; a child without a line of its own has no attributes, or is the policy of
that name. ``=name`` takes over what another line says."""
ANY: Final = "ANY"
STATEMENTS: Final = "STATEMENTS"
_EVERYWHERE: Final = frozenset({"include-fragment"})
_NEAR: Final = 2
"""Letters that may differ between a slip of the pen and the name that was meant."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What one element may be made of."""

    attributes: frozenset[str]
    children: Mapping[str, Shape] = field(default_factory=dict)
    any_attribute: bool = False
    any_child: bool = False
    holds_statements: bool = False


@cache
def policies() -> Mapping[str, Shape]:
    """The shape of every policy, by its name."""
    lines = dict(_lines())
    made: dict[str, Shape] = {}
    return {path: _shape(path, lines, made) for path in lines if "/" not in path}


def is_statement(name: str) -> bool:
    """Whether a policy of that name stands in a section."""
    return name in policies() and name not in RESOLVERS


@cache
def vocabulary() -> frozenset[str]:
    """Every element and attribute name the table has."""
    words: set[str] = set()
    waiting = list(policies().items())
    while waiting:
        name, shape = waiting.pop()
        words |= {name, *shape.attributes}
        waiting.extend((child, below) for child, below in shape.children.items() if child not in words)
    return frozenset(words)


def nearest(name: str, among: frozenset[str], at_most: int = _NEAR) -> str | None:
    """The known name that differs least, if it differs in a few letters or in the order of its words only."""
    folded = name.casefold()
    words = sorted(folded.replace("_", "-").split("-"))
    found = [(0 if sorted(each.split("-")) == words else distance(folded, each), each) for each in among]
    best = min(found, default=None)
    return best[1] if best is not None and best[0] <= min(at_most, len(best[1]) // 3) else None


def distance(one: str, other: str) -> int:
    """Letters to insert, delete or replace; as many as the longer has where they have little in common."""
    longest = max(len(one), len(other))
    if len(one) == len(other) and sorted(one) == sorted(other):
        return int(one != other)  # letters that changed places are one slip
    if abs(len(one) - len(other)) > _NEAR + 2 or SequenceMatcher(None, one, other).quick_ratio() < 0.6:
        return longest
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        before, row[0] = row[0], at
        for index, against in enumerate(other, 1):
            cost = min(row[index] + 1, row[index - 1] + 1, before + (letter != against))
            before, row[index] = row[index], cost
    return row[-1]


def _lines() -> Iterator[tuple[str, str]]:
    path, rest = "", ""
    for line in _TABLE.strip().splitlines():
        if line.startswith(" "):
            rest += line
            continue
        if path:
            yield path, rest
        path, _, rest = line.partition(":")
    yield path, rest


def _shape(path: str, lines: Mapping[str, str], made: dict[str, Shape]) -> Shape:
    if path in made:
        return made[path]
    line = lines[path].strip()
    if line.startswith("="):
        made[path] = _shape(line[1:], lines, made)
        return made[path]
    attributes, _, below = line.partition(">")
    names = set(attributes.split())
    inside = below.split()
    children: dict[str, Shape] = {}
    shape = made[path] = Shape(
        frozenset({*names, "id"} - {ANY}), children, ANY in names, ANY in inside, STATEMENTS in inside
    )
    for child in (*inside, *(_EVERYWHERE if inside else ())):
        if child not in {ANY, STATEMENTS}:
            own = f"{path}/{child}"
            at = own if own in lines else child if child in lines else ""
            children[child] = _shape(at, lines, made) if at else Shape(frozenset({"id"}))
    return shape
