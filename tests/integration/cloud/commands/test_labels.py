"""``cloud-sync label``: a label as a file or on a printer, from a terminal."""

from datetime import UTC, datetime
from pathlib import Path

from cloud_sync.storage.database import Database
from edge_agent.domain.barcodes.command_codes import ChoosePlace
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.wire.ids import PlaceName
from tests.integration.cloud.commands.test_cloud_sync import config, run
from tests.support.builders import Ledger
from tests.support.label_printer import free_port, label_printer
from tests.support.label_reading import at_the_dock, pages_of, printed_from, scans_in

TODAY = datetime.now(UTC).date()


def test_labels_go_to_files_and_printers_and_what_is_wrong_is_told(
    tmp_path: Path, ledger_url: str, database: Database
) -> None:
    ledger = Ledger(database)
    ledger.add_place("main", "site", None)
    ledger.add_place("fridge-a", "room", "main")
    path = config(tmp_path, 'data_dir = "nowhere"')
    path.write_text(path.read_text() + '\n[labels]\ngs1_company_prefix = "0614141"\n')
    pdf, zpl = tmp_path / "label.pdf", tmp_path / "label.zpl"

    def said(*arguments: object) -> tuple[int, str]:
        ended = run("label", *map(str, arguments), "--config", str(path), url=ledger_url)
        return ended.returncode, ended.stdout + ended.stderr

    assert said("place", "fridge-a", "--pdf", pdf)[0] == 0
    ((scan,),) = [scans_in(page) for page in pages_of(pdf.read_bytes())]
    assert at_the_dock(scan, TODAY) == ChoosePlace(PlaceName("fridge-a"))
    code, text = said("place", "fridge-a", "--pdf", pdf)
    assert code == 1 and "exists already" in text
    code, text = said("tote", "new", "--zpl", zpl)
    assert code == 0
    ((image, copies),) = printed_from(zpl.read_bytes())
    tote = at_the_dock(scans_in(image)[0], TODAY)
    assert isinstance(tote, Scanned) and copies == 1 and f"tote {tote.sscc}" in text
    with label_printer() as printer:
        code, text = said("place", "fridge-a", "--printer", printer.address, "--copies", 2)
        assert (code, printer.done.wait(10)) == (0, True), text
    assert [count for _, count in printed_from(printer.jobs[0])] == [2]
    code, text = said("place", "fridge-a", "--printer", f"127.0.0.1:{free_port()}")
    assert code == 1 and "cannot be reached" in text and "switched on" in text
    assert said("shelf", "fridge-a", "--pdf", tmp_path / "x")[0] == 1
    assert "one of them" in said("place", "fridge-a")[1]
    assert "there is no place attic" in said("place", "attic", "--pdf", tmp_path / "x")[1]
