"""The llvm backend: the loop form to machine code.

In: functions after the passes.  Out: kernels that run without Python, the module's text, object code.
Must not know: specs, programs, the runtime, another backend.

    scalars         one rule an operation
    emit            one rule a statement, and the module around them
    vectors         loops whose iterations are independent, several iterations side by side
    lanes, masks    types and memory of vectors
    body            the function that is being written
    calls           factorisations and systems as loops
    products        matrix-vector products, one call each
    rows            sums of the rows of a matrix, one call each
    matvec, vecmat  these calls as functions
    routines        the functions that a module carries when it uses them
    costs           what running a loop costs
    parts           which loops can be cut into parts
    shared          these loops in parts, for threads that share their work
    shared_routines copies and products in parts
    threads         the threads of the process: fork and join in machine code
    math_functions  the elementary ones, whose polynomials `fit` writes to `coefficients`
    kernel          compiles, keeps and calls
    straight        straight-line programs as functions of one lane or of a vector
    straight_loop   the same as loops over arrays, the inner loops of NumPy's ufuncs
    environment     the rounding and the flags in which an elementwise kernel runs, whoever calls it
    xla             the entry through which XLA calls an elementwise kernel
"""

from optgen.backends.llvm.body import c_library
from optgen.backends.llvm.kernel import compile_function, compile_functions, source, vector_loops

__all__ = ["c_library", "compile_function", "compile_functions", "source", "vector_loops"]
