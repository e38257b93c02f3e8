"""`compile`: machine code now, and not when it pays."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from chalkgrad.api.anew import Anew
from chalkgrad.api.derived import KEPT, Same, answers_of, function_of, transform
from chalkgrad.errors import ChalkgradError
from chalkgrad.native.executable import Executable, mode


def compile(source: Any, *args: Any, **named: Any) -> Callable[..., Any]:
    """The function as machine code.

    What `grad`, `jacobian` and the others give is compiled without this: when it is called for the second time, or at
    once where it is slow. Arguments of other types or shapes than before are answered, too, and are compiled then.

    Parameters
    ----------
    source : function, str or Program
        Also what `grad`, `jacobian` and the others give.
    *args, **named
        Examples of the arguments, if it is to be compiled for them now.

    Returns
    -------
    function
        Of the same arguments. Where there were examples, `function.artifacts` is what was compiled for them: the
        `text` of each is in LLVM's language. There are several where steps that NumPy does, a sort or a factorisation,
        stand in between.

    Raises
    ------
    ProgramError
        Where no step of it can be compiled.
    ChalkgradError
        Where LLVM cannot be loaded, or machine code is turned off by CHALKGRAD_NATIVE=off; and as `trace` does.

    Examples
    --------
    >>> f = compile(lambda x, y: np.sum(x * y), np.ones(3), np.ones(3))
    >>> float(f(np.array([1.0, 2.0, 3.0]), np.ones(3)))
    6.0
    >>> "define" in f.artifacts[0].text
    True
    """
    if mode() == "off":
        raise ChalkgradError("CHALKGRAD_NATIVE=off turns machine code off; take it out of the environment")
    function = function_of(source)
    if isinstance(function, Anew):
        function = function.own()
    made: Any = function if answers_of(function) is not None else _valued(Same(function))
    answers = answers_of(made)
    assert answers is not None
    if not args and not named:
        return made
    served = answers(args, named)
    if not served.kept:
        raise ChalkgradError(
            f"{made.__name__} reads from outside what may change without being seen, a list or an object, and is "
            "traced at every call; pass that as an argument, or as a number, a tuple or an array"
        )
    run: Any = served.variant.run
    executable: Executable = run.executable
    executable.compile()
    made(*args, **named)  # from here on calls like it go right there
    made.artifacts = executable.artifacts
    return made


@lru_cache(maxsize=KEPT)
def _valued(same: Same) -> Callable[..., Any]:
    function = same.function
    return transform(function, lambda *args, **kwargs: function(*args, **kwargs), soon=True)
