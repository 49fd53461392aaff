"""Annotations as an algorithm learns from them and answers to them: selected, cropped, predicted."""

from algorithms.toolkit.annotations.base import Annotation, Annotations, Prediction, Selection
from algorithms.toolkit.annotations.crops import Crops, load_crops

__all__ = ["Annotation", "Annotations", "Crops", "Prediction", "Selection", "load_crops"]
