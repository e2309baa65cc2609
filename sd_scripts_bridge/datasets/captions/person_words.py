"""The vocabulary of what belongs to a person, and of what stays changeable, in English captions and
in a tagger's tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping


def any_of(words: Iterable[str]) -> str:
    """A pattern of any of these, the longest first; a space may be a hyphen."""
    ordered = sorted((word for word in words if word), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(word).replace(r"\ ", r"[\s-]") for word in ordered) + ")"


def listed(text: str) -> list[str]:
    """The words between the commas of ``text``."""
    return [word.strip() for word in text.split(",") if word.strip()]


_COLOURS = listed(
    "black, dark, jet black, brown, dark brown, light brown, blond, blonde, dirty blond, fair, "
    "red, "
    "ginger, auburn, grey, gray, greying, graying, white, silver, hazel, blue, green, amber, "
    "light, "
    "golden, chestnut, copper, salt and pepper, platinum, strawberry blonde, reddish, brownish, "
    "sandy, bright, deep, pale, honey, chocolate, pink, purple, orange, teal, dyed, bleached, "
    "multicolored, multicoloured, two tone, streaked, highlighted, gradient, rainbow, violet, "
    "ash blonde, raven, mousy, ice blue, steel grey, yellow"
)
_HAIR = listed(
    "short, long, medium length, shoulder length, chin length, curly, wavy, straight, thick, thin, "
    "thinning, fine, receding, shaggy, spiky, fluffy, frizzy, buzzed, cropped, coarse, full, "
    "bushy, close cropped, afro textured, natural, short cropped, neatly trimmed, trimmed, "
    "well groomed, full grown, full head of, head of, patchy, stubbly, goatee, kinky, coily, "
    "layered, very short, very long, pixie, crew, buzz, bowl, greasy, unruly, silky, sleek, "
    "lush, voluminous, wispy, sparse, bouncy, tight, blunt, side swept, asymmetrical, choppy, "
    "handlebar, pencil, waxed, chin strap, waist length, hip length, knee length, absurdly long"
)
_FACE = listed(
    "round, oval, square, angular, narrow, wide, chubby, heart shaped, wrinkled, freckled, "
    "youthful, "
    "high, strong, sharp, defined, prominent, hollow, full, thin, big, small, large, crooked, "
    "pointed, hooked, aquiline, upturned, flat, bushy, arched, thick, plump, rosy, chiselled, "
    "chiseled, slender, long, short, double, cleft, gapped, crows feet, pointy, sleeve, arm, neck, "
    "back, chest, leg, button, snub, roman, bulbous, broken, sunken, pierced, protruding, weak, "
    "gaunt, sculpted, delicate, rounded, freckled, pouty, thick, heavy, faint, light"
)
_EYES = listed(
    "almond shaped, deep set, narrow, large, big, small, round, hooded, monolid, close set, wide "
    "set, upturned, downturned, slanted, droopy, bulging, tsurime, tareme"
)
_SKIN = listed(
    "pale, fair, light, dark, olive, tan, tanned, brown, black, white, freckled, smooth, wrinkled, "
    "porcelain, bronzed, ebony, rosy, sun kissed, weathered, pinkish, medium, deep, clear, "
    "light brown, dark brown, caramel, warm, ruddy, sallow, flawless, golden, copper, honey, "
    "milky, leathery, rough, pockmarked, sunburnt, sunburned, blemished, oily, dewy, glowing"
)
_BUILD = listed(
    "slim, slender, thin, lean, muscular, athletic, stocky, heavy, heavyset, chubby, curvy, "
    "petite, "
    "tall, short, average, medium, strong, broad, large, small, plump, lanky, robust, fit, slight, "
    "burly, wiry, toned, bulky, full, hourglass, pear shaped, boyish, powerful, sturdy, delicate"
)
_LOOKS = listed(
    "young, old, little, black, white, older, younger, elderly, middle aged, aged, teenage, teen, "
    "youthful, adult, "
    "mature, "
    "bearded, bald, balding, blond, blonde, brunette, red headed, redheaded, ginger, bespectacled, "
    "freckled, moustached, mustachioed, clean shaven, unshaven, muscular, slim, slender, "
    "tall, heavyset, overweight, chubby, skinny, stocky, athletic, plump, petite, curvy, lean, "
    "fit, "
    "asian, east asian, south asian, african, african american, caucasian, hispanic, latino, "
    "latina, "
    "indian, chinese, japanese, korean, european, middle eastern, arab, handsome, beautiful, "
    "attractive, pretty, good looking, cute, dark skinned, light skinned, fair skinned, "
    "pale skinned, grey haired, gray haired, white haired, burly, wiry, lanky, gaunt, voluptuous, "
    "busty, broad shouldered, curly haired, balding, teenaged, young adult, "
    "twenty something, thirty something, forty something, gorgeous, rugged, wrinkled, tanned, "
    "tan, pale, biracial, mixed race, nordic, scandinavian, slavic, mediterranean, persian, "
    "turkish, filipino, filipina, vietnamese, thai, mexican, brazilian, italian, german, french, "
    "british, irish, russian, native american, polynesian, nigerian, ethiopian, pakistani"
)
LASTING = {
    "hair": [w for w in (*_COLOURS, *_HAIR) if " " not in w],
    "eyes": [w for w in _COLOURS if " " not in w and w not in ("bright", "light", "dark")],
}
"""Kind -> words that belong to the person also where others beside them change."""
PEOPLE = listed(
    "man, woman, person, boy, girl, guy, gentleman, lady, male, female, child, kid, teenager, "
    "adult, "
    "individual, subject, figure, model"
)
CHANGEABLE = frozenset(
    listed(
        "wet, messy, windswept, windblown, tousled, tied, braided, loose, combed, styled, slicked, "
        "dripping, flowing, closed, open, half closed, wide, squinting, narrowed, teary, tearful, "
        "watery, tired, red rimmed, happy, sad, smiling, laughing, sweaty, dirty, muddy, painted, "
        "made up, serious, shadowed, downcast"
    )
)
"""Of hair, eyes and face: how they are on this photo, not how they are."""

BEFORE_COMMA = frozenset(
    re.split(r"[ -]", words)[-1]
    for words in (*_COLOURS, *_HAIR, *_FACE, *_EYES, *_SKIN, *_BUILD, *_LOOKS, *CHANGEABLE)
) | frozenset(
    listed("haired, eyed, skinned, bearded, faced, nosed, shouldered, cheeked, built, toothed, old")
)
"""What may stand before a comma behind which the words before a noun go on."""

_MODIFIER = r"(?:(?:very|rather|quite|slightly|somewhat|naturally|strikingly|piercing|the)\s+)?"


def _phrase(adjectives: Iterable[str], nouns: str, *, needed: bool = True) -> str:
    """Adjectives with commas, "and" or nothing between them, then a noun. Before a comma "light"
    is what shines.
    """
    one = any_of([*adjectives, *CHANGEABLE])
    times = "+" if needed else "*"
    return rf"(?:{_MODIFIER}{one}(?:(?:(?<!\blight)\s*,\s*|\s+and\s+|\s+)(?=\S))){times}(?:{nouns})"


def _belongs(adjectives: Iterable[str], nouns: str, *, needed: bool = True) -> re.Pattern[str]:
    return re.compile(rf"\b{_phrase(adjectives, nouns, needed=needed)}\b", re.IGNORECASE)


_HAIR_NOUNS = r"hair(?:cut|style|line)?|curls|locks|fringe|bangs|ponytail|afro|dreadlocks|bob"
_BEARD_NOUNS = r"beard|stubble|mo?ustache|goatee|sideburns|facial hair|five o'clock shadow|whiskers"
_FACE_NOUNS = (
    r"face|jaw(?:line)?|chin|cheekbones|cheeks|nose|lips|eyebrows|brows|forehead|ears|features|"
    r"eyelashes|lashes|teeth|eyelids"
)
_SOME = (
    r"(?:(?:(?:light|fine|slight|faint|soft) )?(?:dusting|hint|touch|trace|layer|bit|spray) of )?"
)
"""Before a beard, or freckles: not more than that."""
_WHERE = (
    r"(?:\s+(?:on|above|below|under|over|across|around|near)\s+(?:(?:his|her|their|the|both)\s+)?"
    r"(?:(?:left|right|upper|lower)\s+)?(?:eyes?|eyebrows?|face|mouth|lips?|chin|cheeks?|forehead|nose|"
    r"neck|chest|back|shoulders?|arms?|forearms?|wrists?|hands?|fingers|legs?|calf|ankles?))?"
)
_ALWAYS_FACE = (
    r"(?:freckles|wrinkles|dimples|moles?|birthmark|beauty mark|scars?|tattoos?|crow's feet)"
    rf"{_WHERE}"
    r"|laugh lines|eye bags|acne|pimples|fangs|buck teeth|unibrow|monobrow"
    r"|gap between (?:his|her|their) (?:front )?teeth|crooked teeth|nose ring|"
    r"(?:septum|lip|eyebrow) ring|septum piercing|(?:nose|lip|eyebrow|ear) (?:stud|piercing)s?"
)
_ALWAYS_HAIR = (
    r"dreadlocks|dreads|cornrows|afro|undercut|mohawk|mullet|hime cut|sidelocks|ahoge|ringlets"
    r"|comb-?over|widow's peak|cowlick|hair between eyes|(?:his|her|their) (?:fringe|bangs)"
)
"""Without a word before it, too."""
_CUT_IN = (
    r"(?:\s+(?:styled|cut|worn)\s+(?:in|into|as)\s+(?:an?\s+)?(?:[\w-]+\s+){0,2}"
    r"(?:bob|pixie|crop|afro|mohawk|mullet|undercut|fade|layers|waves|cut))?"
)
_BODY_NOUNS = r"build|frame|physique|figure|(?<!full )body|stature|shoulders"

PATTERNS: Mapping[str, tuple[re.Pattern[str], ...]] = {
    "eyes": (
        _belongs([*_COLOURS, *_EYES], r"eyes?|irises"),
        re.compile(r"\bheterochromia\b|\bslit pupils\b", re.IGNORECASE),
        re.compile(rf"\b(?:his|her|their) eyes are {any_of(_COLOURS)}\b", re.IGNORECASE),
    ),
    "hair": (
        _belongs([*_COLOURS, *_HAIR], f"(?:{_HAIR_NOUNS}){_CUT_IN}"),
        _belongs([*_COLOURS, *_HAIR], _ALWAYS_HAIR, needed=False),
        re.compile(
            rf"\b(?:his|her|their) hair is {any_of([*_COLOURS, *_HAIR])}"
            rf"(?:(?:,| and|, and) {any_of([*_COLOURS, *_HAIR])})*\b",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b(?:bald|shaved) head\b|\breceding hairline\b"
            r"|\b(?:bob|pixie|crew|buzz|bowl)[\s-](?:hair)?cut\b",
            re.IGNORECASE,
        ),
    ),
    "beard": (_belongs([*_COLOURS, *_HAIR], f"{_SOME}(?:{_BEARD_NOUNS})", needed=False),),
    "skin": (
        _belongs(_SKIN, r"skin(?:[\s-]tone)?(?![\s-]tight)|complexion"),
        re.compile(r"\b(?:skin tone|complexion)\b", re.IGNORECASE),
    ),
    "face": (
        _belongs(_FACE, _FACE_NOUNS),
        _belongs([*_FACE, *_COLOURS], f"{_SOME}(?:{_ALWAYS_FACE})", needed=False),
    ),
    "body": (_belongs(_BUILD, _BODY_NOUNS),),
    "age": (
        re.compile(
            r"\b(?:in (?:his|her|their) (?:early |mid[ -]?|late )?(?:\d0s|twenties|thirties"
            r"|forties|"
            r"fifties|sixties|seventies|eighties)|(?:(?:about|around) )?(?:\d{1,2}"
            r"|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty)(?:[ -]\w+)?)"
            r"[ -]years?[ -]old)\b",
            re.IGNORECASE,
        ),
    ),
    "glasses": (
        re.compile(
            r"(?<!wine )(?<!champagne )(?<!beer )(?<!drinking )(?<!holding )(?<!two )(?<!of )"
            r"\b(?:[a-z-]+[\s-](?:rimmed|framed|lensed) |round |square |black |thick |thin |"
            r"prescription |reading |rectangular |wire |gold |silver |brown |dark |clear )*"
            r"(?:eyeglasses|eye glasses|spectacles|eyewear|glasses)\b(?! of\b)",
            re.IGNORECASE,
        ),
    ),
}
"""Kind -> what a phrase of it looks like: a noun with what is said of it."""

HINTS: Mapping[str, re.Pattern[str]] = {
    "eyes": re.compile(r"eye|iris|heterochromia|pupils", re.IGNORECASE),
    "hair": re.compile(rf"\b(?:{_HAIR_NOUNS}|{_ALWAYS_HAIR}|head|bob|cut|pixie)", re.IGNORECASE),
    "beard": re.compile(rf"\b(?:{_BEARD_NOUNS})", re.IGNORECASE),
    "skin": re.compile(r"skin|complexion", re.IGNORECASE),
    "face": re.compile(rf"\b(?:{_FACE_NOUNS}|{_ALWAYS_FACE})", re.IGNORECASE),
    "body": re.compile(rf"\b(?:{_BODY_NOUNS})", re.IGNORECASE),
    "age": re.compile(r"\d|ties\b|teens|years", re.IGNORECASE),
    "glasses": re.compile(r"glasses|spectacles|eyewear", re.IGNORECASE),
}
"""What a caption has to hold before the patterns, which take a hundred times as long, are tried."""

ATTRIBUTES = re.compile(
    rf"\b(?:(?:{any_of(_LOOKS)}|[a-z]+-(?:haired|eyed|skinned|bearded|faced|nosed|shouldered|cheeked|built|toothed|year-old))"
    rf"(?:\s*,\s*|\s+and\s+|\s+))+(?=(?:[a-z-]+ )?{any_of(PEOPLE)}\b)",
    re.IGNORECASE,
)
"""Before a person's noun: "young, bearded" man."""
ALONE = re.compile(
    rf"(?:(?<=^)|(?<=,)|(?<=, ))\s*(?:{any_of(set(_LOOKS))}|[a-z]+-(?:haired|eyed|skinned)|bald)\s*"
    r"(?=,|$|\.|and\b)"
    r"|\b(?:unshaven|clean[\s-]shaven|bespectacled|mustachioed|moustachioed|heavyset)\b",
    re.IGNORECASE,
)
"""A tag of its own."""

