"""Makes the Debian packages: ``./dev package [NAME] [--debian 12|13] [--arch amd64|arm64] [--to DIR]``.

A package is a virtual environment at its final path, ``/opt/lotwarden/...``, with the pinned packages of
constraints.txt as wheels, beside the unit and what makes user, folders and groups. It is for the Python of one Debian
(12: 3.11; 13: 3.13), because compiled wheels are, and its version says so (``0.1.0+deb13`` follows ``0.1.0+deb12`` when
the system is upgraded). For another Debian or architecture wheels are fetched; nothing of it runs here.
``./dev test-packages`` installs and starts what comes of it.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
PYTHONS = {"12": "3.11", "13": "3.13"}
"""Which Python a Debian has."""
PLATFORMS = ("manylinux_2_28_{}", "manylinux_2_17_{}", "manylinux2014_{}")


@dataclass(frozen=True)
class Package:
    """One of the two: its extra in pyproject.toml, the module whose ``entry.main`` is the command, what it ships."""

    name: str
    extra: str
    module: str
    data: str
    examples: tuple[str, ...]
    depends: str = ""
    extras: str = ""
    """What it installs, where that is more than its extra."""
    launcher: str | None = None
    """A program of its own, beside the environment, that starts what is in it, or a release beside it."""

    @property
    def venv(self) -> str:
        """Where it will be."""
        return f"/opt/lotwarden/{self.extra}"


PACKAGES = {
    each.name: each
    for each in (
        Package("edge-agent", "edge", "edge_agent", "/var/lib/lotwarden", ("gateway.example.toml",),
                depends=", procps", extras="edge,commission", launcher="edge_agent/fleet/launcher.py"),
        Package(
            "cloud-sync", "cloud", "cloud_sync", "/var/lib/cloud-sync",
            ("ledger.example.toml", "mosquitto.example.conf", "mosquitto.example.acl"), ", libc6 (>= 2.28)",
            extras="cloud,archive,cluster,fhir,s3",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Target:
    """What a package is for: architecture and Debian."""

    arch: str = "amd64"
    debian: str = ""
    """12 or 13; empty: whichever has the Python that builds, else the first."""

    def __post_init__(self) -> None:
        """Settle which Debian it is."""
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        fitting = [each for each, python in PYTHONS.items() if python == here]
        object.__setattr__(self, "debian", self.debian or (fitting or list(PYTHONS))[0])

    @property
    def python(self) -> str:
        """Its Python, which compiled packages are for."""
        return PYTHONS[self.debian]

    @property
    def machine(self) -> str:
        """Its processor, as wheels name it."""
        return MACHINES[self.arch]

    def site(self, package: Package, root: Path) -> Path:
        """Where the environment of a package has its Python packages."""
        return root / package.venv.lstrip("/") / f"lib/python{self.python}/site-packages"


def build(package: Package, target: Target, to: Path, *, has_payload: bool = True) -> Path:
    """Build one package; gives its path. Without ``has_payload`` it has all but the Python packages, for tests."""
    with tempfile.TemporaryDirectory(prefix="lotwarden-deb-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        _make_venv(package, target, root)
        if has_payload:
            install(package, target, root)
        _add_files(package, root)
        _add_control(package, target, root)
        to.mkdir(parents=True, exist_ok=True)
        path = to / file_name(package, target)
        _run("dpkg-deb", "--root-owner-group", "-Zzstd", "-z6", "--build", str(root), str(path))
    return path


def version() -> str:
    """Of the project."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def file_name(package: Package, target: Target) -> str:
    """Of a package that was built."""
    return f"{package.name}_{deb_version(target)}_{target.arch}.deb"


def deb_version(target: Target) -> str:
    """Of a package."""
    return f"{version()}+deb{target.debian}"


def _make_venv(package: Package, target: Target, root: Path) -> None:
    """What ``python3 -m venv`` makes, for a path that is not there yet."""
    venv = root / package.venv.lstrip("/")
    (venv / "bin").mkdir(parents=True)
    target.site(package, root).mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    for name in ("python3", "python"):
        (venv / "bin" / name).symlink_to(f"/usr/bin/python{target.python}")
    script = venv / "bin" / package.name
    script.write_text(f"#!{package.venv}/bin/python3 -s\nfrom {package.module}.entry import main\n\nmain()\n")
    script.chmod(0o755)


def install(package: Package, target: Target, root: Path) -> None:
    """The pinned packages, as wheels for a target, where the environment has them."""
    site = target.site(package, root)
    with tempfile.TemporaryDirectory() as wheels:
        _run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", wheels, str(ROOT))
        (wheel,) = Path(wheels).glob("*.whl")
        platforms = [arg for each in PLATFORMS for arg in ("--platform", each.format(target.machine))]
        fetch = (
            sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary=:all:",
            "--no-compile", "--upgrade", "--python-version", target.python, *platforms,
            "-c", str(ROOT / "constraints.txt"), "--target", str(site),
        )  # fmt: skip
        _run(*fetch, f"lotwarden[{package.extras or package.extra}] @ {wheel.as_uri()}")
        while missing := unmet(target, site):
            _run(*fetch, "--no-deps", *missing)
    shutil.rmtree(site / "bin", ignore_errors=True)  # other projects' commands, for another place
    for record in site.glob("*.dist-info/RECORD"):  # nor does anything say that they are there
        kept = [line for line in record.read_text().splitlines(keepends=True) if not line.startswith(("../", "bin/"))]
        record.write_text("".join(kept))


