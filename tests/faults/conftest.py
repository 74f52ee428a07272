"""The launchers' fixtures, for tests that break what they do."""

from tests.launch.conftest import (  # noqa: F401
    command,
    finished_run,
    launcher,
    one_sentence,
    overrides,
    rgb_run,
    shapes,
    tiny,
)
