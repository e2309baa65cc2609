"""How each photo of the draft is used: left out or not, turned, and framed."""
