"""Lets Keras know the networks of models/, so that `import tvnet_keras` is enough to load a file that holds one.

Keras finds a class of a `.keras` file by the name under which the class was registered (`models>RGBClassifier`), which
is the same wherever models/ lies, and imports no module for it. So the modules have to be imported before. In an
installed package models/ is `tvnet_keras.models`; in the repository it lies beside tvnet_keras and is `models`. One of
the two is imported, never both, for a second import would register every class again.

Nothing of tvnet_keras uses models/: it is named here and nowhere else, by a string.
"""

import importlib
import importlib.util
import warnings
from pathlib import Path

from tvnet_keras.choices import module_names

LIBRARY = Path(__file__).parent


def register_networks() -> None:
    """Imports every method of models/, whose classes register themselves; nothing where models/ is not found.

    A method that cannot be imported is told in a warning, so that whoever is writing one can use the layers meanwhile.
    """
    name = _package()
    if name is None:
        return
    package = importlib.import_module(name)
    for method in module_names(package):
        try:
            importlib.import_module(f"{name}.{method}")
        except Exception as error:  # Whatever an unfinished module raises.
            message = (
                f"{name}.{method} cannot be imported ({error!r}), so files that hold its networks cannot be loaded."
            )
            warnings.warn(message, RuntimeWarning, stacklevel=2)


def _package() -> str | None:
    """The name under which models/ is imported here; None where it is not found."""
    if (LIBRARY / "models").is_dir():
        return "tvnet_keras.models"
    beside = LIBRARY.parent / "models"
    # The second name is that of an editable installation, seen from outside the repository.
    for name in ("models", "tvnet_keras.models"):
        found = importlib.util.find_spec(name)
        # Another project's models/ may be found first.
        if found and found.origin and Path(found.origin).parent == beside:
            return name
    return None
