"""The base model: gone, damaged, or of another family."""

from __future__ import annotations

from .known import RAISED, FailureKind, Known, known

ROWS: tuple[Known, ...] = (
    known(
        "base-gone",
        FailureKind.BASE_MODEL,
        "run",
        RAISED
        + r'The provided pretrained_model_name_or_path "(?P<file>.+?)" is neither a valid local '
        r"path",
        "The base model {file} is gone. Put it back, or choose another base model.",
    ),
    known(
        "base-inpainting",
        FailureKind.BASE_MODEL,
        "bmaltais/kohya_ss#98",
        r"^\s*size mismatch for conv_in\.weight: .*torch\.Size\(\[320, [89], 3, 3\]\) from",
        "The base is an inpainting or editing model, which can't be used for LoRA training. "
        "Choose the regular model.",
    ),
    known(
        "base-sd1-or-sd2",
        FailureKind.BASE_MODEL,
        "run; kohya-ss/sd-scripts#224",
        r"^\s*size mismatch for \S+attn2\.to_[kv]\.weight: .*, (?:768|1024)\]\) from",
        "The base belongs to another family: SD 1.5 and SD 2 were mixed up. Choose the base "
        "model again, so that its family is read again.",
    ),
    known(
        "base-not-sdxl",
        FailureKind.BASE_MODEL,
        "run; bmaltais/kohya_ss#2445",
        RAISED + r"Error\(s\) in loading state_dict for SdxlUNet2DConditionModel",
        "The base is not an SDXL model. Choose an SDXL base model, or train for the base's own "
        "family.",
    ),
    known(
        "base-not-sd1",
        FailureKind.BASE_MODEL,
        "run; bmaltais/kohya_ss#1877",
        RAISED + r"Error\(s\) in loading state_dict for (?:UNet2DConditionModel|CLIPTextModel"
        r"|AutoencoderKL)"
        r"|^\s+(?:Missing|Unexpected) key\(s\) in state_dict: \"(?:down_blocks|up_blocks"
        r"|mid_block|conv_in|time_embedding)\."
        r"|^\s+size mismatch for (?:down_blocks|up_blocks|mid_block)\.",
        "The base is not an SD 1.5 or SD 2 model (it may be SDXL), or part of it is missing. "
        "Choose the base model again, so that its family is read again.",
    ),
    known(
        "base-no-unet",
        FailureKind.BASE_MODEL,
        "run; bmaltais/kohya_ss#774 #397, kohya-ss/sd-scripts#1414",
        RAISED
        + r"'(?:time_embed\.0|input_blocks\.0\.0|model\.diffusion_model\.\S+|encoder\.conv_in"
        r"|decoder\.conv_in)\.\w+'$",
        "The base is not a Stable Diffusion checkpoint in one file: it may be a LoRA or another "
        "kind of model. Choose another base model.",
    ),
    known(
        "base-damaged",
        FailureKind.BASE_MODEL,
        "run; kohya-ss/sd-scripts#990",
        r"(?:checkpoint: (?P<file>[^\n]+)$(?s:.*))?" + RAISED + r"Error while deserializing header",
        "The model file {file} is damaged or only half downloaded. Download it again, or choose "
        "another base model.",
    ),
    known(
        "base-pickle",
        FailureKind.BASE_MODEL,
        "fudan-generative-vision/champ#144",
        RAISED + r"(?:Weights only load failed|invalid load key, |PytorchStreamReader failed)",
        "A model file is not what its extension says, or it could run code when loaded. Only "
        ".safetensors is accepted: choose another base model.",
    ),
    known(
        "file-gone",
        FailureKind.OPTION,
        "run",
        RAISED + r"(?:\[Errno 2\] )?No such file or directory: (?P<file>['\"][^\n]+['\"])",
        "The file {file} is gone. Put it back, or change the option that names it.",
    ),
)
