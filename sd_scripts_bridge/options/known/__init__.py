"""What the pinned sd-scripts accepts: options, schedulers, optimizers, arguments of networks."""
