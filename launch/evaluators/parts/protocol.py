"""The part of a protocol that says which samples were measured, how they were cut, and which pixels they had."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from launch.run.config import Config
from launch.run.data import Source

FINGERPRINT_DIGITS = 16
"""Number of hexadecimal digits of a fingerprint."""


def protocol_of(config: Config, source: Source, settings: Sequence[str]) -> dict:
    """The measured samples, and the settings that their views depend on.

    Args:
        config: the run's configuration.
        source: the source whose samples were measured.
        settings: fields of `config.data`; height and width stand together as `size`.
    """
    data = config.data
    chosen = {name: getattr(data, name) for name in settings if name not in ("height", "width")}
    if "height" in settings:
        chosen["size"] = [data.height, data.width]
    return {
        "data": data.dataset,
        "split": data.split,
        "validation": data.validation,
        "videos": len(source.names),
        "classes": len(source.class_names),
        "samples_sha256": _fingerprint(source.names),
        "missing": source.missing,
        "skipped": list(source.skipped),
        "decoded": source.decoded,
        **chosen,
    }


def _fingerprint(names: Sequence[tuple[str, int]]) -> str:
    """The fingerprint of ids and labels in list order: other samples, or other labels of them, have another one."""
    return hashlib.sha256(json.dumps([list(name) for name in names]).encode()).hexdigest()[:FINGERPRINT_DIGITS]


class FingerprintedBatches:
    """Batches on their way to a model, and a fingerprint of what they hold.

    Settings do not tell files from others of the same names. Equal fingerprints mean the same pixels and vectors,
    however they were batched; the same files decoded by other libraries may have another fingerprint.

    Args:
        batches: the Batches of a source.
        *fields: names of the fields that the fingerprint is of.
    """

    def __init__(self, batches: Iterable[dict], *fields: str) -> None:
        self._batches = batches
        self._digests = {name: hashlib.sha256() for name in fields}

    def __iter__(self) -> Iterator[dict]:
        """The batches."""
        for batch in self._batches:
            for name, digest in self._digests.items():
                for sample in batch[name].numpy():
                    digest.update(repr(sample.shape).encode())
                    digest.update(np.ascontiguousarray(sample).data)
            yield batch

    @property
    def sha256(self) -> str:
        """The fingerprint of all batches so far."""
        parts = b"".join(digest.digest() for digest in self._digests.values())
        return hashlib.sha256(parts).hexdigest()[:FINGERPRINT_DIGITS]
