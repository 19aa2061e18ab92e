"""Where things lie under the data directory."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings


def data_directory() -> Path:
    """The data directory (`MYOTRACE_DATA`)."""
    return Path(settings.MYOTRACE_DATA)


def models_directory() -> Path:
    """Registered models: SHA256.onnx and SHA256.json."""
    return _made(data_directory() / "models")


def uploads_directory() -> Path:
    """Files received and not yet imported."""
    return _made(data_directory() / "uploads")


def weights_directory() -> Path:
    """First weights of encoders that the installation's owner puts there."""
    return _made(data_directory() / "weights")


def attempt_directory(job_id: str, fence: int) -> Path:
    """The directory that one attempt of a job writes to."""
    return _made(data_directory() / "jobs" / job_id / str(fence))


def job_directory(job_id: str) -> Path:
    """All attempts of a job."""
    return _made(data_directory() / "jobs" / job_id)


def _made(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
