"""Help, and what a wrong call is told: arguments and options as people write them, in one sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from typer.core import TyperCommand

from auditor.nearest import did_you_mean

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


def wrong_call(error: Exception) -> str | None:
    """What the option parser found wrong, in one sentence.

    Args:
        error: Anything that was raised. The parser's own exceptions tell themselves by their members: Typer
            holds its classes in a package that is not to be imported.

    Returns:
        None where it is no wrong call; empty where the help is the answer.
    """
    if not (hasattr(error, "format_message") and hasattr(error, "ctx")):
        return None
    if type(error).__name__ == "NoArgsIsHelpError":
        return ""
    context = error.ctx
    message = " ".join(str(error.format_message()).split()).rstrip(".")
    option, command = getattr(error, "option_name", None), re.match("No such command '(.*?)'", message)
    hint = ""
    if context is not None and option is not None and message.startswith("No such option"):
        message = message.partition(" (Possible")[0]
        hint = did_you_mean(option, [name for each in context.command.params for name in each.opts])
    elif context is not None and command is not None:
        message = command[0]
        hint = did_you_mean(command[1], getattr(context.command, "commands", ()))
    see = f" (see {context.command_path} --help)" if context is not None else ""
    return f"{message[:1].lower()}{message[1:]}{hint}{see}"


def _argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _written(argument: Any) -> str:
    name = str(argument.metavar)
    return name if argument.required else f"[{name}]"
