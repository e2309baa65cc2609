"""Into models/Lora: a free stem, all or nothing, card and preview."""
