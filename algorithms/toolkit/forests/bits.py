"""Labels of many outputs as bits: one bit an output and class beyond the first.

A sample's labels are `words` 64-bit words a plane; plane p holds the outputs whose class is p + 1. Counting classes
over samples is then counting bits, 64 at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel

Array = NDArray[Any]

_ONE = np.uint64(1)


def _popcount(_typing: Any, word: Any) -> Any:  # noqa: ARG001 - numba reads the parameter's name
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


#: Number of bits set in a uint64, as one instruction where the processor has one.
popcount: Any = intrinsic(_popcount)


@kernel
def pack_labels(source: Any, n_planes: int, first: int, stop: int, planes: Array) -> None:
    """Write the labels (class numbers) of samples ``first..stop`` of `source` as bits into `planes` (n, P, W)."""
    n_outputs = len(source.row)
    for sample in range(first, stop):
        planes[sample] = 0
        origin = source.base[sample]
        width = source.stride[sample]
        for output in range(n_outputs):
            label = source.data[origin + source.row[output] * width + source.column[output]]
            if 0 < label <= n_planes:
                planes[sample, label - 1, output >> 6] |= _ONE << np.uint64(output & 63)


@kernel
def transpose_words(words: Array) -> None:
    """Transpose a 64 x 64 bit matrix in place (Warren, Hacker's Delight, 7-3)."""
    width = np.uint64(32)
    mask = np.uint64(0x00000000FFFFFFFF)
    while width != np.uint64(0):
        k = np.uint64(0)
        while k < np.uint64(64):
            exchanged = ((words[k] >> width) ^ words[k + width]) & mask
            words[k] ^= exchanged << width
            words[k + width] ^= exchanged
            k = (k + width + _ONE) & ~width
        width >>= _ONE
        mask ^= mask << width


@kernel
def load_block(planes: Array, samples: Array, first: int, stop: int, block: Array, scratch: Array) -> None:
    """Turn the labels of up to 512 samples around: ``block[output, w]`` holds 64 samples of an output in a word.

    Parameters
    ----------
    planes : ndarray of uint64, (n, Q)
        All words of a sample's labels.
    block : ndarray of uint64, (64 * Q, 8)
    scratch : ndarray of uint64, (64,)
    """
    n_words = planes.shape[1]
    for group in range(8):
        begin = first + 64 * group
        count = max(0, min(64, stop - begin))
        for word in range(n_words):
            if count == 0:
                block[64 * word : 64 * word + 64, group] = 0
                continue
            scratch[:] = 0
            for j in range(count):
                scratch[j] = planes[samples[begin + j], word]
            transpose_words(scratch)
            for bit in range(64):
                block[64 * word + bit, group] = scratch[bit]


@kernel
def load_masks(values: Array, size: int, kept: Array, cuts: Array, tests: int, first: int, masks: Array) -> None:
    """Write which of up to 512 samples go left, as ``masks[test, w]`` (n_tests, 8)."""
    count = min(512, size - first)
    masks[:tests] = 0
    for test in range(tests):
        begin = kept[test, 1] + first
        limit = np.uint8(cuts[test])
        for j in range(count):
            masks[test, j >> 6] |= np.uint64(values[begin + j] <= limit) << np.uint64(j & 63)


@kernel
def count_left(block: Array, masks: Array, tests: int, left: Array) -> None:
    """Add the bits of every output and test to ``left[output, test]``."""
    for output in range(left.shape[0]):
        p0, p1, p2, p3 = block[output, 0], block[output, 1], block[output, 2], block[output, 3]
        p4, p5, p6, p7 = block[output, 4], block[output, 5], block[output, 6], block[output, 7]
        for test in range(tests):
            m = masks[test]
            low = popcount(p0 & m[0]) + popcount(p1 & m[1]) + popcount(p2 & m[2]) + popcount(p3 & m[3])
            high = popcount(p4 & m[4]) + popcount(p5 & m[5]) + popcount(p6 & m[6]) + popcount(p7 & m[7])
            left[output, test] += np.int32(low + high)
