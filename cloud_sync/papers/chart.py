"""The curve of what a channel measured, with its limits and the times beyond them, as an SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cloud_sync.papers.style import PaperStyle

WIDTH, HEIGHT = 1800.0, 560.0
"""In tenths of a millimetre."""
LEFT, RIGHT, TOP, BOTTOM = 120.0, 20.0, 20.0, 60.0
STEPS_S = (60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 2 * 86_400, 7 * 86_400, 14 * 86_400, 28 * 86_400)
TICKS_MAX = 9
CHARACTER = 16.0
"""As wide as one is at most, of the size of the words at the axes."""
TICKS_Y = 5
INK, SOFT, LINE, SHADE, LIMIT = "#1a1a1a", "#5a6472", "#d5dae0", "#f3d9d6", "#a3271c"


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured at or around an instant."""

    at: datetime
    lowest: float
    mean: float
    highest: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A channel over a time: ``points`` in its order, limits, and what is shaded. The line breaks after ``gap_s``."""

    metric: str
    first: datetime
    last: datetime
    points: Sequence[Point]
    low: float | None
    high: float | None
    shaded: Sequence[tuple[datetime, datetime]]
    gap_s: float


def chart_svg(curve: Curve, style: PaperStyle) -> str:
    """The drawing. Without points: the axes, and the words that nothing was measured."""
    scale = _Scale.of(curve, style)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" font-family="Inter">']
    parts += _shades(curve, scale)
    parts += _y_axis(scale, style, curve.metric)
    parts += _x_axis(curve, scale, style)
    parts += _limits(curve, scale, style)
    parts += _lines(curve, scale)
    if not curve.points:
        parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT / 2, "nothing was measured", "middle", SOFT, 32))
    return "".join([*parts, "</svg>"])


@dataclass(frozen=True, slots=True)
class _Scale:
    """From instants and values (in the unit of the paper) to places on the drawing."""

    first: datetime
    last: datetime
    bottom: float
    top: float
    step: float
    style: PaperStyle
    metric: str

    @classmethod
    def of(cls, curve: Curve, style: PaperStyle) -> "_Scale":
        bounds = [bound for point in curve.points for bound in (point.lowest, point.highest)]
        bounds += [limit for limit in (curve.low, curve.high) if limit is not None]
        shown = [style.as_shown(bound, curve.metric) for bound in bounds] or [0.0, 1.0]
        low, high = min(shown), max(shown)
        step = _nice((high - low) / TICKS_Y or 1.0)
        bottom, top = (low // step) * step, -((-high) // step) * step
        if top - high < 0.2 * step:
            top += step
        if low - bottom < 0.2 * step:
            bottom -= step
        return cls(
            curve.first, max(curve.last, curve.first + timedelta(seconds=1)), bottom, top, step, style, curve.metric
        )

    def x(self, at: datetime) -> float:
        share = (min(max(at, self.first), self.last) - self.first) / (self.last - self.first)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, shown: float) -> float:
        return HEIGHT - BOTTOM - (shown - self.bottom) / (self.top - self.bottom) * (HEIGHT - TOP - BOTTOM)

    def y_of(self, value: float) -> float:
        return self.y(self.style.as_shown(value, self.metric))


def _nice(step: float) -> float:
    """1, 2 or 5 times a power of ten, not less than ``step``.

    >>> _nice(0.13), _nice(3.0), _nice(70)
    (0.2, 5.0, 100.0)
    """
    power = 10.0 ** _exponent(step)
    return next(round(factor * power, 10) for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= step * 0.999)


def _exponent(step: float) -> int:
    exponent = 0
    while step >= 10:
        step, exponent = step / 10, exponent + 1
    while step < 1:
        step, exponent = step * 10, exponent - 1
    return exponent


def _shades(curve: Curve, scale: _Scale) -> list[str]:
    return [
        f'<rect x="{scale.x(began):.1f}" y="{TOP:g}" width="{max(scale.x(ended) - scale.x(began), 2):.1f}" '
        f'height="{HEIGHT - TOP - BOTTOM:g}" fill="{SHADE}"/>'
        for began, ended in curve.shaded
        if ended >= curve.first and began <= curve.last
    ]


def _y_axis(scale: _Scale, style: PaperStyle, metric: str) -> list[str]:
    digits = 0 if scale.step >= 1 else 1 if scale.step >= 0.1 else 2
    parts = []
    for index in range(round((scale.top - scale.bottom) / scale.step) + 1):
        shown = scale.bottom + index * scale.step
        y = scale.y(shown)
        parts.append(f'<path d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}" stroke="{LINE}" stroke-width="2" fill="none"/>')
        parts.append(_text(LEFT - 14, y + 10, style.number(shown, digits), "end"))
    parts.append(_text(6, TOP + 8, style.unit(metric), "start"))
    return parts


def _x_axis(curve: Curve, scale: _Scale, style: PaperStyle) -> list[str]:
    span_s = (scale.last - scale.first).total_seconds()
    step_s = next((step for step in STEPS_S if span_s / step <= TICKS_MAX), STEPS_S[-1])
    zone = ZoneInfo(style.zone)
    local = curve.first.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)
    at = midnight + timedelta(seconds=(int((curve.first - midnight).total_seconds()) // step_s + 1) * step_s)
    parts, day = [], ""
    while at < scale.last:
        x = scale.x(at)
        parts.append(f'<path d="M{x:.1f} {HEIGHT - BOTTOM:g}v10" stroke="{SOFT}" stroke-width="2" fill="none"/>')
        if step_s < 86_400:
            parts.append(_text(x, HEIGHT - 28, style.clock(at), "middle"))
        if style.day(at) != day:
            day = style.day(at)
            within = min(x, WIDTH - len(day) * CHARACTER / 2)
            parts.append(_text(within, HEIGHT - (28 if step_s >= 86_400 else 2), day, "middle"))
        at += timedelta(seconds=step_s)
    return parts


def _limits(curve: Curve, scale: _Scale, style: PaperStyle) -> list[str]:
    parts = []
    for limit in (curve.low, curve.high):
        if limit is None:
            continue
        y = scale.y_of(limit)
        parts.append(
            f'<path d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}" stroke="{LIMIT}" stroke-width="3" '
            'stroke-dasharray="14 8" fill="none"/>'
        )
        text = f"limit {style.measured(limit, curve.metric)}"
        parts.append(_text(WIDTH - RIGHT - 8, y + (30 if limit == curve.low else -10), text, "end", LIMIT))
    return parts


def _lines(curve: Curve, scale: _Scale) -> list[str]:
    parts: list[str] = []
    for run in _runs(curve.points, timedelta(seconds=curve.gap_s)):
        above = [(scale.x(point.at), scale.y_of(point.highest)) for point in run]
        below = [(scale.x(point.at), scale.y_of(point.lowest)) for point in run]
        if any(point.highest > point.lowest for point in run):
            band = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*above, *reversed(below)])
            parts.append(f'<polygon points="{band}" fill="#9db4d0" fill-opacity="0.55"/>')
        middle = [(scale.x(point.at), scale.y_of(point.mean)) for point in run]
        if len(middle) == 1:
            parts.append(f'<circle cx="{middle[0][0]:.1f}" cy="{middle[0][1]:.1f}" r="5" fill="#1f4e8c"/>')
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in middle)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="#1f4e8c" stroke-width="4" stroke-linejoin="round"/>'
        )
    return parts


def _runs(points: Sequence[Point], gap: timedelta) -> list[list[Point]]:
    runs: list[list[Point]] = []
    for point in points:
        if runs and point.at - runs[-1][-1].at <= gap:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _text(x: float, y: float, text: str, anchor: str, colour: str = INK, size: int = 26) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{text}</text>'
