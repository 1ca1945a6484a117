"""What people put right or say by evidence: expiries, codes, lot numbers, cases opened, excursions of dead sensors."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from edge_agent.domain.wire.records import Action
from tests.machine.doing import does
from tests.machine.house import CASE_GTIN, HOUSE, UNITS_IN_CASE
from tests.machine.watching import Watch
from tests.support.reference_model import open_probes

numbers = st.integers(0, 999)


class Correcting(Watch):
    """Statements about what was and is, by one person and confirmed by another."""

    @does(3, pick=numbers, unit=numbers, minutes_ago=st.sampled_from([0, 0, 5, 60]))
    def a_case_is_opened_by_command(self, pick: int, unit: int, minutes_ago: int) -> None:
        there = sorted(key for key, units in self.model.balances().items() if units > 0 and CASE_GTIN in key[1])
        there = [key for key in there if key[2] in HOUSE] or [("C1", f"(01){CASE_GTIN}(21)k1", "store")]
        lot, serial, place = there[pick % len(there)]
        units = [f"u{unit % 3}"] if unit % 4 == 0 else []
        body = {"client_id": self.id(), "item": "pen", "lot_number": lot, "serial": serial, "place": place,
                "occurred_at": self.when(minutes_ago).isoformat(), "units": units, "reason": "asked for"}  # fmt: skip
        held = self.model.balances().get((lot, serial, place), 0)
        response = self.say(self.house.bob, "/v1/cases-of-goods/open", body, retry=True)
        assert response.is_success == (held > 0), response.text
        if response.is_success:
            self.take_rows(response.json(), Action.OPEN_CASE.value)

    @does(2, pick=numbers, days=st.sampled_from([-2, 0, 20, 300]), same=numbers)
    def an_expiry_is_corrected(self, pick: int, days: int, same: int) -> None:
        lot = self.any_lot(pick)
        if lot is None or lot["item"] == "syringe":
            return
        day = self.house.start.date() + timedelta(days=days)
        if self.correct({"kind": "lot_expiry", "lot_id": lot["id"], "expires_on": day.isoformat()}, same):
            self.model.expiry_corrected[lot["lot_number"]] = day

    @does(2, same=numbers)
    def a_pack_size_is_corrected(self, same: int) -> None:
        (units,) = set(UNITS_IN_CASE) - {self.model.units_in_case}
        if self.correct({"kind": "code", "code": CASE_GTIN, "item": "pen", "base_units": units}, same):
            self.model.units_in_case = units

    @does(1, pick=numbers)
    def two_lots_are_no_lot(self, pick: int) -> None:
        """A lot cannot get the number of another one of its item."""
        lots = self.house.ledger.rows(
            "SELECT a.id, b.lot_number FROM lot a JOIN lot b ON b.item_id = a.item_id AND b.owner = a.owner"
            " AND b.id <> a.id ORDER BY 1, 2"
        )
        if lots:
            lot = lots[pick % len(lots)]
            body = {"kind": "lot_number", "lot_id": lot["id"], "lot_number": lot["lot_number"], "reason": "misread"}
            assert self.say(self.house.eve, "/v1/corrections", body).status_code == 409

    @does(4, pick=numbers, minutes_ago=st.integers(0, 40))
    def an_excursion_is_ended_by_evidence(self, pick: int, minutes_ago: int) -> None:
        if self.model.is_in_doubt:
            return
        lasting = [each for each in self.model.truth().excursions if each.ended_at is None]
        if not lasting:
            return
        found = sorted(lasting, key=lambda each: (each.place, each.rule, each.began_at))[pick % len(lasting)]
        number = self.excursion_ids()[found.device, found.rule, found.began_at]
        ended_at = self.when(minutes_ago)
        told = self.model.good_values(), self.model.thinned(), sorted(self.model.seen)
        probes = open_probes(self.house.world, found.place, found.rule, *told)
        body = {"ended_at": ended_at.isoformat(), "reason": "probe died", "evidence": "thermometer T-14 read 4.6"}
        if self.say(self.house.eve, f"/v1/excursions/{number}/end", body).is_success:
            self.model.seen |= {(device, ended_at) for device in probes}

    def correct(self, asked: dict[str, Any], same: int) -> bool:
        """Propose it and let somebody else confirm it; the same person only where no stock is concerned."""
        proposed = self.say(self.house.eve, "/v1/corrections", {**asked, "reason": "as the label says"})
        if not proposed.is_success:
            return False
        said = proposed.json()
        path = f"/v1/corrections/{said['id']}/confirm"
        body = {"effect_digest": said["effect_digest"], "reason": "looked at it"}
        if same % 3 == 0:
            alone = self.say(self.house.eve, path, body)
            assert alone.is_success != said["needs_second_person"], alone.text
            if alone.is_success:
                return True
        if same % 5 == 0:
            assert self.say(self.house.max, path.replace("confirm", "reject"), {"reason": "not so"}).is_success
            return False
        done = self.say(self.house.max, path, body)
        assert done.is_success, done.text
        return True
