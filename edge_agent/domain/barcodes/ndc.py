"""National Drug Codes: text in segments, never a number.

Ten digits today (4-4-2, 5-3-2, 5-4-1), eleven on bills (5-4-2), twelve (6-4-2) from 7 March 2033 (91 FR 10749). Without
hyphens nobody can tell where the segments of a ten-digit code end, so hyphens are demanded. Twelve digits do not fit
into a GTIN and travel in AI 715 beside it.
"""

import re
from dataclasses import dataclass

DIGITS_OF = {(4, 4, 2): 10, (5, 3, 2): 10, (5, 4, 1): 10, (5, 4, 2): 11, (6, 4, 2): 12}
"""How many digits a code of these segments has; other segments are no NDC."""


@dataclass(frozen=True, slots=True)
class Ndc:
    """An NDC by its segments, each as printed with its leading zeros."""

    labeler: str
    product: str
    package: str

    def __str__(self) -> str:
        """With hyphens."""
        return f"{self.labeler}-{self.product}-{self.package}"

    @property
    def digits(self) -> int:
        """10, 11 or 12: which kind of NDC it is."""
        return DIGITS_OF[len(self.labeler), len(self.product), len(self.package)]

    def as_11(self) -> "Ndc":
        """The form of bills. Raises ``ValueError`` for a code of twelve digits that needs all six of its labeler."""
        labeler = self.labeler[1:] if self.digits == 12 and self.labeler.startswith("0") else self.labeler
        if len(labeler) > 5:
            raise ValueError(f"NDC {self} has a labeler of six digits and no form of eleven")
        return Ndc(labeler.zfill(5), self.product.zfill(4), self.package.zfill(2))

    def as_12(self) -> "Ndc":
        """The uniform form, zeros before each segment."""
        return Ndc(self.labeler.zfill(6), self.product.zfill(4), self.package.zfill(2))

    def tens(self) -> tuple[str, ...]:
        """Every code of ten digits, hyphens left out, that this can stand for: one, if its padding is certain.

        >>> parse_ndc("12345-0678-90").tens(), len(parse_ndc("00591-0369-01").tens())
        (('1234567890',), 3)
        """
        if self.digits == 10:  # see DIGITS_OF
            return (self.labeler + self.product + self.package,)
        if len(self.labeler.removeprefix("0")) > 5:  # no labeler of ten digits is as long
            return ()
        parts = (self.labeler[-5:], self.product, self.package)
        return tuple(
            "".join(part[1:] if at == shortened else part for at, part in enumerate(parts))
            for shortened, padded in enumerate(parts)
            if padded.startswith("0")
        )

    def gtin(self, *, indicator: int = 0) -> str:
        """The GTIN-14 of this code: indicator, 03, ten digits, check digit.

        Raises ``ValueError`` unless it is a ten-digit code: from the padded ones the ten digits cannot be had back.
        """
        if self.digits != 10:
            raise ValueError(f"a GTIN is made from the ten-digit NDC; {self} has {self.digits} digits")
        if not 0 <= indicator <= 8:
            raise ValueError(f"a packaging indicator is 0 to 8, not {indicator}")
        # Here, because biip's tables cost memory that a gateway without scanners does not have to spend.
        from biip.checksums import gs1_standard_check_digit

        payload = f"{indicator}03{self.labeler}{self.product}{self.package}"
        return payload + str(gs1_standard_check_digit(payload))


def parse_ndc(text: str) -> Ndc:
    """The NDC written as ``text``, hyphens included. Raises ``ValueError`` with what to write instead."""
    segments = text.strip().split("-")
    known = ", ".join("-".join(map(str, lengths)) for lengths in DIGITS_OF)
    if not all(re.fullmatch(r"[0-9]+", segment) for segment in segments):
        raise ValueError(f"{text!r} is no NDC: digits in three segments with hyphens are needed ({known})")
    if len(segments) != 3 or tuple(map(len, segments)) not in DIGITS_OF:
        raise ValueError(f"{text!r} is no NDC: its segments must be one of {known} digits long")
    return Ndc(*segments)


def ndc_digits_of(gtin: str) -> str | None:
    """The ten digits of the NDC inside a GTIN-14 or UPC-A, None if it holds none.

    Only a product table knows their segments, and only without an indicator is it the NDC's own package.

    >>> ndc_digits_of("00305910369019"), ndc_digits_of("305910369019")
    ('0591036901', '0591036901')
    """
    if len(gtin) == 12:  # UPC-A
        gtin = f"00{gtin}"
    return gtin[3:13] if len(gtin) == 14 and gtin[1:3] == "03" else None
