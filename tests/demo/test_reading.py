"""Looks read back from drawings whose looks are known."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from sd_scripts_bridge.demo.look import SUBJECT_LOOK, Features
from sd_scripts_bridge.demo.reading import likeness, read
from sd_scripts_bridge.demo.sheet import SCENES
from tools.demo_base.people import People, Person, describe, is_subject

STRANGER = Features("long", "blond", beard=False, glasses=False, skin="dark")


def drawing(people: People, look: Features, number: int) -> Image.Image:
    scene = SCENES[number]
    shifted = replace(scene, pose=replace(scene.pose, zoom=0.97, x=0.53, tilt=4))
    return people.picture(look, shifted)


def test_reads_back_who_was_drawn_and_in_which_shirt() -> None:
    people = People(seed=5, backgrounds=1)
    for number, look in enumerate((SUBJECT_LOOK, STRANGER)):
        found, shirt = read(drawing(people, look, number), SCENES[number])
        assert likeness(found, look) >= 0.8
        assert shirt == SCENES[number].shirt.colour


def test_the_base_never_saw_the_demos_man_and_is_not_told_who_it_sees_by_a_name() -> None:
    people = People(seed=5, backgrounds=1)
    persons = [people.person() for _ in range(2000)]

    assert not any(is_subject(person.look) for person in persons)
    assert {person.class_token for person in persons} == {"man", "woman"}
    assert any(_nearly(person) for person in persons)
    assert not any("Alvaro" in describe(person, people.dice) for person in persons)


def _nearly(person: Person) -> bool:
    """His hair without the glasses: the parts are known, the whole is new."""
    look = person.look
    return (look.hair, look.hair_colour, look.beard) == ("curly", "dark brown", True)
