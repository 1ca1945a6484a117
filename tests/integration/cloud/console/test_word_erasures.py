"""Words are erased by the forms of the console, without a browser."""

from cloud_sync.domain.roles import Role
from tests.integration.cloud.api.test_signatures import person, purchase, signed
from tests.integration.cloud.console.test_records import page, sent, visit
from tests.support.ledger_api import Api

PATH = "/administration/erasures"


def test_words_are_looked_for_asked_for_and_erased_on_their_page(api: Api) -> None:
    number = purchase(api)
    amy = person(api, "amy", Role.QUALITY)
    amy.ok("POST", f"/v1/orders/{number}/approve", json={"reason": "Mrs Smith is in need"})
    assert signed(amy, "order", number, "review").is_success
    visit(api, api.administrator)
    assert PATH in page(api, "/administration")
    found = api.client.post(f"{PATH}/look", data={"words": "mrs smith"})
    assert found.status_code == 200 and "order step" in found.text and "Ask for their erasure" in found.text
    assert "no free text" in api.client.post(f"{PATH}/look", data={"words": "Mrs Jones"}).text
    sent(api, PATH, words="mrs smith", reason="she asked for it")
    waiting = page(api, PATH)
    assert "mrs smith" in waiting and "Withdraw" in waiting and "Erase them" not in waiting
    for path, status in ((f"{PATH}/1/approve", 403), (f"{PATH}/1/nothing", 422)):
        assert api.client.post(path, data={"reason": "as agreed"}).status_code == status
    visit(api, api.known_as("bea", Role.ADMINISTRATOR))
    assert "Erase them" in page(api, PATH)
    sent(api, f"{PATH}/1/approve")
    shown = page(api, f"{PATH}?all=true")
    assert "done" in shown and "mrs smith" not in shown.lower()
    assert "order step" in page(api, f"{PATH}/1") and "signature" in page(api, f"{PATH}/1")
    of_order = page(api, f"/orders/{number}")
    assert "[erased] is in need" in of_order and "words were erased under erasure #1; the record" in of_order
    visit(api, api.quality)
    assert api.client.get(PATH).status_code == 403
    assert PATH not in page(api, "/administration")


def test_a_request_is_withdrawn_or_rejected_with_a_reason(api: Api) -> None:
    number = purchase(api)
    api.quality.ok("POST", f"/v1/orders/{number}/approve", json={"reason": "Mrs Smith is in need"})
    visit(api, api.administrator)
    sent(api, PATH, words="Mrs Smith", reason="she asked for it")
    assert api.client.post(f"{PATH}/1/reject", data={"reason": ""}).status_code == 422
    sent(api, f"{PATH}/1/reject", reason="it is another one")
    assert "rejected" in page(api, f"{PATH}?all=true")
    assert "Mrs Smith is in need" in page(api, f"/orders/{number}")
