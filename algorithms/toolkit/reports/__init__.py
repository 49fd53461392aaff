"""Reports of runs: one HTML file, pictures inside, no scripts, nothing fetched."""

from algorithms.toolkit.reports.page import Section, picture_uri, write_page

__all__ = ["Section", "picture_uri", "write_page"]
