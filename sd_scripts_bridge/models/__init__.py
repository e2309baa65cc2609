"""Files of weights: what a base model is, what lies beside it, what a LoRA holds."""
