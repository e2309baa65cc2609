"""Runs in sd-scripts' own environment: ``train_network.py`` on a narrow U-Net, with all that its
steps are given and say written down.

    python recorder.py CHECKOUT CONFIG.toml RECORD.pt
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

CHANNELS = (64, 128, 256, 256)
GROUPS = 16
"""Of each norm: a family's 32 are too many for so few channels."""


def main() -> None:
    checkout, config, record = sys.argv[1:]
    sys.path.insert(0, checkout)
    sys.argv[1:] = ["--config_file", config, "--console_log_simple"]
    torch: Any = importlib.import_module("torch")
    script: Any = importlib.import_module("train_network")
    _narrow()
    steps: list[dict[str, Any]] = []
    found: dict[str, Any] = {"steps": steps}
    _watch(script, steps, found)
    parser = script.setup_parser()
    script.NetworkTrainer().train(
        script.train_util.read_config_from_file(parser.parse_args(), parser)
    )
    found["end"] = _weights(found.pop("network"))
    torch.save(found, record)


def _narrow() -> None:
    """The script builds its U-Net from these constants."""
    unet: Any = importlib.import_module("library.original_unet")
    unet.BLOCK_OUT_CHANNELS, unet.TIMESTEP_INPUT_DIM = CHANNELS, CHANNELS[0]
    unet.TIME_EMBED_DIM = 4 * CHANNELS[0]
    unet.NORM_GROUPS = unet.TRANSFORMER_NORM_NUM_GROUPS = GROUPS
    importlib.import_module("library.model_util").UNET_PARAMS_MODEL_CHANNELS = CHANNELS[0]  # type: ignore[attr-defined]


def _watch(script: Any, steps: list[dict[str, Any]], found: dict[str, Any]) -> None:
    util, lora = script.train_util, importlib.import_module("networks.lora").LoRANetwork
    draw, add, apply = (
        util.get_noise_noisy_latents_and_timesteps,
        util.LossRecorder.add,
        lora.apply_to,
    )
    ask = script.NetworkTrainer.call_unet

    def drawn(args: Any, scheduler: Any, latents: Any) -> Any:
        noise, noisy, timesteps = draw(args, scheduler, latents)
        steps.append({"latents": latents, "noise": noise, "timesteps": timesteps})
        return noise, noisy, timesteps

    def asked(self: Any, *given: Any, **more: Any) -> Any:
        steps[-1]["text"] = given[5][0].detach()
        return ask(self, *given, **more)

    def added(self: Any, *, loss: float, **more: Any) -> None:
        steps[-1]["loss"] = loss
        add(self, loss=loss, **more)

    def applied(self: Any, *given: Any) -> None:
        apply(self, *given)
        found.update(network=self, start=_weights(self))

    util.get_noise_noisy_latents_and_timesteps, util.LossRecorder.add = drawn, added
    script.NetworkTrainer.call_unet, lora.apply_to = asked, applied


def _weights(network: Any) -> dict[str, Any]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


if __name__ == "__main__":
    main()
