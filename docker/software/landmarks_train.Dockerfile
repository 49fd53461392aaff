ARG BASE
FROM ${BASE}
ENTRYPOINT ["python", "-m", "algorithms.landmarks", "train"]
