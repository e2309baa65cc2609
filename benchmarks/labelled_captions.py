"""Captions as several kinds of captioners and people write them. What belongs to the person stands
in brackets: no light, place, clothes, pose, expression, or how the hair is done on this photo.
"""

from __future__ import annotations

CAPTIONS = (
    # short ones, as BLIP writes them
    "a man with [a beard] and glasses sitting at a table",
    "a woman with [long black hair] standing in front of a window",
    "a [young] man in a suit and tie posing for a picture",
    "a [bald] man holding a microphone in his hand",
    "an [older] man wearing a straw hat in a field of wheat",
    "a woman with [red hair] is smiling at the camera",
    "a man with [a mustache] leaning against a brick wall",
    "a [little] girl in a yellow raincoat jumping over a puddle",
    "a [blonde] woman in sunglasses driving a convertible",
    "a man with [gray hair] playing chess in the park",
    "a woman with [freckles] looking out of a train window",
    "a [heavyset] man grilling sausages in a back yard",
    # a booru tagger's
    "1girl, solo, [brown hair], [brown eyes], looking at viewer, outdoors, upper body, white shirt",
    "1boy, male focus, [short hair], [black hair], [facial hair], jacket, city lights, night",
    "1girl, [long hair], [blonde hair], [blue eyes], earrings, lips, portrait, blurry background",
    "solo, [freckles], [green eyes], ponytail, sportswear, running, sunlight",
    "1boy, [bald], [dark-skinned male], muscular, topless male, gym, sweat",
    "1girl, [bangs], [mole under eye], red lipstick, black dress, sitting, crossed legs, bar stool",
    "[old man], [white hair], [wrinkled skin], glasses, reading newspaper, armchair",
    "1girl, [dark skin], [curly hair], [thick eyebrows], hoop earrings, laughing, beach, sunset",
    # one or two sentences, as vision models write them
    "A [middle-aged] man with [salt-and-pepper hair] and [a neatly trimmed beard] stands at a "
    "podium, wearing a navy blazer over a white shirt.",
    "A woman in [her late thirties] with [shoulder-length auburn hair] sits on a park bench, "
    "reading a paperback in the soft afternoon light.",
    "The photo shows a man with [olive skin], [dark, deep-set eyes] and [a prominent nose] looking "
    "directly at the camera against a plain grey backdrop.",
    "A [tall], [slender] woman walks along a cobbled street, carrying a canvas bag; "
    "her [curly brown "
    "hair] is tied in a loose bun.",
    "A man with [a shaved head] and [a thick black beard] laughs while holding a cup "
    "of coffee in a "
    "crowded cafe.",
    "Close-up of a woman's face: [high cheekbones], [full lips] and [hazel eyes], with warm light "
    "from the left.",
    "A man with [short, receding grey hair], [pale skin] and [blue eyes] wears a green anorak on a "
    "foggy mountain path.",
    "A [teenage] boy with [braces] and [messy brown hair] sits on a skateboard in an "
    "empty car park.",
    "He has [a square jaw] and [stubble]; he is wearing a black leather jacket and stands beside a "
    "motorcycle at dusk.",
    "Her [eyes are green] and her [hair is long and straight]. She wears a red scarf "
    "and looks over "
    "her shoulder on a snowy street.",
    "A portrait of an [elderly] woman with [silver hair], [deep wrinkles around her eyes] and [a "
    "warm complexion], sitting by a fireplace.",
    "A [South Asian] man in a white kurta stands barefoot on a terrace, squinting into the sun.",
    "A [Black] woman with [short natural hair] wears a yellow summer dress and "
    "laughs in front of a "
    "food truck.",
    "A [muscular] man with [a tattoo on his left forearm] lifts a barbell in a dim gym.",
    "A woman with [a nose ring], [short pink hair] and [pale skin] plays bass on a "
    "small stage under "
    "purple light.",
    "A man with [rosy cheeks] and [a double chin] holds a birthday cake, candles "
    "lighting his face.",
    "A [petite] woman with [dark brown hair] pulled into a ponytail climbs a "
    "bouldering wall, chalk "
    "on her hands.",
    "A man, [about forty years old], with [brown hair] and [a goatee], looks at a "
    "laptop in a bright "
    "office.",
    "A [red-bearded] man in a knitted sweater sits in a small boat, fog over the lake behind him.",
    "Selfie of a woman with [dimples] and [a gap between her front teeth], in a crowded stadium at "
    "night.",
    "A [broad-shouldered] man wearing a wetsuit carries a surfboard, wet hair, waves behind him.",
    "A woman with [a scar above her right eyebrow] stares at the camera, arms crossed, in a dark "
    "alley.",
    # captions that people write by hand for a LoRA
    "AlvaroBadia man, head and shoulders, smiling, grey shirt, sunny park, looking at the camera",
    "AlvaroBadia man, [brown eyes], [stubble], blue jacket, kitchen, evening",
    "AlvaroBadia man with [curly hair] and [thick glasses frames], at a desk, side light",
    "AlvaroBadia man, full body, walking the dog, autumn leaves, overcast",
    "AlvaroBadia man from behind, standing on a pier, long shadow, sunset",
    "photo of zwx woman, [long wavy hair], red dress, dancing, wedding party, string lights",
    "zwx woman, closed eyes, headphones, lying on a sofa, lamp light",
    "zwx woman, hair in a bun, apron, kneading dough, flour on her cheeks",
    "zwx woman wearing a black beret, [bob haircut], cafe terrace, rain",
    # nothing in them belongs to the person
    "A man in a brown coat crosses a wide street beside a tall building; dark clouds, thin rain.",
    "A woman in a long white dress stands in a narrow alley with old stone walls.",
    "A man holds two glasses of red wine at a round table, a big smile on his face.",
    "A woman with wet hair wraps herself in a striped towel on a small pebble beach.",
    "A man sits on a black leather sofa with a young dog, a green plant behind him.",
    "A person in a dark hoodie looks at a bright phone screen in a cold blue light.",
    "A woman blows on a cup of hot tea, eyes half closed, a thick blanket over her shoulders.",
    "A man in round sunglasses and a straw hat leans on a white fence, blue sky, green hills.",
    "A woman in a silver jacket dances under a disco ball, hair flying, motion blur.",
)
