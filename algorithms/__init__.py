"""Algorithms for whole-slide images, as Cytomine jobs, commands and Python functions."""
