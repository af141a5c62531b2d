"""Schemes: families of programs for functions with something in common, found by analysis and not by their names.

exponential   f(x + s) = 2 f(x): one interval, scaled by powers of 2
cells         intervals round many centres, coefficients by small tables that stay in registers
"""
