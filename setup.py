"""The two things about the package that pyproject.toml cannot say: what models/ becomes, and what the package needs.

models/, launch/ and tests/ run from the repository's root, for their names are too generic to install. The package
carries models/ too, as tvnet_keras.models.
"""

from pathlib import Path

from setuptools import find_packages, setup

PARAGRAPHS = (Path(__file__).parent / "requirements.txt").read_text(encoding="utf-8").split("\n\n")

setup(
    packages=[
        *find_packages(include=["tvnet_keras", "tvnet_keras.*"]),
        *(f"tvnet_keras.{name}" for name in find_packages(include=["models", "models.*"])),
    ],
    package_dir={"tvnet_keras.models": "models"},
    # The first paragraph is what the package imports, so that no version stands twice.
    install_requires=[line for line in PARAGRAPHS[0].splitlines() if not line.startswith("#")],
)
