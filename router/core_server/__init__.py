"""The embedded Core: Cytomine-Core's REST API on one machine, for trying, developing and testing."""
