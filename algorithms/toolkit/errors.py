"""Errors of the algorithms.

::

    AlgorithmError          something a user can read and act on
    +-- SlideError          a slide is missing, damaged, of an unknown format, or too large to be read in windows
    +-- ParameterError      a parameter is unknown, missing, of the wrong type, or out of its range
    +-- DataError           terms, images or annotations that do not fit together
    +-- GeometryError       a geometry that is no geometry
    +-- ModelError          a model file is damaged, foreign, or newer than this program
    +-- UploadError         the Core refused results; what was sent was taken back
    +-- Cancelled           the job was asked to stop
"""

from __future__ import annotations


class AlgorithmError(Exception):
    """Root: the message says what was wrong, where, and what to do; it becomes the comment of a failed job."""


class SlideError(AlgorithmError):
    """A slide is missing, damaged, of an unknown format, or can not be read in windows."""


class ParameterError(AlgorithmError):
    """A parameter is unknown, missing, of the wrong type, or out of its range."""


class DataError(AlgorithmError):
    """Terms, images or annotations that do not exist or do not fit together."""


class GeometryError(AlgorithmError):
    """A geometry that can not be read or repaired."""


class ModelError(AlgorithmError):
    """A model file is damaged, made by something else, or newer than this program."""


class UploadError(AlgorithmError):
    """The Core refused results; everything sent before was taken back."""


class Cancelled(AlgorithmError):
    """The job was asked to stop."""
