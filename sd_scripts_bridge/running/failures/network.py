"""The network: tokenizers, certificates, packages."""

from __future__ import annotations

from .known import RAISED, FailureKind, Known, known

ROWS: tuple[Known, ...] = (
    known(
        "tokenizer-offline",
        FailureKind.NETWORK,
        "run; kohya-ss/sd-scripts#1792, Akegarasu/lora-scripts#270 #609",
        r"in _load_tokenizer$(?s:.*)"
        + RAISED
        + r"(?:expected str, bytes or os\.PathLike|[Cc]onnect|[Oo]ffline)|"
        + RAISED
        + r"Can't load tokenizer for '",
        "A tokenizer is not on this machine, and the model hub can't be reached. Run "
        "`sd-scripts-bridge setup` again: it installs CLIP's tokenizer. Others are downloaded "
        "once, when huggingface.co can be reached.",
    ),
    known(
        "certificate",
        FailureKind.NETWORK,
        "OpenSSL",
        r"^(?:WARNING: Retrying |Could not fetch URL ).*(?i:certificate)|"
        + RAISED
        + r"(?:CERTIFICATE_VERIFY_FAILED|SSL certificate problem)",
        "A secure connection failed: a proxy or virus scanner is intercepting it, or this "
        "machine's clock is wrong. Fix that, then start again.",
    ),
    known(
        "vae-gone",
        FailureKind.BASE_MODEL,
        "run",
        r"in load_vae$(?s:.*)"
        + RAISED
        + r"We couldn't connect to .* it looks like (?P<file>.+) is not the path",
        "The VAE {file} is gone. Put it back, or remove the option vae: the base model has its "
        "own.",
    ),
    known(
        "hub-offline",
        FailureKind.NETWORK,
        "huggingface_hub",
        RAISED
        + r"(?:We couldn't connect to '|outgoing traffic has been disabled|Cannot reach \S+: "
        r"offline mode)",
        "The trainer looked for a file on a model hub that can't be reached. Run "
        "`sd-scripts-bridge setup` again, so that every file is on this machine.",
    ),
    known(
        "package-index",
        FailureKind.NETWORK,
        "run",
        r"^WARNING: Retrying \(Retry\((?s:.*)^ERROR: (?:No matching distribution found|Could not "
        r"find a version)",
        "Python packages couldn't be downloaded. Check the network and the proxy, then run "
        "`sd-scripts-bridge setup` again.",
    ),
    known(
        "connection",
        FailureKind.NETWORK,
        "urllib3 and git",
        RAISED + r"(?:Max retries exceeded|Failed to resolve|Temporary failure in name resolution"
        r"|getaddrinfo failed"
        r"|Read timed out|Connection (?:refused|reset|aborted)|Could not resolve host)",
        "The network connection failed. Check it and the proxy, then start again.",
    ),
)
