"""The Debian packages: built, installed into a root of their own, upgraded and removed.

Without the Python packages, which take minutes to fetch: what is tried is everything beside them.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from cloud_sync.config import DATABASE_URL, load_config
from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(
    not all(shutil.which(each) for each in ("dpkg", "dpkg-deb", "systemd-sysusers", "systemd-tmpfiles")),
    reason="NOT TESTED: this system has no dpkg or systemd",
)


@pytest.fixture(scope="module")
def building() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_deb", ROOT / "systemd/packages/build_deb.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_deb"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty system that knows root and the group of serial ports."""
    root = tmp_path / "root"
    for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "etc"):
        (root / folder).mkdir(parents=True)
    root.chmod(0o755)
    for name in ("status", "available"):
        (root / "var/lib/dpkg" / name).touch()
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\ndialout:x:20:\n")
    return root


def dpkg(root: Path, *arguments: str) -> str:
    command = ["dpkg", f"--root={root}", "--force-depends", "--force-script-chrootless", "--log=/dev/null", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: dpkg installs as root only")
@pytest.mark.parametrize(
    ("name", "user", "data"),
    [("edge-agent", "lotwarden", "var/lib/lotwarden"), ("cloud-sync", "cloud-sync", "var/lib/cloud-sync")],
)
def test_a_package_makes_user_folders_and_unit_and_leaves_the_data(
    building: ModuleType, root: Path, tmp_path: Path, name: str, user: str, data: str
) -> None:
    built = building.build(building.PACKAGES[name], building.Target(), tmp_path / "dist", has_payload=False)
    dpkg(root, "-i", str(built))
    assert f"{user}:x:" in (root / "etc/passwd").read_text()
    assert (root / data).stat().st_mode & 0o777 == 0o700
    if name == "cloud-sync":
        timed = (root / "usr/lib/systemd/system/cloud-sync-backup.service").read_text()
        assert "/opt/lotwarden/cloud/bin/cloud-sync backup" in timed
        assert "PrivateTmp=yes" in timed, "nothing else may be written to, and PostgreSQL wants temporary files"
    enabled = root / f"etc/systemd/system/multi-user.target.wants/{name}.service"
    assert os.readlink(enabled) == f"/usr/lib/systemd/system/{name}.service"
    command = root / os.readlink(root / f"usr/bin/{name}").lstrip("/")
    unit = (root / f"usr/lib/systemd/system/{name}.service").read_text()
    assert command.stat().st_mode & 0o111 and f"ExecStart=/{command.relative_to(root)} " in unit
    assert command.read_text().startswith(f"#!/{command.parent.relative_to(root)}/python3")
    if name == "edge-agent":
        started = (root / "usr/lib/systemd/system/edge-agent.service.d/package.conf").read_text()
        launcher = root / "usr/lib/lotwarden/edge-agent-launcher"
        assert f"/{launcher.relative_to(root)} /{data} /{command.relative_to(root)} run" in started
        subprocess.run([sys.executable, "-I", "-m", "py_compile", str(launcher)], check=True)
    # What a person wrote, and what was recorded, outlives an upgrade, and even a purge.
    (root / data / "kept").write_text("evidence")
    dpkg(root, "-i", str(built))
    dpkg(root, "--purge", name)
    assert (root / data / "kept").read_text() == "evidence"
    assert not enabled.is_symlink() and not command.exists()


def test_the_container_has_a_configuration_that_the_ledger_accepts_and_keeps_its_database_outside() -> None:
    """NOT TESTED here: the image itself, which needs a registry and a container engine."""
    folder = ROOT / "systemd/container"
    config = load_config(folder / "ledger.toml", {DATABASE_URL: "postgresql://lotwarden:x@database/lotwarden"})
    assert config.database.url == "postgresql://lotwarden:x@database/lotwarden" and config.server.behind_proxy
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    built = services["ledger"]["build"]
    assert (folder / built["context"] / built["dockerfile"]).resolve() == folder / "Containerfile"
    recipe = (folder / "Containerfile").read_text()
    assert str(config.server.port) in recipe and services["proxy"]["command"][-1] == f"ledger:{config.server.port}"
    for copied in re.findall(r"^COPY --from=build /src/(\S+)", recipe, re.MULTILINE):
        assert (ROOT / copied).exists(), copied
    assert services["database"]["volumes"] and "fsync=off" not in str(services)


@pytest.mark.parametrize(("debian", "python", "too_new"), [("12", "3.11", "3.12"), ("13", "3.13", "3.14")])
def test_a_package_says_which_python_it_is_for_and_names_the_architecture(
    building: ModuleType, tmp_path: Path, debian: str, python: str, too_new: str
) -> None:
    target = building.Target("arm64", debian)
    built = building.build(building.PACKAGES["edge-agent"], target, tmp_path, has_payload=False)
    assert built.name == f"edge-agent_{building.version()}+deb{debian}_arm64.deb"
    shown = subprocess.run(["dpkg-deb", "--field", str(built)], capture_output=True, text=True, check=True).stdout
    assert "Architecture: arm64" in shown
    assert f"python3 (>= {python}), python3 (<< {too_new})" in shown
    listed = subprocess.run(["dpkg-deb", "-c", str(built)], capture_output=True, text=True, check=True).stdout
    assert "./usr/lib/udev/rules.d/60-lotwarden.rules" in listed and " root/root " in listed
    assert f"./opt/lotwarden/edge/bin/python3 -> /usr/bin/python{python}\n" in listed


def test_what_only_the_target_needs_is_fetched_as_well(building: ModuleType, tmp_path: Path) -> None:
    told = "Metadata-Version: 2.1\nName: shop\nVersion: 1\n"
    needs = (
        "audioop-lts>=0.2; python_version >= '3.13'",
        "tomli; python_version < '3.11'",
        "shop",
        "x; extra == 'all'",
    )
    (tmp_path / "shop-1.dist-info").mkdir()
    (tmp_path / "shop-1.dist-info/METADATA").write_text(told + "".join(f"Requires-Dist: {each}\n" for each in needs))
    assert building.unmet(building.Target(debian="13"), tmp_path) == ["audioop-lts>=0.2"]
    assert building.unmet(building.Target(debian="12"), tmp_path) == []
