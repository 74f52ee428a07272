"""The part of a protocol that says which samples were measured and how they were cut."""

import hashlib
import json
from collections.abc import Sequence

from launch.config import Config
from launch.data import Source


def protocol_of(config: Config, source: Source, settings: Sequence[str]) -> dict:
    """Which samples, and the settings of the data that their views depend on.

    Args:
        config: the run's configuration.
        source: what was measured.
        settings: fields of `config.data`; height and width stand together as `size`.
    """
    data = config.data
    chosen = {name: getattr(data, name) for name in settings if name not in ("height", "width")}
    if "height" in settings:
        chosen["size"] = [data.height, data.width]
    return {
        "data": data.dataset,
        "split": data.split,
        "videos": len(source.names),
        "classes": len(source.class_names),
        "samples_sha256": _fingerprint(source.names),
        "missing": source.missing,
        "skipped": list(source.skipped),
        "decoded": source.decoded,
        **chosen,
    }


def _fingerprint(names: Sequence[tuple[str, int]]) -> str:
    """Of ids and labels in list order: other samples, or other labels of them, have another one."""
    return hashlib.sha256(json.dumps([list(name) for name in names]).encode()).hexdigest()[:16]
