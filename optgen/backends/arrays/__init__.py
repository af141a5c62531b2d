"""Array code for numpy and jax: one printer, a small table of differences.

`expressions` prints scalars as array expressions with named axes, `statements` prints blocks and functions.
"""
