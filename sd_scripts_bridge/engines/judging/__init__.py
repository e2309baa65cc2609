"""Judging the saved steps of a training by pictures: a grid, votes, a sheet."""
