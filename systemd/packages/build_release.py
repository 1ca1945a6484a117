"""Makes a release of the gateway's program: ``./dev release [--debian 12|13] [--arch amd64|arm64] --to DIR``.

``DIR/edge-agent.tar.gz`` is what goes into the release's folder on a gateway: the pinned packages, and
``bin/edge-agent``, which finds them beside itself. ``cloud-sync release make VERSION DIR`` signs and adds it; the
folder then is also good for a stick.
"""

import argparse
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import build_deb

PROGRAM = """#!/usr/bin/python@PYTHON@ -s
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "site-packages"))
from edge_agent.entry import main

main()
"""


def build(target: build_deb.Target, to: Path, *, has_payload: bool = True) -> Path:
    """Build it; gives the archive. Without ``has_payload`` it has all but the Python packages, for tests."""
    package = build_deb.PACKAGES["edge-agent"]
    to.mkdir(parents=True, exist_ok=True)
    archive = to / "edge-agent.tar.gz"
    with tempfile.TemporaryDirectory(prefix="lotwarden-release-") as folder:
        root = Path(folder)
        site = target.site(package, root)
        site.mkdir(parents=True)
        if has_payload:
            build_deb.install(package, target, root)
        program = root / "edge-agent"
        program.write_text(PROGRAM.replace("@PYTHON@", target.python))
        program.chmod(0o755)
        with tarfile.open(archive, "w:gz", compresslevel=6) as out:
            out.add(program, "bin/edge-agent", filter=_plain)
            out.add(site, "site-packages", filter=_plain)
    return archive


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """The same archive whoever builds it."""
    if "__pycache__" in member.name or not (member.isfile() or member.isdir()):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mtime = 0
    return member


def main() -> None:
    """Entry point of ``./dev release``."""
    parser = argparse.ArgumentParser(prog="./dev release", description="A release of the gateway's program.")
    build_deb.add_target(parser)
    parser.add_argument("--to", type=Path, default=build_deb.ROOT / "dist" / f"release-{build_deb.version()}")
    asked = parser.parse_args()
    target = build_deb.Target(asked.arch, asked.debian)
    print(build(target, asked.to))
    needs = f"--python {target.python} --machine {target.machine}"
    print(f"Add it: cloud-sync release make {build_deb.version()} {asked.to} {needs}")


if __name__ == "__main__":
    main()
