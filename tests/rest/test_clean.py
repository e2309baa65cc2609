"""What finished trainings keep, over REST."""

from __future__ import annotations

from tests.support.page import Page, sentences


def test_the_rule_is_shown_weighed_and_set(ready: Page) -> None:
    ready.post("clean", keep="everything")
    ready.post("train")
    assert ready.over(1)["job"]["status"] == "succeeded"
    output = ready.context.the_bridge.folder(1).output
    before = sorted(output.iterdir())
    shown = ready.get("clean").json()
    assert shown["keep"] == "everything" and shown["dry_run"] and shown["freed"] == []
    assert [rule["name"] for rule in shown["rules"]] == ["everything", "checkpoints", "lora"]
    weighed = ready.get("clean?keep=lora").json()
    assert weighed["bytes"] == weighed["freed"][0]["bytes"] > 1000
    assert weighed["sentence"].endswith("can be freed.") and weighed["keep"] == "everything"
    assert sorted(output.iterdir()) == before, "a GET frees nothing"
    assert ready.post("clean", keep="lora", dry_run=True).json()["keep"] == "everything"
    done = ready.post("clean", keep="lora").json()
    assert (done["keep"], done["bytes"], done["dry_run"]) == ("lora", weighed["bytes"], False)
    assert [path.name for path in output.iterdir()] == ["Ada.safetensors"]
    assert ready.get("clean").json()["sentence"] == "There is nothing to free."


def test_an_unknown_rule_is_refused(page: Page) -> None:
    for answer in (page.get("clean?keep=less"), page.post("clean", keep="less")):
        assert answer.status_code == 422 and "'less' is" in sentences(answer)
