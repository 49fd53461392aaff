"""The demonstration: the whole path of a job on one machine, as a person would walk it."""
