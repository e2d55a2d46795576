"""What a newcomer installs: environment.yml, constraints and packaging stay true."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_environment_yml_is_thin_and_points_to_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge"]
    assert environment["dependencies"] == ["python=3.12", "pip", "make", {"pip": ["-e .[all]"]}]


def test_environment_yml_python_lies_inside_requires_python():
    minimum = re.fullmatch(r">=(\d+)\.(\d+)", project()["project"]["requires-python"])
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    version = re.fullmatch(r"python=(\d+)\.(\d+)", environment["dependencies"][0])
    assert minimum and version
    assert tuple(map(int, version.groups())) >= tuple(map(int, minimum.groups()))


def test_constraints_pin_every_direct_dependency():
    declared = project()["project"]
    requirements = [
        *declared["dependencies"],
        *(line for name, extra in declared["optional-dependencies"].items() if name != "dl" for line in extra),
    ]
    names = {re.split(r"[\[><=; ]", line)[0].lower().replace("_", "-").replace(".", "-") for line in requirements}
    pinned = {
        line.split("==")[0].split("[")[0].lower().replace("_", "-").replace(".", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
    }
    assert names - pinned == {"investiq"}


def test_all_holds_every_extra_but_dl_and_dev():
    extras = project()["project"]["optional-dependencies"]
    listed = re.fullmatch(r"investiq\[(.+)\]", extras["all"][0])
    assert listed
    assert set(listed[1].split(",")) == set(extras) - {"all", "dl", "dev"}


def test_every_make_target_that_the_readme_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"`?make ([a-z-]+)`?", (ROOT / "README.md").read_text()))
    assert named
    assert named <= targets
