# SPDX-License-Identifier: GPL-2.0-or-later
"""Obstacles of a snapshot: a running guest meets one after the other."""

from dataclasses import dataclass

from . import checks, product


@dataclass(frozen=True)
class Obstacle:
    name: str
    codes: tuple
    error: int
    detail: str         # what the report must name
    obstruct: tuple     # commands that set it up
    mend: tuple         # commands that remove it


def commands(vm, lines):
    for line in lines:
        vm.run(line)


def next_generation(vm):
    return int(product.attribute(vm, "generation")) + 1


def saved(vm):
    checks.saved(vm, next_generation(vm))


def meet(vm, obstacle):
    """It is reported, and once it is removed the machine is saved."""
    commands(vm, obstacle.obstruct)
    try:
        refusal = checks.refused(vm, obstacle.codes, obstacle.error)
    finally:
        commands(vm, obstacle.mend)
    for code in obstacle.codes:
        assert obstacle.detail in refusal[code]
    saved(vm)
