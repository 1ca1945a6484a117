"""A DataMatrix (ECC 200, ISO/IEC 16022) as a drawing."""

from collections.abc import Sequence
from itertools import groupby


def datamatrix_svg(text: str, *, quiet_modules: int = 1) -> str:
    """An SVG of one path in units of a module, with ``quiet_modules`` of white around it: the standard asks for one."""
    from cloud_sync.labels.symbols import Payload, Symbology, modules_of  # late: its encoder is loaded with it

    return matrix_svg(modules_of(Payload(plain=text), Symbology.DATAMATRIX).rows, quiet_modules=quiet_modules)


def matrix_svg(rows: Sequence[Sequence[bool]], *, quiet_modules: int) -> str:
    """The dark modules of a symbol, those beside each other in one piece: seams would show in print."""
    width, height = len(rows[0]) + 2 * quiet_modules, len(rows) + 2 * quiet_modules
    path = []
    for y, row in enumerate(rows, start=quiet_modules):
        x = quiet_modules
        for is_dark, run in groupby(row):
            length = len(list(run))
            if is_dark:
                path.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" shape-rendering="crispEdges">'
        f'<rect width="{width}" height="{height}" fill="#fff"/><path d="{"".join(path)}"/></svg>'
    )
