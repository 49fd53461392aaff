"""Model files: arrays and a JSON card, never a pickle."""

from algorithms.toolkit.models.model_file import FORMAT, VERSION, Model, load_model, read_card, save_model

__all__ = ["FORMAT", "VERSION", "Model", "load_model", "read_card", "save_model"]
