"""What pyproject.toml cannot say: what models/ becomes, and what the package and its extras need.

models/, launch/ and tests/ run from the repository's root, for their names are too generic to install. The package
carries models/ too, as tvnet_keras.models.
"""

from pathlib import Path

from setuptools import find_packages, setup


def paragraphs(name: str) -> list[list[str]]:
    """The requirements of a file, paragraph by paragraph, so that no version stands twice."""
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return [[line for line in part.splitlines() if not line.startswith("#")] for part in text.split("\n\n")]


PACKAGE, LAUNCHERS = paragraphs("requirements.txt")
WEIGHTS, ONNX, LITERT = paragraphs("requirements-optional.txt")

setup(
    packages=[
        *find_packages(include=["tvnet_keras", "tvnet_keras.*"]),
        *(f"tvnet_keras.{name}" for name in find_packages(include=["models", "models.*"])),
    ],
    package_dir={"tvnet_keras.models": "models"},
    install_requires=PACKAGE,
    extras_require={
        "native": paragraphs("requirements-native.txt")[0],
        "cli": LAUNCHERS,
        "weights": WEIGHTS,
        "onnx": ONNX,
        "litert": LITERT,
    },
)
