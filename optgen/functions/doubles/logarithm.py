"""Logarithms in float64: f(2x) = f(x) + s and f(1) = 0. x = 2^k m, m in [2/3, 4/3); f(x) = k*s + c*log(m).

With u = m - 1, exact: log(m) = u - u^2/2 + v*(u^2/2 + R), v = u/(2 + u), R a polynomial of v^2 (2 artanh(v) is
log(m), and v = u/2 - v*u/2). k*s, u and u^2/2 are added with their errors, and the rest, a small part, comes last.
"""
