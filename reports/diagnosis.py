"""What ``auditor doctor`` found, on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from reports.safe import line
from reports.terminal import console

_FINE = frozenset({"complete", "not-in-tier"})


def show(diagnosis: Mapping[str, Any], *, no_color: bool = False) -> None:
    """Print each read with what came of it, then what hangs on those that failed."""
    screen = console(no_color)
    screen.print(Text(f"Tried on {line(diagnosis['service'].rpartition('/')[2], 80)}", style="bold"))
    fine = [read for read in diagnosis["reads"] if read["outcome"] in _FINE]
    for read in diagnosis["reads"]:
        if read not in fine:
            screen.print(Text(f"{line(read['action'], 120)}: {line(read['outcome'], 40)}", style="bold red"))
            if read["outcome"] != "forbidden" and read["detail"]:
                screen.print(Text(f"  {line(read['detail'], 200)}", style="dim"))
    screen.print(f"{len(fine)} of {len(diagnosis['reads'])} kinds of reads can be made.")
    for action, checks in diagnosis["unknown"].items():
        screen.print(Text(f"Without {line(action, 120)} these are unknown:", style="bold"))
        screen.print(Text(f"  {', '.join(line(each, 80) for each in checks)}"))
    if diagnosis["complete"]:
        screen.print(Text("Everything that the checks ask for can be read.", style="bold green"))
    else:
        screen.print(
            "The role Reader on the subscription is enough; API Management Service Reader Role is, for the "
            "service alone. auditor doctor --role prints a narrower one."
        )
