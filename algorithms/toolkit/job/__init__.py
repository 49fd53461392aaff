"""The life of a run: its parameters, its progress, where slides come from and where results go."""

from algorithms.toolkit.job.descriptor import Descriptor, Parameter, descriptor
from algorithms.toolkit.job.run import run
from algorithms.toolkit.job.workplace import Layer, Source, Workplace

__all__ = ["Descriptor", "Layer", "Parameter", "Source", "Workplace", "descriptor", "run"]
