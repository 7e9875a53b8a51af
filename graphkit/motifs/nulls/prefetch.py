"""The processor's prefetch, for compiled loops. Importing this module costs Numba's import.

``touch(array, index)`` asks for the memory of ``array[index]`` without waiting for it. The index is not checked; a wrong one
is of no consequence.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["touch"]

_FOR_READING, _KEEP, _DATA = 0, 3, 1


def _touch(typing_context: Any, array: Any, index: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        made = context.make_array(kind)(context, builder, arguments[0])
        pointer = cgutils.get_item_pointer(context, builder, kind, made, [arguments[1]], wraparound=False)  # type: ignore[no-untyped-call]
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        signed = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        prefetch = cgutils.get_or_insert_function(builder.module, signed, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
        builder.call(prefetch, [builder.bitcast(pointer, byte), word(_FOR_READING), word(_KEEP), word(_DATA)])
        return context.get_dummy_value()

    return types.void(array, index), code


touch: Any = intrinsic(_touch)
