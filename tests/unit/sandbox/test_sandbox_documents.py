"""The README names every fault and every field, and nothing that is not there."""

import re
from pathlib import Path
from typing import get_args

from sandbox import faults

README = (Path(__file__).parents[3] / "deploy" / "sandbox" / "README.md").read_text()
SPOKEN_OF_IN_THE_INTRODUCTION = {"fault", "times", "user", "on", "after"}


def rows() -> dict[str, str]:
    """Give the table rows that begin with a name, by that name."""
    return {found[1]: found[0] for found in re.finditer(r"^\| `(\w+)` \|.*$", README, re.MULTILINE)}


def names(model: type[faults.Fault]) -> tuple[str, ...]:
    return get_args(model.model_fields["fault"].annotation)


def test_every_fault_has_its_row() -> None:
    every = {name for model in faults.MODELS for name in names(model)}
    assert every <= set(rows())


def test_every_field_is_in_its_faults_row() -> None:
    for model in faults.MODELS:
        for name in names(model):
            fields = set(model.model_fields) - SPOKEN_OF_IN_THE_INTRODUCTION
            missing = {field for field in fields if f"`{field}`" not in rows()[name]}
            assert not missing, f"{name}: {missing}"


def test_every_quirk_is_a_fault() -> None:
    assert set(names(faults.Quirk)) == set(faults.QUIRKS)
