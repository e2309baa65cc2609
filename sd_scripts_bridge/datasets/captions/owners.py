"""Whose hair and eyes a caption speaks of: those of an animal, a doll or somebody beside the
subject aren't the subject's. Pure.
"""

from __future__ import annotations

import functools
import re

from .person_words import PEOPLE, any_of, listed

_CREATURES = any_of(
    listed(
        "cat, kitten, kitty, dog, puppy, horse, pony, foal, donkey, cow, calf, goat, sheep, lamb, "
        "pig, rabbit, bunny, hamster, guinea pig, mouse, rat, ferret, fox, wolf, bear, tiger, "
        "lion, leopard, monkey, ape, owl, parrot, bird, eagle, falcon, pigeon, duck, chicken, hen, "
        "rooster, fish, snake, lizard, frog, turtle, dragon, unicorn, husky, poodle, retriever, "
        "labrador, terrier, bulldog, collie, beagle, pug, corgi, dachshund, spaniel, animal, pet, "
        "doll, teddy, toy, puppet, mannequin, statue, robot, snowman, scarecrow"
    )
)
_KIN = any_of(
    listed(
        "wife, husband, partner, girlfriend, boyfriend, fiancee, fiance, bride, groom, mother, "
        "mum, mom, father, dad, son, daughter, baby, toddler, brother, sister, twin, cousin, aunt, "
        "uncle, grandmother, grandma, grandfather, grandpa, friend, colleague, coworker, teammate, "
        "neighbour, neighbor, boss, teacher, nurse, waiter, waitress, stranger, men, women, people"
    )
)
_PERSON = any_of([*PEOPLE, "boys", "girls", "kids", "children", "friends"])
_BEYOND = (
    r"(?:next to|beside|alongside|near|behind|in front of|opposite|facing|with|and|hugging|holding|"
    r"carrying|kissing|embracing|feeding|talk(?:s|ing) (?:to|with)|looking at|smiling at|"
    r"dancing with|leaning on|arm in arm with)"
)
_ARTICLE = r"(?:an?|the|another|one|two|three|some|other|his|her|their|my)"
_OTHER = rf"{_BEYOND}\s+{_ARTICLE}\s+(?:(?!with\b)[\w-]+\s+){{0,3}}?(?:{_PERSON}|{_KIN})"
_LIST = rf"(?:(?:(?!(?:with|who|wearing|{_PERSON})\b)[\w'-]+,?\s+){{1,8}}and\s+)?"
_HAS = (
    r"(?:['’]s?|\s+(?:with|has|have|having|that has|who has|which has))\s+"
    rf"{_LIST}(?:(?:an?|the|his|her|its|their)\s+)?"
)
"""Between a being and what is said of it: "'s", "with", "with long fur and"."""

_CREATURES_OWN = re.compile(rf"\b{_CREATURES}s?{_HAS}\Z", re.IGNORECASE)
_ANOTHERS_OWN = re.compile(rf"\b{_OTHER}{_HAS}\Z", re.IGNORECASE)
_KINS_OWN = re.compile(rf"\b(?:his|her|their|my)\s+(?:[\w-]+\s+)?{_KIN}{_HAS}\Z", re.IGNORECASE)
_BEFORE_ANOTHER = re.compile(rf"\b{_BEYOND}\s+{_ARTICLE}\s+\Z", re.IGNORECASE)
_BESIDE_HIM = re.compile(
    r"(?:\s+and(?:\s+[\w'-]+){1,4}?)?(?:\s+(?:standing|sitting|lying|walking))?"
    r"\s+(?:next to|beside|behind|near|in front of)\s+(?:him|me|them|her(?!\s+\w))\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    rf"\b(?:{_PERSON}|[Hh]e|[Ss]he|I|me)\b"
    r"|\A\s*(?!(?:An?|The|Two|Three|In|On|At|There|This)\b)(?:[A-Z]\w*|\w+ing\b)"
)
"""Somebody who is spoken of already: by a noun, a pronoun, a name, or what he does."""
_HINT = re.compile(
    rf"\b(?:{_CREATURES}|{_KIN}|{_BEYOND}\s+{_ARTICLE}|him|her|them|me)\b", re.IGNORECASE
)


@functools.lru_cache(maxsize=20_000)
def tells_of_others(text: str) -> bool:
    """Whether anybody besides a subject may be in it; looking closer takes long."""
    return _HINT.search(text) is not None


def is_of_another(caption: str, start: int, end: int, *, is_before_person: bool) -> bool:
    """Whether ``caption[start:end]``, words that belong to a being, belong to another than the
    subject: "a cat with green eyes", "her husband's beard", "a woman with red hair beside him", and
    ``is_before_person``, a person's noun, "next to a young" woman.
    """
    before = caption[:start]
    if not is_before_person and (
        _CREATURES_OWN.search(before) or _KINS_OWN.search(before) or _BESIDE_HIM.match(caption, end)
    ):
        return True
    another = (_BEFORE_ANOTHER if is_before_person else _ANOTHERS_OWN).search(before)
    return bool(another and _SUBJECT.search(before, 0, another.start()))
