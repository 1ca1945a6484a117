"""Labels in ZPL II, the language of most label printers.

The label is one picture (``^GFA``), drawn here. So what was proven to scan is what is printed, dot by dot: a printer's
own barcode commands read ``_1``, ``>8`` and brackets in a lot as orders, differ by firmware in how FNC1 is written, and
its fonts lack letters. Source: Zebra, ZPL II Programming Guide, ^GF.
"""

from collections.abc import Sequence

from PIL import Image, ImageChops

from cloud_sync.labels.bitmap import bitmap_of
from cloud_sync.labels.layout import Drawing

COPIES_MAX = 500


def zpl_of(drawings: Sequence[Drawing], dpi: int) -> bytes:
    """One format for each label; equal ones that follow each other are one format with a quantity."""
    formats: list[tuple[Drawing, int]] = []
    for drawing in drawings:
        if formats and formats[-1][0] == drawing:
            formats[-1] = (drawing, formats[-1][1] + 1)
        else:
            formats.append((drawing, 1))
    return b"".join(_format(bitmap_of(drawing, dpi), copies) for drawing, copies in formats)


def _format(image: Image.Image, copies: int) -> bytes:
    row_bytes = (image.width + 7) // 8
    data = ImageChops.invert(image).tobytes()  # black is 1 on a printer; Pillow pads rows with 0
    field = f"^GFA,{len(data)},{len(data)},{row_bytes},{data.hex().upper()}"
    return (f"^XA^LH0,0^LT0^PW{image.width}^LL{image.height}^FO0,0{field}^FS^PQ{copies}^XZ\r\n").encode("ascii")
