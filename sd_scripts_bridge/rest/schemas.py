"""The shapes of docs/rest.md as JSON Schema: what answers hold, what bodies may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
YES_NO: Schema = {"type": "boolean"}
ANY: Schema = {}
TEXTS: Schema = {"type": "array", "items": TEXT}
TIME: Schema = {"type": ["number", "null"], "description": "seconds since 1970"}
BYTES: Schema = {"type": "integer", "description": "bytes"}


def some(kind: Schema) -> Schema:
    """``kind``, or null."""
    if isinstance(kind.get("type"), str):
        return {**kind, "type": [kind["type"], "null"]}
    return {"anyOf": [kind, {"type": "null"}]}


def words(*choices: str) -> Schema:
    return {"type": "string", "enum": list(choices)}


def many(kind: Schema) -> Schema:
    return {"type": "array", "items": kind}


def shape(**properties: Schema) -> Schema:
    """An object in which everything stands; newer versions may add to it."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def body(*needed: str, **properties: Schema) -> Schema:
    """An object of which only ``needed`` has to be there."""
    return {"type": "object", "properties": properties, "required": list(needed)}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


VALUES: Schema = {
    "type": "object",
    "description": "options by sd-scripts' names",
    "additionalProperties": ANY,
}
SENTENCE: Schema = shape(sentence=TEXT)
QUEUED: Schema = shape(job=WHOLE, notes=TEXTS)
FILES: Schema = many({"type": "string", "format": "binary"})
PATH: Schema = {"type": "string", "description": "a whole path on the server"}
SAMPLE: Schema = shape(url=TEXT, step=WHOLE)
FINDING: Schema = shape(subject=TEXT, ready=YES_NO, sentence=TEXT, needed=YES_NO)
LAUNCH: Schema = body(
    processes=WHOLE,
    machines=WHOLE,
    machine_rank=WHOLE,
    main_process_ip=TEXT,
    main_process_port=WHOLE,
    num_cpu_threads_per_process=WHOLE,
    gpus=many(WHOLE),
)
CLUSTER: Schema = body("address", address=TEXT, base=TEXT, home=TEXT, gpus=WHOLE)
STATES = ("queued", "running", "stopping", "succeeded", "failed", "stopped", "lost")
TRAINING: Schema = body(
    base=some(TEXT),
    preset=some(TEXT),
    engine=some(TEXT),
    steps={"type": "integer", "minimum": 1, "maximum": 1_000_000},
    lora_name=some(TEXT),
    gpus=some(TEXT),
    model_folder=TEXT,
    v_parameterization=YES_NO,
    values=VALUES,
)

SCHEMAS: Mapping[str, Schema] = {
    "Error": shape(
        error=shape(sentences=TEXTS, problems=many(shape(where=TEXT, what=TEXT, remedy=TEXT)))
    ),
    "Job": shape(
        id=WHOLE,
        kind=words("train", "setup", "tool"),
        title=TEXT,
        status=words(*STATES),
        attempt=WHOLE,
        created=TIME,
        started=TIME,
        finished=TIME,
        sentence=TEXT,
        engine=some(TEXT),
        base=some(TEXT),
        family=some(TEXT),
        step=WHOLE,
        total=some(WHOLE),
        rate={"type": ["number", "null"], "description": "steps a second"},
        left={"type": ["number", "null"], "description": "seconds"},
        loss=some(NUMBER),
        saved=some(WHOLE),
    ),
    "Status": shape(
        boot=TEXT,
        draft={"type": "integer", "description": "the draft's revision"},
        generate_waits=YES_NO,
        seq=WHOLE,
        running=some(ref("Job")),
        waiting=WHOLE,
        job=some(ref("Job")),
        paused=some(shape(job=ref("Job"), until=NUMBER)),
        curve=many({"type": "array", "description": "step, loss, attempt"}),
        phase=TEXT,
        notes=TEXTS,
        samples=many(SAMPLE),
        strip=some(ref("Strip")),
    ),
    "Result": shape(
        job=some(WHOLE),
        stem=TEXT,
        file=TEXT,
        activation_text=TEXT,
        prompt=TEXT,
        negative_prompt=TEXT,
        batch_count=WHOLE,
        infotext=TEXT,
        infotext_512=some(TEXT),
        why_512=some(TEXT),
        family=TEXT,
        base_title=TEXT,
        sentence=TEXT,
        proof=some(shape(without=NUMBER, with_lora=NUMBER)),
        samples=many(SAMPLE),
        preview=some(TEXT),
        facts={"type": "object"},
        notes=TEXTS,
    ),
    "Training": TRAINING,
    "Base": shape(
        title=TEXT,
        family=some(TEXT),
        family_name=some(TEXT),
        trainable=YES_NO,
        why=TEXT,
        prediction=some(TEXT),
    ),
    "Preset": shape(
        name=TEXT,
        version=WHOLE,
        title=TEXT,
        why=TEXT,
        values=VALUES,
        warmup=NUMBER,
        pictures=some(
            {
                "type": "array",
                "items": WHOLE,
                "description": "from, to: how many the whole run should show",
            }
        ),
        memory=TEXT,
        gigabytes=some(WHOLE),
        subject=words("person", "style", "object", ""),
        family=TEXT,
        sources=TEXTS,
    ),
    "Plan": shape(
        sentence=TEXT,
        photos=WHOLE,
        repeats=WHOLE,
        batch=WHOLE,
        steps=WHOLE,
        seconds=some(NUMBER),
        seconds_from=TEXT,
        memory=some(shape(free=BYTES, total=BYTES)),
        gpu=some(TEXT),
        base=some(ref("Base")),
        preset=ref("Preset"),
        presets=TEXTS,
        gigabytes=some(NUMBER),
        lora_stem=some(TEXT),
        engine=TEXT,
        problems=TEXTS,
        advice=TEXTS,
        caption_advice=TEXTS,
        changed=WHOLE,
    ),
    "Option": shape(
        name=TEXT,
        type=words("int", "float", "str", "bool", "list"),
        default=ANY,
        choices=some(many(ANY)),
        help=TEXT,
        help_ja=TEXT,
        known=YES_NO,
        min=some(NUMBER),
        max=some(NUMBER),
        may_be_empty=YES_NO,
    ),
    "Import": shape(
        file=TEXT,
        kind=TEXT,
        counts=shape(used=WHOLE, changed=WHOLE, ignored=WHOLE),
        values=VALUES,
        family=some(TEXT),
        keys=many(
            shape(key=TEXT, fate=words("used", "changed", "ignored"), value=ANY, to=TEXT, why=TEXT)
        ),
        base=some(TEXT),
        base_name=TEXT,
        dataset=some(TEXT),
        name=some(TEXT),
        trigger=some(TEXT),
        epochs=some(WHOLE),
        notes=TEXTS,
        applied=YES_NO,
        draft=shape(
            name=some(TEXT),
            class_token=some(TEXT),
            training=ref("Training"),
            folder=some(TEXT),
            sentences=TEXTS,
        ),
    ),
    "Report": shape(
        used=WHOLE,
        total=WHOLE,
        summary=TEXT,
        advice=TEXTS,
        photos=many(
            shape(
                file=TEXT,
                path=TEXT,
                verdict=words("good", "mind", "left out"),
                used=YES_NO,
                sentence=TEXT,
            )
        ),
    ),
    "Dataset": shape(
        root=TEXT,
        folder=TEXT,
        images=WHOLE,
        repeats=WHOLE,
        wanted_steps=some(WHOLE),
        steps=WHOLE,
        report=some(ref("Report")),
    ),
}
