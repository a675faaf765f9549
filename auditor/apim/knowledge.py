"""What reading API Management's JSON needs to know, put behind the model's interface."""

from __future__ import annotations

from auditor.apim.collections import COLLECTIONS, SURROUNDINGS, listing_command, missing, uncollected
from auditor.apim.defaults import default_of
from auditor.model.evidence import Default, Gap
from auditor.model.inventory import Withheld
from auditor.model.subject import Subject


class ApimKnowledge:
    """Defaults, collections and remedies of API Management."""

    def default(self, subject: Subject, pointer: str) -> Default | None:
        """See ``Knowledge.default``."""
        return default_of(subject, pointer)

    def missing(self, subject: Subject, pointer: str) -> Gap:
        """See ``Knowledge.missing``."""
        return missing(subject, pointer)

    def uncollected(self, subject: Subject, collection: str) -> Gap:
        """See ``Knowledge.uncollected``. Checks ask for the same lists of the same resources."""
        address = ("auditor.apim.knowledge.uncollected", subject.key, collection)
        known: Gap | None = subject.audit.memo.get(address)
        if known is None:
            known = subject.audit.memo[address] = uncollected(subject, collection)
        return known

    def withheld(self, service: Subject) -> list[Withheld]:
        """See ``Knowledge.withheld``."""
        rows = []
        for collection in COLLECTIONS.values():
            if collection.nested:
                continue
            type_ = collection.name if collection.extension else f"{service.resource.type}/{collection.name}"
            listing = service.audit.inventory.listing(service.resource, type_.lower())
            if listing is None or not listing.complete:
                gap = uncollected(service, collection.name)
                reason = gap.reason if listing is None else listing.reason
                command = listing_command(service, collection)
                rows.append(Withheld(service.resource.id, collection.name, reason, gap.needed, command))
        for name, collection in SURROUNDINGS.items():
            listing = service.audit.inventory.surveyed(service.resource, name)
            if listing is None or not listing.complete:
                gap = uncollected(service, collection.name)
                reason = gap.reason if listing is None else listing.reason
                rows.append(Withheld(service.resource.id, collection.name, reason, gap.needed, gap.remedy))
        return rows