GOES_ON = re.compile(
    r"\s+(?:(?:is|are|was|were)(?!\s+(?:smiling|looking|standing|sitting|holding|wearing|walking|"
    r"posing|laughing))|tied|pulled|falling|blowing|flowing|hanging|lit|shining"
    r"|covered|covering|framing|in (?:an? )?(?:bun|ponytail|braids?|plaits?|knot))\b",
    re.IGNORECASE,
)
EYES_GO_ON = re.compile(r"\s+(?:looking|staring|gazing|fixed)\b", re.IGNORECASE)
"""The same behind eyes; behind anything else it is the person who looks."""
"""Behind a noun: the caption goes on about it as it is on this photo, so the noun has to stay."""

WHEN_IN_ALL = frozenset({"glasses"})
"""Kinds that belong to the person only where all photos show them."""

ASPECTS: Mapping[str, re.Pattern[str]] = {
    "place": re.compile(
        r"\b(?:in|on|at|near|beside|by|inside|behind|before|along) (?:an? |the |his |her )?"
        r"(?:[a-z-]+ ){0,3}?(?:park|street|room|kitchen|office|beach|forest|garden|city|home|house|"
        r"studio|caf[eé]|restaurant|bar|car|train|bus|station|mountains?|hill|lake|river|sea|"
        r"field|shop|store|gym|school|library|bed|sofa|couch|bench|balcony|bridge|wall|window|"
        r"stage|market|square|road|path|bathroom|bedroom|hall|church|museum|airport|desert|snow|"
        r"woods|countryside|terrace|roof|stairs|desk|table|hallway|harbou?r|port|stadium)\b"
        r"|\b(?:background|backdrop|outdoors?|indoors?|outside|park|street|beach|forest|garden|"
        r"kitchen|office|studio|mountains?|skyline|wall|sky|trees|sea|city|room)\b",
        re.IGNORECASE,
    ),
    "light": re.compile(
        r"\b(?:light|lighting|lit|sunlight|daylight|sunny|sunset|sunrise|sunshine|dusk|dawn|night|"
        r"evening|morning|afternoon|noon|overcast|cloudy|shade|shadows?|backlit|golden hour|neon|"
        r"flash|dim|bright|lamp|candle(?:light)?|moonlight|dark|midday|fog(?:gy)?|rain(?:y)?)\b",
        re.IGNORECASE,
    ),
    "clothes": re.compile(
        r"\b(?:wear(?:s|ing)?|dressed|shirt|t-shirt|tshirt|sweater|jumper|jacket|coat|suit|tie|"
        r"dress|skirt|jeans|trousers|pants|shorts|hoodie|blouse|hat|cap|scarf|uniform|vest|"
        r"cardigan|top|pullover|polo|blazer|swimsuit|bikini|robe|apron|gloves|boots|shoes|"
        r"trainers|sneakers|outfit|clothes|shirtless|bare[- ]chested|costume|tank top|gown"
        r"|kimono)\b",
        re.IGNORECASE,
    ),
    "pose": re.compile(
        r"\b(?:stand(?:s|ing)?|sit(?:s|ting)?|walk(?:s|ing)?|run(?:s|ning)?|lean(?:s|ing)?|"
        r"lying|lies|kneel(?:s|ing)?|look(?:s|ing)?|facing|turned|smil(?:es|ing)|laugh(?:s|ing)?|"
        r"pos(?:es|ing)|hold(?:s|ing)?|arms?|hands?|profile|portrait|close[- ]up|head and "
        r"shoulders|half body|full body|upper body|waist up|jump(?:s|ing)?|danc(?:es|ing)|"
        r"crouch(?:es|ing)|riding|driving|reading|eating|drinking|from behind|from the side"
        r"|selfie)\b",
        re.IGNORECASE,
    ),
}
"""What should stay changeable -> how a caption says something of it."""
