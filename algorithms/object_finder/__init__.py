"""Object finder: samples of tissue on a slide, and single objects."""
