"""The options of ``edge-agent add`` that no other command has."""

from typing import Annotated, Literal

import typer

NameArgument = Annotated[str, typer.Argument(help="Its name, PLACE/WHAT, e.g. fridge-a/probe-1.")]
ModelOption = Annotated[
    str | None, typer.Option("--profile", help="Model of a wired device: a file of config/devices.")
]
AddressOption = Annotated[
    str | None, typer.Option(help="Of a Bluetooth sensor, instead of a profile: A4:C1:38:02:83:F4.")
]
ScannerOption = Annotated[
    str | None,
    typer.Option(help="Port of a handheld scanner: /dev/serial/by-id/... or /dev/input/by-id/...-event-kbd."),
]
LayoutOption = Annotated[
    Literal["us", "uk", "de", "fr"] | None, typer.Option(help="Of a keyboard scanner: what it is set to.")
]
SuffixOption = Annotated[str | None, typer.Option(help="Of a scanner: what ends a scan, if not cr.")]
SeparatorOption = Annotated[str | None, typer.Option(help="Of a scanner: what it sends for GS, if not GS.")]
SeparatorKeyOption = Annotated[str | None, typer.Option(help="Of a keyboard scanner: the key for GS, e.g. f8.")]
BusOption = Annotated[str | None, typer.Option("--bus", help="A bus of the configuration; or give --host.")]
FahrenheitOption = Annotated[bool, typer.Option("--fahrenheit", help="The unit was ordered with °F.")]
SizesOption = Annotated[
    list[float] | None, typer.Option(help="Of a particle counter: size of a channel, smallest first. Repeatable.")
]
FlowOption = Annotated[float | None, typer.Option(help="Of a counter: nominal flow on its type plate.")]
SampleOption = Annotated[int | None, typer.Option(help="Of a counter: the sample time that is set.")]
KeepRunningOption = Annotated[
    bool, typer.Option("--keep-running", help="Of a counter: the gateway may start it when it stands still.")
]
PollOption = Annotated[
    float | None, typer.Option(min=0.1, max=86400, help="Polling interval (default 10 s; 60 s for Bluetooth).")
]
ProvenOption = Annotated[
    list[str] | None,
    typer.Option("--proven", metavar="DOUBT=HOW", help="What the papers leave open and you have tried on it."),
]
UnprovenOption = Annotated[
    str | None, typer.Option(metavar="REASON", help="Add it without proof; the reason becomes a comment.")
]
BusNameOption = Annotated[str | None, typer.Option(help="Name of the bus, if a new one is needed.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")]
