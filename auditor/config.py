"""The configuration file: what ``scan`` uses where the command line says nothing.

TOML or YAML with the same keys. It is found in the current folder under one of three names, or named by
``--config``; which one was used is said on standard error and in the run's manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.model.results import ConfigurationJson
from auditor.userfiles import UserFile, read_user_file, schema_of

NAMES = ("auditor.toml", "auditor.yaml", "auditor.yml")
"""What is looked for in the current folder."""

DEFAULTS: Mapping[str, Any] = {
    "fail-on": "low",
    "allow-unknown": [],
    "controls": [],
    "report": [],
    "waivers": [],
    "attestations": [],
    "require-client-certificates": [],
    "certificate-expiry-days": 30,
    "backup-interval-days": 7,
    "expiring-soon-days": 30,
    "severities": {},
}
"""What holds where neither the command line nor a file says anything; an empty list of controls means all."""

_SETTINGS = {
    "require-client-certificates": "require_client_certificates",
    "certificate-expiry-days": "certificate_expiry_days",
    "backup-interval-days": "backup-interval-days",
}
"""Keys that checks read, with the names they read them by (``audit.settings``)."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a file says, or nothing."""

    file: UserFile | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    """What stands above the file: the command line, by key."""

    def __getitem__(self, key: str) -> Any:
        """The value of a key: the command line's, then the file's, then the default."""
        if key in self.given:
            return self.given[key]
        return self.written.get(key, DEFAULTS[key])

    @property
    def written(self) -> Mapping[str, Any]:
        """What the file says."""
        value: Mapping[str, Any] = {} if self.file is None else self.file.value
        return value

    def paths(self, key: str) -> list[str]:
        """Files that it names; those of the file are relative to it."""
        if key in self.given or self.file is None:
            return list(self[key])
        folder = Path(self.file.path).parent
        return [str(folder / path) for path in self[key]]

    @property
    def settings(self) -> dict[str, Any]:
        """What checks read."""
        return {name: self[key] for key, name in _SETTINGS.items()}

    def effective(self) -> dict[str, Any]:
        """Every key with its value, files as they are opened."""
        found = {key: self[key] for key in DEFAULTS}
        return {**found, **{key: self.paths(key) for key in ("waivers", "attestations")}}

    def stored(self) -> ConfigurationJson:
        """For the run's manifest."""
        path, digest = (None, None) if self.file is None else (self.file.path, self.file.sha256)
        return ConfigurationJson(path=path, sha256=digest, settings=self.effective())

    def refuse(self, message: str, *steps: str | int) -> UsageError:
        """An error about a value of the file, with its place."""
        assert self.file is not None  # noqa: S101 - only what is written can be wrong
        return self.file.mistake(message, *steps)


def read_configuration(path: Path | str | None, folder: Path, look: bool = True) -> Configuration:
    """The configuration named, or found in a folder.

    Args:
        path: A file; None to look for one.
        folder: Where to look: the current folder.
        look: Whether to.

    Raises:
        FileError: The file is not what the schema ``config`` asks for.
        UsageError: The folder holds several.
    """
    if path is None:
        found = [name for name in NAMES if (folder / name).is_file()] if look else []
        if len(found) > 1:
            raise UsageError(
                f"{' and '.join(found)} lie in the same folder: keep one, or name one with --config"
            )
        if not found:
            return Configuration()
        path = found[0] if folder == Path() else folder / found[0]
    # An empty YAML file says as little as an empty TOML file.
    return Configuration(read_user_file(path, "config", empty={}))


def keys() -> Mapping[str, str]:
    """What each key means, in the schema's words."""
    properties = schema_of("config")["properties"]
    return {key: properties[key]["description"] for key in DEFAULTS}
