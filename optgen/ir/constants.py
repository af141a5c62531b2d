"""Constants to 60 digits, as exact fractions: rounded once, in the precision of the code."""

from fractions import Fraction

PI = Fraction("3.14159265358979323846264338327950288419716939937510582097494")
