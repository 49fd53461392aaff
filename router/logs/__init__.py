"""The output of jobs: followed, masked, written to one file a job, and cut to what Core shall get."""

from router.logs.excerpt import excerpt
from router.logs.file import JobLog, LogLimits, log_path
from router.logs.follower import Followers

__all__ = ["Followers", "JobLog", "LogLimits", "excerpt", "log_path"]
