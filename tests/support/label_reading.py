"""Labels read back as a scanner and a gateway do: from pixels, and never from what is printed in letters."""

import re
from collections.abc import Iterator
from datetime import date

import pypdfium2
import zxingcpp
from PIL import Image, ImageChops, ImageFilter

from edge_agent.domain.barcodes.command_codes import Code, is_code, parse_code
from edge_agent.domain.barcodes.gs1 import parse
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.barcodes.symbology import symbol_of

GRAPHIC = re.compile(rb"\^FO(\d+),(\d+)\^GFA,(\d+),(\d+),(\d+),([0-9A-F]*)\^FS\^PQ(\d+)")


def scans_in(image: Image.Image) -> list[str]:
    """What a scanner sends for each code in a picture: its AIM identifier and the very bytes."""
    found = zxingcpp.read_barcodes(image.convert("L"))
    return sorted(one.symbology_identifier + one.bytes.decode("ascii") for one in found)


def at_the_dock(scan: str, today: date) -> Scanned | Code:
    """What a gateway takes a scan for."""
    symbol = symbol_of(scan)
    return parse_code(symbol) if is_code(symbol) else parse(symbol, today=today)


def worn(image: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """The same label as it comes before a scanner's camera."""
    grey = image.convert("L")
    yield "as it is", grey
    for degrees in (7, 90, 171):
        turned = grey.rotate(degrees, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
        yield f"turned by {degrees} degrees", turned
        yield f"turned by {degrees} degrees and blurred", turned.filter(ImageFilter.GaussianBlur(0.9))
    yield "pale", grey.point(lambda level: 120 + level // 3)


def pages_of(pdf: bytes, dpi: int = 203) -> list[Image.Image]:
    """The pages of a PDF as a printer of so many dots an inch would put them down, in black and white."""
    pages = pypdfium2.PdfDocument(pdf)
    return [page.render(scale=dpi / 72).to_pil().convert("L").point(lambda v: 255 * (v > 127)) for page in pages]


def printed_from(zpl: bytes) -> list[tuple[Image.Image, int]]:
    """The picture and the quantity of each format, drawn from the bytes of its graphic field as a printer does."""
    found = []
    for x, y, total, count, row_bytes, data, copies in GRAPHIC.findall(zpl):
        raw = bytes.fromhex(data.decode())
        assert (x, y) == (b"0", b"0") and int(total) == int(count) == len(raw)
        width = int(row_bytes) * 8
        dots = Image.frombytes("1", (width, len(raw) // int(row_bytes)), raw)
        found.append((ImageChops.invert(dots), int(copies)))
    return found
