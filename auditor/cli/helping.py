"""The help of a command: arguments and options as people write them, without the types of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperCommand

if TYPE_CHECKING:
    from typing import Any


class Command(TyperCommand):
    """A command whose usage reads ``auditor scan [OPTIONS] [PATH...]``.

    Typer 0.29 shows an argument as ``{PATH...}... <list[str]>``: braces that stand for nothing a shell takes,
    and the name of a Python type.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words behind the command's name."""
        return ["[OPTIONS]", *(_written(each) for each in self.get_params(ctx) if _argument(each))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write what the command takes, arguments first."""
        arguments: list[tuple[str, str]] = []
        options: list[tuple[str, str]] = []
        for each in self.get_params(ctx):
            record = each.get_help_record(ctx)
            if record is None:
                continue
            if _argument(each):
                arguments.append((str(each.metavar), getattr(each, "help", None) or ""))
            else:
                options.append(record)
        for title, rows in (("Arguments", arguments), ("Options", options)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def _argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _written(argument: Any) -> str:
    name = str(argument.metavar)
    return name if argument.required else f"[{name}]"
