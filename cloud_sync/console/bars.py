"""Weeks as bars, without scripts."""

from collections.abc import Sequence

from markupsafe import Markup

HEIGHT, STEP = 80, 8


def bars(values: Sequence[int], hatched: Sequence[bool]) -> Markup:
    """One bar a week, oldest first; those that are ``hatched`` (stock was out) lie on a shaded ground."""
    if not values:
        return Markup()
    top = max(max(values), 1)
    drawn = []
    for at, (value, is_hatched) in enumerate(zip(values, hatched, strict=True)):
        if is_hatched:
            drawn.append(
                Markup('<rect class="out" x="{}" y="0" width="{}" height="{}"/>').format(at * STEP, STEP, HEIGHT)
            )
        height = round(value / top * (HEIGHT - 4), 1)
        if value:
            drawn.append(Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}"/>').format(
                at * STEP + 1, HEIGHT - height, STEP - 2, height))  # fmt: skip
    label = f"Used by week, {len(values)} weeks, at most {max(values)} a week"
    return Markup(
        '<svg class="bars" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(len(values) * STEP, HEIGHT, label, Markup("").join(drawn))
