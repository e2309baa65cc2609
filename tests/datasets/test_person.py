"""What belongs to the person: found, counted, shown, and taken out of captions."""

from __future__ import annotations

import pytest

from sd_scripts_bridge.datasets.captions import person


def found(caption: str) -> list[str]:
    return [one.text for one in person.phrases(caption)]


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("Ada woman, brown eyes, curly hair, sunny park", ["brown eyes", "curly hair"]),
        ("Ada woman with short dark brown hair in a park", ["short dark brown hair"]),
        ("a young bearded man with glasses", ["young bearded", "glasses"]),
        ("Ada man with a full beard and a thin moustache", ["full beard", "thin moustache"]),
        ("blue-eyed woman with pale skin and freckles", ["blue-eyed", "pale skin", "freckles"]),
        ("an elderly woman in her seventies", ["elderly", "in her seventies"]),
        ("Ada man, athletic build, strong jawline", ["athletic build", "strong jawline"]),
        ("His hair is short and brown. His eyes are blue.", None),
        ("Ada man, facial hair, thick eyebrows, dark skin", None),
        ("Ada woman, long blonde hair, black-rimmed glasses", None),
        ("a bald man with a receding hairline", ["bald", "receding hairline"]),
        ("Ada woman, straight, shoulder-length hair", ["straight, shoulder-length hair"]),
        ("Ada man, middle-aged, smiling", ["middle-aged"]),
        ("25 years old woman, olive complexion", ["25 years old", "olive complexion"]),
    ],
)
def test_found(caption: str, words: list[str] | None) -> None:
    assert (found(caption) == words) if words else found(caption)


@pytest.mark.parametrize(
    "caption",
    [
        "Ada woman, closed eyes, looking at the camera",
        "Ada woman with wet hair at the beach",
        "Ada woman, hair tied back, grey shirt, red hat",
        "Ada man in a brown leather jacket, holding two glasses of wine",
        "Ada man beside a young tree, blue sky, white wall, dark light, long shadows",
        "Ada man wearing a black skin-tight suit",
        "Ada man, a smile on the face, hands in the hair",
    ],
)
def test_what_stays_changeable_is_not_found(caption: str) -> None:
    assert found(caption) == []


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("Ada woman, brown eyes, holding a cat with green eyes", ["brown eyes"]),
        ("Ada woman, brown eyes, holding a cat with long fur and green eyes", ["brown eyes"]),
        ("the dog's brown eyes, Ada woman with red hair", ["red hair"]),
        ("a man with a beard sitting next to a woman with blonde hair", ["beard"]),
        ("Ada woman, a man with a grey beard beside her, street", []),
        ("Ada woman walking beside an old man with white hair", []),
        ("Ben with his wife with red hair", []),
        ("Ben and a child with freckles, kitchen", []),
    ],
)
def test_what_belongs_to_somebody_else_stays(caption: str, words: list[str]) -> None:
    assert found(caption) == words


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("a motorcycle next to a woman with red hair", ["red hair"]),
        ("a dog beside a man with a goatee", ["goatee"]),
        ("a portrait of a woman with green eyes and a cat", ["green eyes"]),
        ("Ada woman, cat, green eyes", ["green eyes"]),
        ("a woman with red hair next to her car", ["red hair"]),
    ],
)
def test_what_stands_beside_others_is_still_the_subjects(caption: str, words: list[str]) -> None:
    assert found(caption) == words


def test_a_framing_and_a_light_are_no_ones_body_or_eyes() -> None:
    assert found("Ada woman, full body, soft light, brown eyes") == ["brown eyes"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Ada woman, brown eyes, curly hair, sunny park", "Ada woman, sunny park"),
        ("Ada man with short brown hair and a beard in a park", "Ada man in a park"),
        (
            "Ada man with short brown hair and a beard, wearing a grey shirt",
            "Ada man, wearing a grey shirt",
        ),
        ("Ada man, a young bearded man in a park", "Ada man, a man in a park"),
        ("Ada man, an elderly man at home", "Ada man, a man at home"),
        ("Ada woman with a hat and blue eyes, smiling", "Ada woman with a hat, smiling"),
        ("Ada woman with blue eyes and a red hat, smiling", "Ada woman with a red hat, smiling"),
        ("Ada man in a park. He has brown eyes. Soft light.", "Ada man in a park. Soft light."),
        ("Ada man in a park. His hair is short and brown.", "Ada man in a park."),
        ("Ada man, 30 years old, smiling", "Ada man, smiling"),
        ("brown hair, Ada man", "Ada man"),
        ("Ada man with glasses, reading", "Ada man, reading"),
        ("Ada man wearing glasses and a grey shirt", "Ada man wearing a grey shirt"),
        ("Ada woman, pale skin, freckles and long red hair, laughing", "Ada woman, laughing"),
    ],
)
def test_taken_out(before: str, after: str) -> None:
    words = person.words([before, before])
    assert person.without(before, words) == after
    assert person.without(after, words) == after


def test_counted_over_the_set_and_only_what_is_wanted_goes() -> None:
    captions = ["Ada, brown eyes, curly hair", "Ada, Brown eyes, hat", "Ada, grey shirt"]
    words = person.words(captions)
    assert [(word.kind, word.text, word.count) for word in words] == [
        ("eyes", "brown eyes", 2),
        ("hair", "curly hair", 1),
    ]
    assert person.without(captions[0], words[1:]) == "Ada, brown eyes"


def test_glasses_belong_to_him_who_always_wears_them() -> None:
    always = ["Ada man with glasses, reading", "Ada man, round glasses, in a park"]
    assert {word.kind for word in person.words(always)} == {"glasses"}
    assert person.words([*always, "Ada man at the beach"]) == []


def test_what_should_stay_changeable_is_asked_for() -> None:
    assert person.missing("Ada man") == ["place", "light", "clothes", "pose"]
    whole = "Ada man, standing in a park, grey shirt, soft light"
    assert person.missing(whole) == []
    assert person.asked_for([whole, "Ada man, grey shirt"]) == {"place": 1, "light": 1, "pose": 1}
