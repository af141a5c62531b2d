"""Model to Program (lower), then Function to Function: the compiler's middle, plain functions in one listed order.

In: the tree of a spec, later IR functions.  Out: IR ready for a backend.
Must not know: a backend, the runtime, the text of a spec after lowering.
"""
