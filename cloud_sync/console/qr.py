"""Text as a QR code that stands within a page."""

import segno
from markupsafe import Markup

QUIET_MODULES = 4
"""White around it, as ISO/IEC 18004 wants it."""


def qr(text: str) -> Markup:
    """The code as SVG, black on white also where the page is dark."""
    svg = segno.make(text, error="m", micro=False).svg_inline(
        border=QUIET_MODULES, light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    return Markup(svg)  # noqa: S704 - made here, of modules and numbers only
