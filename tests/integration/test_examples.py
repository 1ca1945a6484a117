"""From an installed package to files that can be changed: ``init`` and ``example``, as people call them.

The first steps of a person, and what depends on the program that runs, are tried with the installed programs; the rest
with the same commands in a process that has loaded them.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cloud_sync.commands import examples as ledger_examples
from edge_agent.commands import examples as gateway_examples
from tests.support.warm_commands import Ended, run_command


def command(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name(name)
    return subprocess.run([str(program), *arguments], capture_output=True, text=True, timeout=60, check=False)


def initialising(path: Path, *, name: str = "gw-cold-1", url: str = "https://ledger.example.org") -> list[str]:
    return ["init", name, "--url", url, "--config", str(path), "--data-dir", str(path.parent / "d")]


def initialise(path: Path, **more: str) -> Ended:
    return run_command("edge_agent", *initialising(path, **more))


def test_a_new_gateway_gets_a_configuration_that_is_good(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "gateway.toml"
    done = command("edge-agent", *initialising(path))
    assert done.returncode == 0, done.stderr
    assert "cloud-sync gateway invite gw-cold-1" in done.stdout
    assert tomllib.loads(path.read_text())["gateway"]["name"] == "gw-cold-1"
    assert command("edge-agent", "check-config", "--config", str(path)).returncode == 0


def test_a_configuration_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text("# mine\n")
    done = initialise(path)
    assert done.returncode == 1
    assert "was not changed" in done.stderr
    assert path.read_text() == "# mine\n"


def test_a_new_gateway_enrols_only_with_a_ledger_and_never_by_another_ones_file(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    enrol = ("edge_agent", "enroll", "--code", "7K3QD-01ABC-23DEF-45GHJ", "--config", str(path), "--name")
    refused = run_command(*enrol, "gw-cold-1")
    assert (refused.returncode, "--url https://" in refused.stderr, path.exists()) == (1, True, False)
    assert initialise(path).returncode == 0
    other = run_command(*enrol, "gw-cold-2")
    assert other.returncode == 1 and "is of gateway gw-cold-1, not gw-cold-2" in other.stderr
    assert tomllib.loads(path.read_text())["gateway"]["name"] == "gw-cold-1"


@pytest.mark.parametrize(
    ("name", "url"), [('gw "1"', "https://ledger.example.org"), ("gw-1", "http://ledger.example.org")]
)
def test_what_would_be_refused_is_not_written(tmp_path: Path, name: str, url: str) -> None:
    path = tmp_path / "gateway.toml"
    done = initialise(path, name=name, url=url)
    assert done.returncode == 1
    assert "fault" in done.stderr
    assert not path.exists()


@pytest.mark.parametrize("name", gateway_examples.EXAMPLES)
def test_the_gateways_examples_are_printed_whole(name: str) -> None:
    printed = run_command("edge_agent", "example", name).stdout
    assert printed.count("\n") == gateway_examples.example(name).count("\n") > 5


@pytest.mark.parametrize("name", ledger_examples.EXAMPLES)
def test_the_ledgers_examples_are_printed_whole(name: str) -> None:
    printed = run_command("cloud_sync", "example", name).stdout
    assert printed.count("\n") == ledger_examples.example(name).count("\n") > 5


@pytest.mark.parametrize("program", ["edge-agent", "cloud-sync"])
def test_a_printed_unit_runs_the_program_that_printed_it(program: str) -> None:
    unit = command(program, "example", f"{program}.service").stdout
    here = Path(sys.executable).with_name(program).resolve()
    assert f"ExecStart={here} " in unit
    assert "/opt/lotwarden" not in unit


@pytest.mark.parametrize("program", ["edge-agent", "cloud-sync"])
def test_an_unknown_example_names_those_there_are(program: str) -> None:
    done = run_command(program.replace("-", "_"), "example", "toml")
    assert done.returncode == 1
    assert f"{program}.service" in done.stderr


def test_a_place_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = initialise(tmp_path / "file" / "gateway.toml")
    assert done.returncode == 1
    assert "use sudo, or name another place" in done.stderr


@pytest.mark.parametrize(
    ("package", "missing", "extra", "command"),
    [
        ("cloud_sync", "uvicorn", "cloud", ["serve"]),
        ("cloud_sync", "psycopg", "cloud", []),
        ("edge_agent", "tinydb", "edge", []),
    ],
)
def test_a_command_whose_packages_were_left_out_says_which_to_install(
    package: str, missing: str, extra: str, command: list[str]
) -> None:
    without = f"import sys; sys.modules[{missing!r}] = None; from {package}.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", without, *command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert f"needs the package {missing}" in done.stderr
    assert f"pip install 'lotwarden[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_example_without_a_name_lists_the_names_and_version_prints_the_version() -> None:
    listed = command("edge-agent", "example")
    assert listed.returncode == 0 and listed.stdout.split() == list(gateway_examples.EXAMPLES)
    version = command("edge-agent", "--version")
    assert version.returncode == 0 and re.fullmatch(r"lotwarden [0-9]+\.[0-9]+\S*\n", version.stdout)


@pytest.mark.parametrize("name", ["edge-agent", "cloud-sync"])
def test_both_commands_say_which_version_they_are(name: str) -> None:
    done = command(name, "--version")
    assert (done.returncode, re.fullmatch(r"lotwarden \d+\.\d+\.\d+\n", done.stdout) is not None) == (0, True)
