"""Every command of the pages and docstrings is one that its program understands: flags, names, targets and files."""

import importlib.metadata
import importlib.util
import itertools
import re

import pytest

import launch
from tests.docs import texts
from tests.docs.launcher_words import Line, faults_of
from tvnet_keras.choices import module_names

LAUNCHERS = module_names(launch)
TEXTS = [*texts.pages(), *texts.modules((*texts.PACKAGES, "tests"))]
WITH_COMMANDS = [path for path in TEXTS if texts.commands(path)]
WITH_FLAGS = [path for path in [*texts.pages(), *texts.modules()] if texts.flag_spans(path)]

MISTAKES = [
    ("reproduce", "--table=tvnet_tabel1", "tvnet_tabel1"),
    ("reproduce", "--table=tvnet_table1 --rows=tvnet-9-9-9.*", "fits no row"),
    ("benchmark", "--suite=solvers", "solvers"),
    ("benchmark", "--suite=solver --torch_layer=layer.py", "torch_layer"),
    ("benchmark", "--suite=solver --input=middlebury=DIR", "not for --suite=solver"),
    ("benchmark", "--suite=flow_frontier --input=midlebury=DIR", "midlebury"),
    ("benchmark", "--suite=flow_frontier --data_dir=middlebury", "data_dir"),
    ("figure", "--figure=tvnets", "tvnets"),
    ("figure", "--figure=tvnet --input=vide=film.mp4", "vide"),
    ("figure", "--figure=tvnet", "is required"),
    ("flow", "--solver=diss", "diss"),
    ("flow", "--dataset=sintell", "sintell"),
    ("flow", "--solver=dis --variant=official", "variant"),
    ("prepare", "--check --dataset=ufc101", "ufc101"),
    ("prepare", "--chek", "chek"),
    ("train", "--method=tvnett", "tvnett"),
    ("train", "--method=tvnet --experiment=ufc101", "ufc101"),
    ("train", "--config.train.step=3", "config.train.step"),
    ("train", "--config.train.steps=many", "many"),
    ("train", "--config.data.crop=centre", "centre"),
    ("train", "--config.model.NAME=3", "config.model.NAME"),
    ("convert", "--from=torch ...", "'...'"),
    ("evaluate", "--run=RUN --config.eval.clip=2", "config.eval.clip"),
    ("predict", "--run=RUN --flowdir=flow film.mp4", "flowdir"),
    ("report", "prints", "'prints'"),
]
"""A launcher, words that it must not understand, and what it says of them."""


def launcher_of(words):
    """The launcher that a command starts; none if it is another program's, or stands for any launcher."""
    name = " ".join(words[:3]).removeprefix("python -m launch.")
    return name if words[:2] == ("python", "-m") and words[2].startswith("launch.") and not name.isupper() else None


def run_folder_of(words):
    """The folder that a `launch.train` makes."""
    given = dict(word.removeprefix("--").split("=", 1) for word in words if "=" in word)
    default = f"runs/{given.get('experiment', 'moving_shapes')}-{given.get('method', 'tvnet')}"
    return given.get("output_dir", default)


def line_of(command):
    """A launcher's command with the run that it names: that of a training above it, or any."""
    made = {run_folder_of(words): words for words in command.before if launcher_of(words) == "train"}
    named = [word.removeprefix("--run=") for word in command.words if word.startswith("--run=")]
    return Line(command.words[3:], {folder: made.get(folder, ()) for folder in named})


def line_of_mistake(words):
    return line_of(texts.Command("", ("python", "-m", "launch.any", *words.split())))


def lines_alone(words):
    """Flags that stand alone; of values with bars between them, one line each."""
    return [Line(chosen, alone=True) for chosen in itertools.product(*map(alternatives, words))]


def alternatives(word):
    flag, equals, value = word.partition("=")
    return [f"{flag}{equals}{each}" for each in value.split("|")]


@pytest.fixture(scope="session")
def fault_of(tmp_path_factory):
    """What a launcher has against a line: `fault_of("train", line)`; all lines of a launcher are read at once."""
    commands = [command for path in WITH_COMMANDS for command in texts.commands(path)]
    spans = dict.fromkeys(words for path in WITH_FLAGS for words in texts.flag_spans(path))
    alone = [line for words in spans for line in lines_alone(words)]
    wrong = [(launcher, line_of_mistake(words)) for launcher, words, _ in MISTAKES]
    known = {}

    def look_up(launcher, line):
        if launcher not in known:
            lines = alone + [line_of(command) for command in commands if launcher_of(command.words) == launcher]
            lines += [mistake for owner, mistake in wrong if owner == launcher]
            faults = faults_of(launcher, lines, tmp_path_factory.mktemp(launcher))
            known[launcher] = list(zip(lines, faults, strict=True))
        return next(fault for read, fault in known[launcher] if read == line)

    return look_up


