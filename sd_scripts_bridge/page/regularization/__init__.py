"""Regularization pictures for the draft: from the class words of its subjects."""
