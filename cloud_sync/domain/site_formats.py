"""What a site may choose of how its papers are written."""

from enum import StrEnum


class Language(StrEnum):
    """Whose way of writing dates and decimals (a BCP 47 tag). The words of a paper are English."""

    BRITISH = "en-GB"
    AMERICAN = "en-US"
    GERMAN = "de"
    FRENCH = "fr"
    SPANISH = "es"
    ITALIAN = "it"
    DUTCH = "nl"
    PORTUGUESE = "pt"
    POLISH = "pl"


class TemperatureUnit(StrEnum):
    """In what temperatures are written."""

    CELSIUS = "C"
    FAHRENHEIT = "F"


class PageSize(StrEnum):
    """What is in the printer, as typst calls it."""

    A4 = "a4"
    LETTER = "us-letter"
