"""The protocol of a validation run: what was checked, what was expected and found, and what proves each requirement."""

from pydantic import AwareDatetime

from cloud_sync.papers.document import Block, Col, Document, Facts, Heading, Signatures, Status, Table, Text, Tone
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.parts import counted
from cloud_sync.papers.style import PaperStyle


class ResultShown(Shown):
    """A check."""

    id: str
    title: str
    expected: str
    found: str
    outcome: str
    done_at: AwareDatetime


class RequirementShown(Shown):
    """A requirement and what proves it."""

    id: str
    text: str
    risk: str
    checks: str
    tests: str


class ValidationProtocol(PaperData):
    """A run. ``is_genuine``: the ledger's key has signed exactly this."""

    number: int
    begun_at: AwareDatetime
    run_by: str
    passed: int
    failed: int
    results: tuple[ResultShown, ...]
    matrix: tuple[RequirementShown, ...]
    sha256: str
    public_key: str
    signature: str
    is_genuine: bool


def validation_protocol(data: ValidationProtocol, style: PaperStyle) -> Document:
    """The paper."""
    skipped = len(data.results) - data.passed - data.failed
    words = f"{data.passed} of {counted(len(data.results), 'check')} passed"
    if skipped:
        words += f", {skipped} not applicable here"
    verdict = (
        Status("PASSED", words, Tone.OK)
        if not data.failed
        else Status(counted(data.failed, "DEVIATION").upper(), words, Tone.BAD)
    )
    blocks: list[Block] = [
        verdict,
        Facts(
            [
                ("Run", str(data.number)),
                ("Begun", style.when(data.begun_at, seconds=True)),
                ("Executed by", data.run_by),
            ]
        ),
    ]
    for title, prefix in (("Installation qualification (IQ)", "IQ"), ("Operational qualification (OQ)", "OQ")):
        rows = [
            (
                each.id,
                f"{each.title}\n{each.expected}",
                each.found,
                each.outcome.upper(),
                style.when(each.done_at, seconds=True),
            )
            for each in data.results
            if each.id.startswith(prefix)
        ]
        columns = [
            Col("Check"),
            Col("What, and what is expected", "2fr"),
            Col("Found", "3fr"),
            Col("Result"),
            Col("Done"),
        ]
        blocks += [Heading(title), Table(columns, rows)]
    matrix = [(each.id, each.text, each.risk, each.checks, each.tests) for each in data.matrix]
    columns = [
        Col("Requirement"),
        Col("Text", "2fr"),
        Col("Risk"),
        Col("Checks of this run", "1fr"),
        Col("Tests", "2.4fr"),
    ]
    signed = "is genuine" if data.is_genuine else "DOES NOT FIT"
    blocks += [
        Heading("Trace matrix"),
        Text("The tests are those of the product's own suite, which is run before each release.", Tone.SOFT),
        Table(columns, matrix),
        Heading("Signatures"),
        Text(
            f"The ledger's signature {signed}. Public key {data.public_key}; SHA-256 of the run {data.sha256}; "
            f"signature {data.signature}."
        ),
        Signatures(by_hand=("Executed by", "Reviewed by", "Approved by (quality)")),
    ]
    return Document("Validation protocol", f"Run {data.number}", blocks, is_wide=True)
