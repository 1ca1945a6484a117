"""Stack lights, buzzers and door contacts on a Raspberry Pi's pins, through gpiozero.

gpiozero is loaded when a pin is asked for, and not before: a gateway without outputs needs neither it nor the memory.
Tests run on its mock pins.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from edge_agent.config.dock_sections import ContactSection, OutputSection
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Quality, Reading
from edge_agent.drivers.base import Emit
from edge_agent.drivers.modbus.bus import Sleep
from edge_agent.errors import ConfigError, DeviceLost
from edge_agent.timekeeping.clock import Clock, stamp

if TYPE_CHECKING:
    from gpiozero import DigitalOutputDevice, Factory

CHANGES_MAX = 100
_log = logging.getLogger(__name__)


class Outputs:
    """All lamps and buzzers of a gateway. None of its methods waits, or raises for what a pin does."""

    def __init__(self, sections: Sequence[OutputSection], factory: "Factory | None" = None) -> None:
        """Lamps go to what they show without an alarm. ``factory`` is gpiozero's pin factory; else its own choice.

        Raises ``ConfigError`` when gpiozero is missing, or a pin cannot be had.
        """
        self._sections = tuple(sections)
        self._devices: list[DigitalOutputDevice] = []
        try:
            for section in self._sections:
                self._devices.append(_output(section, factory))
        except ConfigError:
            self.close()
            raise
        self._is_on = False

    @property
    def is_alarm(self) -> bool:
        """Whether an alarm is shown."""
        return self._is_on

    def alarm(self, on: bool) -> None:
        """Show that there is a local alarm, or that there is none."""
        self._is_on = on
        for section, device in zip(self._sections, self._devices, strict=True):
            if section.shows in ("alarm", "calm"):
                device.value = on == (section.shows == "alarm")

    def unreachable(self, for_s: float) -> None:
        """Show that the ledger has not been reached for ``for_s`` seconds, 0 if it is; each lamp has its patience."""
        for section, device in zip(self._sections, self._devices, strict=True):
            if section.shows == "unreachable":
                device.value = for_s >= section.after_minutes * 60

    def good(self) -> None:
        """Show a good scan, for a moment."""
        self._pulse("good")

    def bad(self) -> None:
        """Show a bad scan, for a moment."""
        self._pulse("bad")

    def close(self) -> None:
        """Switch everything off and give the pins back; harmless when done before."""
        while self._devices:
            self._devices.pop().close()
        self._sections = ()

    def _pulse(self, shows: str) -> None:
        for section, device in zip(self._sections, self._devices, strict=True):
            if section.shows == shows:
                device.blink(on_time=section.pulse_s, off_time=0, n=1, background=True)


class Door:
    """A door contact, as a ``Source``: a reading ``door_open`` at each change and at every poll."""

    def __init__(
        self, section: ContactSection, clock: Clock, sleep: Sleep = asyncio.sleep, factory: "Factory | None" = None
    ) -> None:
        """Nothing is opened yet. ``clock`` and ``sleep`` belong together."""
        self._section = section
        self._clock = clock
        self._sleep = sleep
        self._factory = factory

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._section.name

    async def run(self, emit: Emit) -> None:
        """Watch until cancelled. A pin that cannot be had is told once as a fault at each poll."""
        changes: asyncio.Queue[bool] = asyncio.Queue(CHANGES_MAX)
        loop = asyncio.get_running_loop()
        try:
            contact = self._open()
        except (ConfigError, DeviceLost) as error:
            await self._without_a_pin(str(error), emit)
            return

        def changed() -> None:  # called in a thread of gpiozero's
            loop.call_soon_threadsafe(_offer, changes, self._is_open(contact))

        try:
            contact.when_pressed = contact.when_released = changed
            is_open = self._is_open(contact)
            while True:
                await emit(self._reading(is_open))
                is_open = await self._next(changes, contact)
        finally:
            contact.close()

    async def _next(self, changes: "asyncio.Queue[bool]", contact: "Contact") -> bool:
        """What the door is after the next change, or after a poll's time without one."""
        change = asyncio.ensure_future(changes.get())
        pause = asyncio.ensure_future(self._sleep(self._section.poll_s))
        try:
            await asyncio.wait({change, pause}, return_when=asyncio.FIRST_COMPLETED)
            return change.result() if change.done() else self._is_open(contact)
        finally:
            change.cancel()
            pause.cancel()

    def _open(self) -> "Contact":
        gpiozero, section = _gpiozero(self._section.name), self._section
        try:
            return gpiozero.Button(
                section.pin, pull_up=True, bounce_time=section.bounce_s or None, pin_factory=self._factory
            )
        except _pin_errors() as error:
            raise DeviceLost(section.name, _why(section.name, section.pin, error)) from error

    def _is_open(self, contact: "Contact") -> bool:
        return contact.is_pressed == (self._section.open_when == "contact_closed")

    def _reading(self, is_open: bool) -> Reading:
        values = {"door_open": float(is_open)}
        return Reading(stamp(self._clock), DeviceName(self._section.name), Quality.GOOD, values)

    async def _without_a_pin(self, reason: str, emit: Emit) -> None:
        _log.error("%s", reason)
        while True:
            await emit(Reading(stamp(self._clock), DeviceName(self._section.name), Quality.FAULT, detail=reason))
            await self._sleep(self._section.poll_s)


class _Gpiozero(Protocol):
    """What of gpiozero is used."""

    Button: Callable[..., "Contact"]
    DigitalOutputDevice: "Callable[..., DigitalOutputDevice]"


class Contact(Protocol):
    """gpiozero's ``Button``, as far as it is used."""

    is_pressed: bool
    when_pressed: Callable[[], object] | None
    when_released: Callable[[], object] | None

    def close(self) -> None:
        """Give the pin back."""
        ...


def _offer(changes: "asyncio.Queue[bool]", is_open: bool) -> None:
    if not changes.full():  # a contact that chatters so is read at the next poll
        changes.put_nowait(is_open)


def _output(section: OutputSection, factory: "Factory | None") -> "DigitalOutputDevice":
    gpiozero = _gpiozero(section.name)
    try:
        return gpiozero.DigitalOutputDevice(
            section.pin,
            active_high=section.active_high,
            initial_value=section.shows == "calm",
            pin_factory=factory,
        )
    except _pin_errors() as error:
        raise ConfigError((f"output {_why(section.name, section.pin, error)}",)) from error


def _gpiozero(name: str) -> _Gpiozero:
    try:
        import gpiozero
    except ImportError as error:
        fault = f"{name}: needs gpiozero: install lotwarden[edge,pi], or remove its section"
        raise ConfigError((fault,)) from error
    return cast(_Gpiozero, gpiozero)


def _pin_errors() -> tuple[type[Exception], ...]:
    import gpiozero

    return (gpiozero.GPIOZeroError, OSError, ValueError, RuntimeError, ImportError)


def _why(name: str, pin: str, error: Exception) -> str:
    hint = "is this a Raspberry Pi, is the pin free, and is the user of the agent in the group gpio?"
    return f"{name}: pin: {pin} cannot be had ({error}): {hint}"
