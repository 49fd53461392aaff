"""Forests of extremely randomized trees: compiled training on 8-bit values, flat arrays, compiled prediction.

Importing the package costs next to nothing: numba and scikit-learn are imported by what uses them.

References
----------
P. Geurts, D. Ernst, L. Wehenkel, Extremely randomized trees, Machine Learning 63, 2006.
"""

from algorithms.toolkit.forests.fit import ExtraTrees, fit_classes, fit_outputs, fit_targets
from algorithms.toolkit.forests.forest import Forest
from algorithms.toolkit.forests.samples import Samples

__all__ = ["ExtraTrees", "Forest", "Samples", "fit_classes", "fit_outputs", "fit_targets"]
