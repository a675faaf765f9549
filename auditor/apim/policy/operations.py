"""An operation over every way to arrive: the effective policy of each, and what they prove together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.apim.policy.authentication import AuthenticationVerdict, authentication_verdict, combine
from auditor.apim.policy.compose import Composer, Effective
from auditor.apim.policy.evaluate.frame import Bindings
from auditor.apim.policy.prove import CertificateVerdict, bindings_of, certificate_verdict
from auditor.apim.policy.scopes import Api, Context, Operation, contexts
from auditor.apim.policy.walks import Walks


@dataclass(frozen=True, slots=True)
class Arriving:
    """One operation in one context."""

    context: Context
    effective: Effective
    bindings: Bindings


@dataclass(slots=True)
class Prover:
    """Proves for the operations of one service; what they share is found out once."""

    composer: Composer
    walks: Walks = field(default_factory=Walks)
    _certificates: dict[object, CertificateVerdict] = field(default_factory=dict)
    _entrances: dict[object, AuthenticationVerdict] = field(default_factory=dict)

    def arriving(self, api: Api, operation: Operation | None = None) -> Iterator[Arriving]:
        """Every way in which a request for an operation reaches its policies."""
        for context in contexts(self.composer.policies, api):
            effective = self.composer.effective(api, operation, context.product)
            yield Arriving(context, effective, bindings_of(api, operation, context))

    def certificate(self, arriving: Arriving) -> CertificateVerdict:
        """Whether a certificate is really required in a context."""
        key = self._key(arriving)
        if key not in self._certificates:
            made = certificate_verdict(arriving.effective, arriving.bindings, self.walks)
            self._certificates[key] = made
        return self._certificates[key]

    def entrances(self, arriving: Arriving) -> AuthenticationVerdict:
        """Who is served in a context."""
        key = (self._key(arriving), arriving.context)
        if key not in self._entrances:
            made = authentication_verdict(arriving.effective, arriving.context, arriving.bindings, self.walks)
            self._entrances[key] = made
        return self._entrances[key]

    def authentication(self, api: Api, operation: Operation | None = None) -> AuthenticationVerdict:
        """Who is served, over every way to arrive."""
        return combine([self.entrances(each) for each in self.arriving(api, operation)])

    def _key(self, arriving: Arriving) -> object:
        """Equal for what has the same result."""
        effective = arriving.effective
        return (
            id(effective),
            tuple(self.walks.key(reading.inbound, arriving.bindings) for reading in effective.readings),
        )
