"""Labels as the dots of a printer: modules are whole dots, and letters are black or white."""

from PIL import Image, ImageDraw, ImageFont

from cloud_sync.labels.fonts import FILES
from cloud_sync.labels.layout import POINT_MM, Drawing
from cloud_sync.labels.pdf import runs

DOTS_PER_MM = {203: 8, 300: 12, 600: 24}
"""What label printers of so many dots an inch have a millimetre."""
DARK = 140
"""Grey below this becomes black: a little more than half, since thin strokes must not vanish."""


def bitmap_of(drawing: Drawing, dpi: int) -> Image.Image:
    """One label, one bit a dot; 1 is white. ``dpi`` is a key of ``DOTS_PER_MM``."""
    dots = DOTS_PER_MM[dpi]
    image = Image.new("L", (round(drawing.width_mm * dots), round(drawing.height_mm * dots)), 255)
    draw = ImageDraw.Draw(image)
    for text in drawing.texts:
        font = ImageFont.truetype(
            FILES[text.is_bold], text.size_pt * POINT_MM * dots, layout_engine=ImageFont.Layout.BASIC
        )
        draw.text((text.x_mm * dots, text.y_mm * dots), text.text, fill=0, font=font, anchor="ls")
    image = image.point(lambda grey: 255 if grey > DARK else 0, mode="1")
    draw = ImageDraw.Draw(image)
    for code in drawing.codes:
        module = max(1, round(code.module_mm * dots))
        row_dots = max(1, round(code.row_mm * dots)) if len(code.modules.rows) == 1 else module
        # Modules of a whole number of dots may make the symbol smaller than drawn: it stays in the middle of its field.
        spare = code.modules.width * (code.module_mm * dots - module) / 2
        left, top = round(code.x_mm * dots + spare), round(code.y_mm * dots)
        for number, row in enumerate(code.modules.rows):
            y = top + number * row_dots
            for start, length in runs(row):
                x = left + start * module
                draw.rectangle((x, y, x + length * module - 1, y + row_dots - 1), fill=0)
    return image
