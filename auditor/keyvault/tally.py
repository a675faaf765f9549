"""Adding up what several entries grant, when some of them could not be read.

What is granted for certain decides, whatever else was not read; that nothing is granted, only a whole list
with no doubtful entry in it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from auditor.model.evidence import Evidence, Gap, Log, Undetermined
from auditor.model.logic import conditional_gap, may_not_be_deployed, settled
from auditor.model.subject import Subject

_MOST_GAPS = 10
_MOST_EVIDENCE = 60
"""Values that stand for a list in which nothing grants anything."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Whether an identity may read a secret, and by what."""

    allowed: bool
    why: str
    """In words, without a full stop: ``the role Key Vault Secrets User, assigned at the vault``."""


@dataclass(slots=True)
class Tally:
    """What was granted so far, with the entries that grant it."""

    granted: dict[str, str] = field(default_factory=dict)
    """What is granted, in lower case: by what, in words."""
    doubts: list[Gap] = field(default_factory=list)
    deciding: list[Evidence] = field(default_factory=list)
    looked_at: list[Evidence] = field(default_factory=list)

    def copy(self) -> Tally:
        """The same, to be added to."""
        return Tally(dict(self.granted), [*self.doubts], [*self.deciding], [*self.looked_at])

    def add(self, entries: Iterable[Subject], judge: Callable[[Subject], tuple[frozenset[str], str]]) -> None:
        """Judge entries, each on a log of its own.

        Args:
            entries: May raise ``Undetermined`` for the rest.
            judge: What an entry grants to the identity in question, and what it is called.
        """
        seen: list[Subject] = []
        listed = settled(partial(seen.extend, entries))
        for entry in seen:
            log = Log()
            answer = settled(partial(judge, entry.with_log(log)))
            if isinstance(answer, Undetermined):
                self.doubts.extend(answer.gaps)
                continue
            actions, words = answer
            if actions and may_not_be_deployed(entry):
                self.doubts.append(conditional_gap(entry))
                continue
            (self.deciding if actions else self.looked_at).extend(log.entries)
            for action in sorted(actions):
                self.granted.setdefault(action, words)
        if isinstance(listed, Undetermined):
            self.doubts.extend(listed.gaps)

    def settle(self, subject: Subject) -> None:
        """Log what decides; nothing is granted beyond what was found.

        Raises:
            Undetermined: Something that could not be read may grant more.
        """
        subject.log.extend(self.deciding)
        if self.doubts:
            raise Undetermined(*dict.fromkeys(self.doubts[:_MOST_GAPS]))
        subject.log.extend(self.looked_at[:_MOST_EVIDENCE])