def unmet(target: Target, site: Path) -> list[str]:
    """What packages there need on the target and is not there: pip asks markers of the Python that runs it."""
    there = list(distributions(path=[str(site)]))
    names = {canonicalize_name(each.metadata["Name"]) for each in there}
    environment = {
        "python_version": target.python, "python_full_version": f"{target.python}.0",
        "platform_machine": target.machine, "extra": "",
    }  # fmt: skip
    wanted = [Requirement(text) for each in there for text in each.requires or ()]
    return sorted(
        {
            f"{each.name}{each.specifier}"
            for each in wanted
            if canonicalize_name(each.name) not in names and (each.marker is None or each.marker.evaluate(environment))
        }
    )


def _add_files(package: Package, root: Path) -> None:
    unit = (ROOT / f"systemd/{package.name}.service").read_text()
    files = {
        f"usr/lib/systemd/system/{package.name}.service": unit.replace("/opt/lotwarden/bin", f"{package.venv}/bin"),
        f"usr/lib/systemd/system/{package.name}.service.d/package.conf": _read(package, "unit.conf"),
        f"usr/lib/sysusers.d/{package.name}.conf": _read(package, "sysusers.conf"),
        f"usr/lib/tmpfiles.d/{package.name}.conf": _read(package, "tmpfiles.conf"),
        f"usr/share/doc/{package.name}/copyright": (ROOT / "LICENSE").read_text(),
    }
    if package.launcher is not None:
        files[f"usr/lib/lotwarden/{package.name}-launcher"] = (ROOT / package.launcher).read_text()
    if (HERE / package.name / "udev.rules").exists():
        files["usr/lib/udev/rules.d/60-lotwarden.rules"] = _read(package, "udev.rules")
    for more in sorted((ROOT / "systemd").glob(f"{package.name}-*")):
        files[f"usr/lib/systemd/system/{more.name}"] = more.read_text().replace(
            "/opt/lotwarden/bin", f"{package.venv}/bin"
        )
    for name in package.examples:
        files[f"usr/share/doc/{package.name}/{name}"] = (ROOT / "config" / name).read_text()
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "usr/bin").mkdir(parents=True, exist_ok=True)
    (root / "usr/bin" / package.name).symlink_to(f"{package.venv}/bin/{package.name}")


def _add_control(package: Package, target: Target, root: Path) -> None:
    size_kb = sum(path.lstat().st_size for path in root.rglob("*") if path.is_file()) // 1024
    major, minor = map(int, target.python.split("."))
    control = root / "DEBIAN"
    control.mkdir(mode=0o755)
    (control / "control").write_text(
        f"Package: {package.name}\nVersion: {deb_version(target)}\nArchitecture: {target.arch}\n"
        "Section: misc\nPriority: optional\n"
        f"Maintainer: The Lotwarden authors <lotwarden@example.org>\nInstalled-Size: {size_kb}\n"
        f"Depends: python3 (>= {major}.{minor}), python3 (<< {major}.{minor + 1}), systemd{package.depends}\n"
        + _read(package, "about")
    )
    for name in ("postinst", "prerm", "postrm"):
        text = (HERE / name).read_text().replace("@PACKAGE@", package.name).replace("@DATA@", package.data)
        (control / name).write_text(text)
        (control / name).chmod(0o755)


def _read(package: Package, name: str) -> str:
    return (HERE / package.name / name).read_text()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command lines


def add_target(parser: argparse.ArgumentParser) -> None:
    """The options that say what it is for."""
    parser.add_argument("--arch", choices=sorted(MACHINES), default="amd64")
    parser.add_argument(
        "--debian", choices=sorted(PYTHONS), default="", help="that of this machine's Python if left out"
    )


def main() -> None:
    """Entry point of ``./dev package``."""
    parser = argparse.ArgumentParser(prog="./dev package", description="Debian packages of the gateway and the ledger.")
    parser.add_argument("names", nargs="*", default=sorted(PACKAGES), metavar="NAME", help="edge-agent, cloud-sync")
    add_target(parser)
    parser.add_argument("--to", type=Path, default=ROOT / "dist")
    asked = parser.parse_args()
    for name in asked.names:
        if name not in PACKAGES:
            parser.error(f"there is no package {name}: {', '.join(sorted(PACKAGES))}")
        print(build(PACKAGES[name], Target(asked.arch, asked.debian), asked.to), flush=True)


if __name__ == "__main__":
    main()
