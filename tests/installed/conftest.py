"""For which Debian and processor ``./dev test-packages`` builds, and the system that it installs into."""

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.installed.debian import KEPT, Debian, unpacked
from tests.support.paths import ROOT


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--debian``, ``--arch`` and ``--built``."""
    parser.addoption("--debian", default="13", choices=("12", "13"), help="which one it is installed into")
    parser.addoption("--arch", default="amd64", choices=("amd64", "arm64"), help="arm64 runs under qemu")
    parser.addoption("--built", action="store_true", help="take the packages that lie in dist/")


@pytest.fixture(scope="session")
def building() -> ModuleType:
    """The program behind ``./dev package``."""
    spec = importlib.util.spec_from_file_location("build_deb", ROOT / "systemd/packages/build_deb.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_deb"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def packages(building: ModuleType, pytestconfig: pytest.Config) -> list[Path]:
    """Both packages, whole."""
    target = building.Target(pytestconfig.getoption("--arch"), pytestconfig.getoption("--debian"))
    dist = ROOT / "dist"
    if pytestconfig.getoption("--built"):
        return [dist / building.file_name(each, target) for each in building.PACKAGES.values()]
    return [building.build(each, target, dist) for each in building.PACKAGES.values()]


@pytest.fixture(scope="session")
def system(pytestconfig: pytest.Config) -> Iterator[Debian]:
    """The Debian, as it comes."""
    debian, arch = pytestconfig.getoption("--debian"), pytestconfig.getoption("--arch")
    folder = KEPT / f"{debian}-{arch}"
    shutil.rmtree(folder, ignore_errors=True)
    yield unpacked(debian, arch, folder)
    shutil.rmtree(folder)
