"""What every test shares: where the real data is, and quiet libraries."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("MPLBACKEND", "Agg")

REPOSITORY = Path(__file__).resolve().parents[1]


def _folder(name: str) -> Path:
    folder = Path(os.environ.get("TVNET_KERAS_SHARED", REPOSITORY.parent / "shared")) / name
    if not folder.is_dir():
        pytest.skip(f"needs the real files of {folder} (set TVNET_KERAS_SHARED to their parent folder)")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real videos, image pairs and authors' results; the test is skipped where they are absent."""
    return _folder("data")


@pytest.fixture(scope="session")
def goldens() -> Path:
    """Outputs and gradients of the official code, kept in the repository so that no clone goes without them."""
    return REPOSITORY / "tests/goldens"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root folder."""
    return REPOSITORY
