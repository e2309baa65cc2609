"""What each verb does: one function a verb, one module for each group of them."""
