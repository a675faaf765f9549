"""What the hand-made result says of waivers, attestations and the configuration: one of every state."""

from __future__ import annotations

from auditor.model.results import ConfigurationJson, EntryJson, RegisterJson

_SAYS = {
    "holds": "1 finding waived",
    "expires-soon": "1 finding waived; it ends on 2026-12-01, in 10 days",
    "expired": "it ended on 2026-10-31; 2 findings it was for count again",
    "lapsed": "what 1 finding rests on is not the evidence it was given for: look again",
    "unmatched": "no finding is what it names",
    "not-needed": "what it is for is pass, and only fail and manual can be waived",
    "not-asked": "its check was not to be judged",
}


def _entry(number: int, state: str, says: str, decision: str) -> EntryJson:
    return EntryJson(
        place=f"waivers.yaml:{2 + 7 * number}",
        selector={"check": "apim.ns-2.gateway-not-public", "service": "contoso-*", "resource": "apis/orders"},
        decision=decision,
        text="moved in spring",
        who="platform",
        expires="2027-03-31",
        state=state,
        says=says,
        applied=1 if state in ("holds", "expires-soon") else 0,
    )


def people() -> tuple[ConfigurationJson, RegisterJson, RegisterJson]:
    """The configuration, the waivers, the attestations."""
    entries = [
        _entry(number, state, says, "risk-accepted") for number, (state, says) in enumerate(_SAYS.items())
    ]
    answer = _entry(0, "not-yet", "it is of 2026-11-30, which is after the day of this audit", "pass")
    return (
        {
            "path": "auditor.toml",
            "sha256": "cd" * 32,
            "settings": {"fail-on": "low", "waivers": ["waivers.yaml"], "severities": {}},
        },
        {"files": [{"path": "waivers.yaml", "sha256": "ef" * 32}], "soon_days": 30, "entries": entries},
        {"files": [{"path": "a.yaml", "sha256": "01" * 32}], "soon_days": 30, "entries": [answer]},
    )
