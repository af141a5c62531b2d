"""Claims proved exactly, refuted by an example that runs, or honestly unknown.

In: the lowered Program of a spec with its claims.  Out: a verdict a claim, with a certificate that `check` re-checks or
a counterexample that the compiled solver replays.
Must not know: the text of a spec, a backend, the runtime (what runs is handed in by `compiler`).
"""
