"""Regularization pictures: what the base model itself draws for the class word."""
