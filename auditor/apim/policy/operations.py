"""An operation over every way to arrive: the effective policy of each, and what they prove together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

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


_NONE: Final[Bindings] = MappingProxyType({})


@dataclass(slots=True)
class Prover:
    """Proves for the operations of one service; what they share is found out once."""

    composer: Composer
    walks: Walks = field(default_factory=Walks)
    describe: Callable[[Operation], Operation] | None = None
    """Reads of an operation what conditions can be about; only asked where some are."""
    _described: dict[str, Operation] = field(default_factory=dict)
    _contexts: dict[str, tuple[Context, ...]] = field(default_factory=dict)
    _fixed: dict[int, bool] = field(default_factory=dict)
    _certificates: dict[int, CertificateVerdict] = field(default_factory=dict)
    _entrances: dict[tuple[int, Context], AuthenticationVerdict] = field(default_factory=dict)

    def arriving(self, api: Api, operation: Operation | None = None) -> Iterator[Arriving]:
        """Every way in which a request for an operation reaches its policies."""
        if api.id not in self._contexts:
            self._contexts[api.id] = contexts(self.composer.policies, api)
        for context in self._contexts[api.id]:
            effective = self.composer.effective(api, operation, context.product)
            # What no code reads need not be said.
            bindings = _NONE if self._is_fixed(effective) else self.bindings(api, operation, context)
            yield Arriving(context, effective, bindings)

    def bindings(
        self, api: Api, operation: Operation | None = None, context: Context | None = None
    ) -> Bindings:
        """What is fixed for an operation and a way to arrive."""
        if operation is not None and self.describe is not None:
            if operation.id not in self._described:
                self._described[operation.id] = self.describe(operation)
            operation = self._described[operation.id]
        return bindings_of(api, operation, context)

    def certificate(self, arriving: Arriving) -> CertificateVerdict:
        """Whether a certificate is really required in a context."""
        effective = arriving.effective
        if not self._is_fixed(effective):
            return certificate_verdict(effective, arriving.bindings, self.walks)
        # By the whole of it: what looks at a certificate need not decide.
        key = id(effective)
        if key not in self._certificates:
            self._certificates[key] = certificate_verdict(effective, {}, self.walks)
        return self._certificates[key]

    def entrances(self, arriving: Arriving) -> AuthenticationVerdict:
        """Who is served in a context."""
        effective, context = arriving.effective, arriving.context
        if not self._is_fixed(effective):
            return authentication_verdict(effective, context, arriving.bindings, self.walks)
        key = (self._proof(effective), context)
        if key not in self._entrances:
            self._entrances[key] = authentication_verdict(effective, context, {}, self.walks)
        return self._entrances[key]

    def authentication(self, api: Api, operation: Operation | None = None) -> AuthenticationVerdict:
        """Who is served, over every way to arrive."""
        return combine([self.entrances(each) for each in self.arriving(api, operation)])

    def _proof(self, effective: Effective) -> int:
        """Equal for effective policies that serve the same callers: what decides in them is the same."""
        if len(effective.readings) > 1 or effective.doubts:
            return id(effective)
        return id(self.walks.of(effective.reading.inbound, _NONE))

    def _is_fixed(self, effective: Effective) -> bool:
        """Whether its verdicts hold for every operation; the composer keeps what it made, so ids stay."""
        key = id(effective)
        if key not in self._fixed:
            self._fixed[key] = all(
                self.walks.fixed(reading.inbound) and self.walks.fixed(reading.backend)
                for reading in effective.readings
            )
        return self._fixed[key]
