"""A device that answers, but always the same: judged by how long its registers have not changed. Pure."""

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.register_decode import Decoded, InvalidValue, Registers


class Standstill:
    """One device. Without ``stale_after_s`` nothing is ever called stale: how still the air may stand is for the site
    to say, and a sensor that tells whole percents stands still by nature.
    """

    def __init__(self, stale_after_s: float | None) -> None:
        self._stale_after_s = stale_after_s
        self._registers: Registers = {}
        self._since_s = 0.0

    def judged(self, decoded: Decoded, registers: Registers, now_s: float) -> Decoded:
        """``decoded``, with its good values marked stale if ``registers`` have been the same for too long.

        ``now_s`` is monotonic. One register that changes, status registers included, is a sign of life of all.
        """
        if registers != self._registers:
            self._registers, self._since_s = dict(registers), now_s
        same_s = now_s - self._since_s
        if self._stale_after_s is None or same_s < self._stale_after_s or not decoded.values:
            return decoded
        detail = f"no register has changed for {same_s:.0f} s: the sensor hangs, or something before it repeats it"
        stale = tuple(InvalidValue(metric, Quality.STALE, detail) for metric in decoded.values)
        return Decoded({}, (*decoded.invalid, *stale))
