"""The typed intermediate representation: scalar expressions over named, bounded indices, and the tensors they fill.

In: nothing but numbers and names.  Out: nodes, a checker, a printer and its reader, a reference evaluator.
Must not know: the text of a spec, a pass, a backend, SymPy.

`nodes` is the whole vocabulary, `operations` the table of elementwise operations, `calls` the table of whole-array
functions, `walk` the traversals every pass uses, `extents` the algebra of symbolic shapes, `program` what a lowered
spec is.  `evaluate` says what a function means, in floats or exactly (`meaning`, `random`); `check` which functions are
legal after which pass; `printer` and `reader` are its text and back (`text`, `scopes`, `parse`).

Straight-line float programs are a form of their own: `straight` (instructions, canonical text, the exact evaluator),
`straight_operations` (the table of what an instruction may be), `straight_builder` and `straight_floats`.
"""
