"""Landmarks: points of interest, found by extremely randomized trees."""
