ARG BASE
FROM ${BASE}
ENTRYPOINT ["python", "-m", "algorithms.object_finder", "tissue"]