def fault_of_pytest(words):
    paths = [word for word in words if "/" in word and not word.startswith("-")]
    missing = [word for word in paths if not (texts.REPOSITORY / word).exists()]
    named = words[words.index("-k") + 1] if "-k" in words else "test_"
    found = any(named in file.read_text() for path in paths for file in files_of(texts.REPOSITORY / path))
    return f"there is no {missing}" if missing else "" if found else f"no test is named {named}"


def files_of(path):
    return [path] if path.is_file() else [*path.rglob("test_*.py")]


def fault_of_module(words):
    module, *arguments = words
    if module == "pytest":
        return fault_of_pytest(arguments)
    if module.isupper() or module.rpartition(".")[2].isupper():
        return ""
    return "" if importlib.util.find_spec(module) else f"there is no module {module}"


def fault_of_make(words):
    makefile = (texts.REPOSITORY / "Makefile").read_text()
    targets = {name for names in re.findall(r"^\.PHONY:(.*)$", makefile, re.MULTILINE) for name in names.split()}
    variables = set(re.findall(r"^([A-Z_]+) \S?=|\$\(([A-Z_]+)\)", makefile, re.MULTILINE))
    known = targets | {name for pair in variables for name in pair}
    unknown = [word for word in words if word.partition("=")[0] not in known]
    return f"make knows no {unknown}" if unknown else ""


def fault_of_pip(words):
    files = [words[place + 1] for place, word in enumerate(words) if word == "-r"]
    missing = [name for name in files if not (texts.REPOSITORY / name).is_file()]
    return f"there is no {missing}" if missing else "" if words[0] == "install" else f"pip has no {words[0]}"


def fault_of_tensorboard(words):
    scripts = importlib.metadata.entry_points(group="console_scripts").names
    return "" if "tensorboard" in scripts and words[0] == "--logdir" else "there is no such command"


PROGRAMS = {"make": fault_of_make, "pip": fault_of_pip, "tensorboard": fault_of_tensorboard}


def fault_of_other(words):
    program, *arguments = words
    return fault_of_module(arguments[1:]) if program == "python" else PROGRAMS[program](arguments)


@pytest.mark.parametrize("path", WITH_COMMANDS, ids=texts.name_of)
def test_a_command_is_understood_by_its_program(path, fault_of):
    faults = {}
    for command in texts.commands(path):
        launcher = launcher_of(command.words)
        if launcher and launcher not in LAUNCHERS:
            faults[str(command)] = f"launch has no {launcher}"
        else:
            faults[str(command)] = fault_of(launcher, line_of(command)) if launcher else fault_of_other(command.words)
    wrong = [f"{command}: {fault}" for command, fault in faults.items() if fault]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", WITH_FLAGS, ids=texts.name_of)
def test_a_flag_that_a_text_speaks_of_is_a_launchers(path, fault_of):
    wrong = []
    for line in (line for words in texts.flag_spans(path) for line in lines_alone(words)):
        said = [fault_of(launcher, line) for launcher in LAUNCHERS]
        # The fault of a launcher that has the flag says more than that others have not.
        if all(said):
            wrong.append(f"{' '.join(line.words)}: {max(said, key=lambda fault: ' has no ' not in fault)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", TEXTS, ids=texts.name_of)
def test_no_command_escapes(path):
    said = sum(texts.without_python(text).count(texts.LAUNCHER) for text in texts.texts_of(path))
    found = [command.words for command in texts.commands(path)]
    assert said == sum(words[:2] == ("python", "-m") for words in found)


@pytest.mark.parametrize(("launcher", "words", "said"), MISTAKES)
def test_a_mistake_in_a_command_is_seen(launcher, words, said, fault_of):
    assert said in fault_of(launcher, line_of_mistake(words))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("make tests", "make knows no ['tests']"),
        ("pip install -r requirements-gpu.txt", "there is no ['requirements-gpu.txt']"),
        ("python -m pytest tests/ops/test_wrap.py", "there is no ['tests/ops/test_wrap.py']"),
        ("python -m pytest tests/ops/test_warp.py -k no_such_words", "no test is named no_such_words"),
        ("python -m tests.layers.store", "there is no module tests.layers.store"),
    ],
)
def test_a_mistake_in_another_programs_command_is_seen(words, said):
    assert fault_of_other(tuple(words.split())) == said
