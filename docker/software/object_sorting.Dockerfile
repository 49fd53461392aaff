ARG BASE
FROM ${BASE}
ENTRYPOINT ["python", "-m", "algorithms.classification", "sort"]
