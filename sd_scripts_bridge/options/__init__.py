"""What can be set: parameters, kinds of sd-scripts' options, families of base models, presets."""
