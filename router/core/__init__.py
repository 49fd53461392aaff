"""Core's REST on the real cytomine-python-client; the only part of the router that imports `cytomine`.

Imports nothing else of the router but `router.errors`, so that algorithms can use it too.
"""

from router.core.client import CoreClient
from router.core.connection import Keys, Timeouts
from router.core.entities import (
    AmqpQueue,
    AttachedFile,
    Job,
    JobChange,
    JobStatus,
    JobUpdate,
    ProcessingServer,
    Project,
    User,
)
from router.core.job_calls import not_final
from router.core.software_entities import (
    Constraint,
    JobParameter,
    NewParameter,
    NewSoftware,
    Software,
    SoftwareParameter,
    SoftwareUserRepository,
)

__all__ = [
    "AmqpQueue",
    "AttachedFile",
    "Constraint",
    "CoreClient",
    "Job",
    "JobChange",
    "JobParameter",
    "JobStatus",
    "JobUpdate",
    "Keys",
    "NewParameter",
    "NewSoftware",
    "ProcessingServer",
    "Project",
    "Software",
    "SoftwareParameter",
    "SoftwareUserRepository",
    "Timeouts",
    "User",
    "not_final",
]
