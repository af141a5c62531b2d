"""The second regime of a search: float32 programs of single instructions, the largest error in ulps against time.

In: a claim about a function, a program to begin from (or none), the course of the search.  Out: a front of programs,
swept and timed beside the program they began from.
Must not know: the language, specs, the runtime; and its engine (machine, fit, moves, island) not even the target, which
it sees as numbers at points.

    kinds        the operations, and what each costs
    machine      programs as arrays, evaluated with the processor's bits
    programs     from a program of the IR to arrays and back
    fit          constants: least squares by exact tangents, then steps of single floats
    moves        random changes that keep types right
    normal       the form by which a structure is known, and what a program costs
    points       arguments and exact values, from the bounded reference
    island       a population that evolves by itself for an epoch, on inputs that grow by counterexamples
    setting      what `epochs` asks of a regime
    files        a find as a function spec with its certificate
    search       all of it together
"""
