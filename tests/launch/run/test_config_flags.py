import pytest
from absl import flags
from absl.testing import flagsaver

import launch.experiments
import launch.train
import models
from launch.run.app import expand_home
from launch.run.config_flags import parsed_config, parser
from launch.train import experiment_config
from tvnet_keras.choices import module_names
from tvnet_keras.errors import InputError


@pytest.fixture
def parse():
    """Parses a command line of `launch.train` in this process; every test starts from unset flags."""
    saved = flagsaver.save_flag_values()

    def run(*arguments):
        parser(experiment_config)(["launch.train", *arguments])
        return parsed_config()

    yield run
    if "config" in flags.FLAGS:
        delattr(flags.FLAGS, "config")
    flagsaver.restore_flag_values(saved)


@pytest.fixture
def start(parse, monkeypatch, tmp_path):
    """Starts `launch.train` with a command line, whose data must not be looked at."""

    def fail(*_):
        raise AssertionError("the list was read")

    monkeypatch.setattr(launch.train, "list_source", fail)

    def run(*arguments):
        parser(experiment_config)(["launch.train", f"--output_dir={tmp_path}/run", *arguments])
        launch.train.main()

    return run


@pytest.fixture
def refusal(parse, capsys):
    """The sentence that refuses a command line."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            parse(*arguments)
        assert stopped.value.code == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("error: "), lines
        return lines[0]

    return run


def test_overrides_land_with_their_types(parse):
    config = parse(
        "--method=tvnet", "--experiment=ucf101", "--config.train.steps=7", "--config.train.lr=1e-4", "--config.seed=3",
        "--config.data.root=a b", "--noconfig.data.flip", "--config.model.backbone=resnet18",
        "--config.data.classes=Surfing,Archery", "--config.train.lr_steps=10,20", "--config.model.learn=u0,tau",
        "--config.data.crop_ratios=1,.75",
    )  # fmt: skip
    assert (config.method, config.experiment, config.seed) == ("tvnet", "ucf101", 3)
    assert config.train.steps == 7 and isinstance(config.train.steps, int)
    assert config.train.lr == 1e-4
    assert config.data.root == "a b" and config.data.flip is False
    assert config.data.classes == ("Surfing", "Archery")
    assert config.train.lr_steps == (10, 20) and config.data.crop_ratios == (1.0, 0.75)
    assert config.model.learn == ("u0", "tau") and config.model.backbone == "resnet18"
    assert config.data.dataset == "ucf101" and config.data.resize_short == 128  # the experiment's own


def test_the_method_decides_the_options(parse):
    assert not hasattr(parse("--method=rgb").model, "iterations")
    assert parse("--method=tvnet", "--config.model.iterations=7").model.iterations == 7


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--config.train.step=7", "no --config.train.step. Did you mean --config.train.steps?"),
        ("--config.steps=7", "no --config.steps. Did you mean --config.train.steps?"),
        ("--config.modl.iterations=7", "Did you mean --config.model.iterations?"),
        ("--noconfig.data.flp", "Did you mean --config.data.flip?"),
        ("--config.train.steps=many", "many"),
        ("--config.train.lr=fast", "fast"),
        ("--config.data.flip=perhaps", "perhaps"),
        ("--method=tvnett", "Did you mean 'tvnet'?"),
        ("--experiment=ufc101", "Did you mean 'ucf101'?"),
        ("--metod=tvnet", "'metod'"),
        ("--config.method=rgb", "give --method"),
    ],
)
def test_a_mistake_is_one_sentence(refusal, argument, said):
    assert said in refusal(argument)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--config.train.optimizer=sgdd", r"--config.train.optimizer is 'sgdd'.*Did you mean 'sgd'\?"),
        ("--config.train.lr_steps=10,ten", "--config.train.lr_steps=10,ten must be values of type int"),
        ("--config.eval.crops=7", "--config.eval.crops must be 1, 5 or 10, but is 7"),
    ],
)
def test_a_value_that_its_field_cannot_hold_is_refused(parse, argument, said):
    with pytest.raises(InputError, match=said):
        parse(argument)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--config.model.backbone=resnet81", "--config.model.backbone is 'resnet81'.*Did you mean 'resnet18'"),
        (
            "--method=rgb --config.model.backbone=resnet2",
            "backbone is 'resnet2', .*resnet2plus1d, .*, vgg16. Did you mean 'resnet2d'",
        ),
        ("--config.model.motion=tvnett", "--config.model.motion is 'tvnett'.*Did you mean 'tvnet'"),
        ("--config.model.learn=kernel", "--config.model.learn is 'kernel'"),
        ("--config.model.dropout=1.5", "--config.model.dropout must be at most 1"),
        ("--method=representation_flow --config.model.place=blok3", "--config.model.place is 'blok3'"),
        ("--method=representation_flow --config.model.depth=19", "depth must be 10, 18, 34 or 50, but is 19"),
        ("--method=tvnet_flow --config.model.loss=epee", "--config.model.loss is 'epee'"),
        ("--config.train.optimizer=adem", "--config.train.optimizer is 'adem'"),
        ("--config.eval.measures=clases", "--config.eval.measures is 'clases'.*Did you mean 'classes'"),
        ("--config.data.dataset=ufc101", "--config.data.dataset is 'ufc101'.*Did you mean 'ucf101'"),
        ("--config.data.rotation=200", "--config.data.rotation must be at most 180"),
        ("--config.eval.crops=5", "--config.eval.crops=5 must be 1 with --config.data.test_crop=none"),
    ],
)
def test_a_wrong_option_is_refused_before_any_list_is_read(start, arguments, said):
    with pytest.raises(InputError, match=said):
        start(*arguments.split())


def test_without_a_mistake_the_list_is_read(start):
    with pytest.raises(AssertionError, match="the list was read"):
        start("--config.model.backbone=resnet18")


def test_help_is_that_of_the_chosen_method_and_experiment(parse, capsys):
    with pytest.raises(SystemExit):
        parse("--method=representation_flow", "--experiment=hmdb51", "--help")
    said = capsys.readouterr().out
    assert "--config.model.place=WORD" in said and "--config.model.scales=" not in said
    height = said.partition("--config.data.height=INTEGER")[2].partition("--config")[0]
    assert " ".join(height.split()).endswith("Default: 112.")


def test_help_does_not_need_the_flags_that_it_explains(parse, capsys):
    with pytest.raises(SystemExit):
        parse("--method=nothing", "--help")
    said = capsys.readouterr().out
    assert "name the run, too" in said and "--config.data.height=INTEGER" in said


@pytest.mark.parametrize(
    ("flag", "package"), [("method", models), ("experiment", launch.experiments), ("strategy", None)]
)
def test_a_flag_that_names_one_of_several_names_them(flag, package):
    known = module_names(package) if package else ("none", "mirrored")
    for word in known:
        assert word in flags.FLAGS[flag].help


def test_a_misspelt_flag_is_told_the_nearest(refusal):
    assert "method" in refusal("--metod=tvnet").split("'metod'")[1]


def test_a_home_is_expanded_wherever_a_value_begins(parse, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    config = parse(
        "--output_dir=~/runs", "--config.data.root=~/data", "--config.data.cache=~", "--config.init_from=~no_one/x",
    )  # fmt: skip
    assert flags.FLAGS.output_dir == "/home/me/runs"
    assert (config.data.root, config.data.cache) == ("/home/me/data", "/home/me")
    assert config.init_from == "~no_one/x"


@pytest.mark.parametrize(
    ("given", "classes"),
    [
        ("tai chi,abseiling", ("tai chi", "abseiling")),
        ("tai chi", ("tai chi",)),
        ("1st, 2nd,", ("1st", "2nd")),
        ("rubik's cube,pass", ("rubik's cube", "pass")),
        ("走る,歩く", ("走る", "歩く")),
        ("a-b,c/d,e=f", ("a-b", "c/d", "e=f")),
        ("007,1e3", ("007", "1e3")),
        ("('tai chi', 'b')", ("tai chi", "b")),
        ("'tai chi','b'", ("tai chi", "b")),
        ("", ()),
    ],
)
def test_classes_of_any_name_are_taken_as_they_are_written(parse, given, classes):
    assert parse(f"--config.data.classes={given}").data.classes == classes


def test_every_launcher_expands_a_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    given = [
        "figure",
        "--input=video=~/a.avi",
        "--solver=dis,~/export",
        "~/b c.avi",
        "a=~/d",
        "./~/e",
        "--train_flag=--a=~",
    ]
    assert expand_home(given) == [
        "figure", "--input=video=/home/me/a.avi", "--solver=dis,/home/me/export", "/home/me/b c.avi", "a=~/d", "./~/e",
        "--train_flag=--a=/home/me",
    ]  # fmt: skip


@pytest.mark.parametrize("flag", ["--skip_unreadable", "-skip_unreadable", "--noskip_unreadable", "--profile"])
@pytest.mark.parametrize("word", ["False", "true", "0", "no"])
def test_a_word_after_a_switch_is_refused(refusal, flag, word):
    name = flag.lstrip("-").removeprefix("no")
    said = refusal(flag, word, "--method=rgb")
    assert f"{flag} {word} are two words" in said and f"write --{name}={word}, or ./{word} if it is a file" in said


def test_a_word_after_a_switch_of_the_configuration_is_refused(refusal):
    assert "write --config.data.flip=False, or" in refusal("--config.data.flip", "False")


def test_a_word_after_another_flag_is_its_value(parse):
    config = parse("--output_dir", "no", "--config.seed", "1", "--skip_unreadable=False", "--config.data.flip=false")
    assert flags.FLAGS.output_dir == "no" and config.seed == 1
    assert not flags.FLAGS.skip_unreadable and not config.data.flip
