"""Whether an answer makes the difference between a refusal and being served, all else being equal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from auditor.apim.policy.evaluate.path import Answer, Question
from auditor.apim.policy.outcomes import Arrival
from auditor.apim.policy.values import Atom

About: TypeAlias = Callable[[Atom, Answer], bool]
_Answers: TypeAlias = dict[Question, bool]


def makes_a_difference(refused: Iterable[Arrival], served: Iterable[Arrival], about: About) -> bool:
    """Whether a refused path and a served one differ in the answers to some questions, and in no others.

    Args:
        refused: Paths that end in a refusal.
        served: Paths of the same caller that do not.
        about: Which questions are meant.
    """
    others = [_parted(each, about) for each in served]
    return any(
        _differ(mine, theirs) and not _differ(else_mine, else_theirs)
        for mine, else_mine in (_parted(each, about) for each in refused)
        if mine
        for theirs, else_theirs in others
    )


def rests_on(arrival: Arrival, about: About) -> bool:
    """Whether one of some questions was asked on a path."""
    return bool(_parted(arrival, about)[0])


def _parted(arrival: Arrival, about: About) -> tuple[_Answers, _Answers]:
    """How the questions that are meant were answered on a path, and how all others were."""
    meant: _Answers = {}
    other: _Answers = {}
    for question, answer in arrival.answers:
        part = meant if isinstance(question, Atom) and about(question, answer) else other
        part[question] = answer.value
    return meant, other


def _differ(one: _Answers, other: _Answers) -> bool:
    return any(other.get(question, value) is not value for question, value in one.items())
