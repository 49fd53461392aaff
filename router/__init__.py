"""The software router: runs the algorithms of a Cytomine server in containers, and an embedded Core."""
