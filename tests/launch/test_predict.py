import functools
import re
import shutil
import weakref
from pathlib import Path

import av
import numpy as np
import pytest

from launch.flow_report.video import flow_of_video, summarise_video
from launch.predict import top_classes
from launch.run import label_video
from launch.run.inference import score_videos
from launch.run.label_video import text_mask, with_text
from launch.run.model import load_run
from launch.run.video_files import open_files
from launch.train import train
from tvnet_keras import TVNet
from tvnet_keras.errors import InputError
from tvnet_keras.video.read import iterate_frames, probe, read_frames


@pytest.fixture(scope="module")
def videos(shapes):
    return sorted(str(path) for path in shapes.glob("videos/*/*_g04_c01.avi"))


def test_a_video_gets_its_five_most_probable_classes(launcher, finished_run, videos):
    outcome = launcher("predict", f"--run={finished_run}", *videos[:2])
    assert outcome.code == 0, outcome.error
    lines = outcome.out.splitlines()
    assert [line.split(": ")[0] for line in lines] == videos[:2]
    config, model, names = load_run(finished_run)
    source = open_files(videos[:2], config, names)
    logits, _ = score_videos(model, source.views(), source.videos)
    for line, row in zip(lines, logits, strict=True):
        answers = re.findall(r"(\w+) ([\d.]+) %", line)
        assert [name for name, _ in answers] == [names[k] for k in np.argsort(-row)[:5]]
        probabilities = np.exp(row) / np.exp(row).sum()
        assert [float(share) for _, share in answers] == pytest.approx(sorted(100 * probabilities)[:-6:-1], abs=0.06)


@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_a_flow_video_stands_beside_the_frames(launcher, finished_run, videos, tmp_path, kind):
    outcome = launcher(
        "predict", f"--run={finished_run}", f"--flow_dir={tmp_path}/flow", f"--flow_format={kind}", "--top=1", videos[0]
    )
    assert outcome.code == 0, outcome.error
    path = tmp_path / f"flow/{videos[0].rsplit('/')[-1].removesuffix('.avi')}.{kind}"
    assert f"written: {path}" in outcome.out and len(outcome.out.splitlines()) == 2
    info = probe(path)
    assert info.frames == 7 and info.height == 32 and info.width >= 64
    left = read_frames(path)[:, :, :32].astype(float)
    assert np.abs(left - read_frames(videos[0])[:7]).mean() < 30


def test_flow_is_computed_piece_by_piece(shapes, videos):
    frames = np.concatenate([read_frames(videos[0])] * 3)[:20]
    layer = TVNet(iterations=5)
    whole = layer(frames[None])[0]
    pieces = flow_of_video(layer, frames)
    assert pieces.shape == (19, 32, 32, 2)
    np.testing.assert_allclose(pieces, whole, atol=1e-3)


def test_videos_shorter_than_a_clip_are_looped(launcher, finished_run, shapes, tmp_path):
    short = tmp_path / "short.avi"
    with av.open(str(short), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 32
        for level in (0, 80, 160):
            container.mux(
                stream.encode(av.VideoFrame.from_ndarray(np.full((32, 32, 3), level, "uint8"), format="rgb24"))
            )
        container.mux(stream.encode(None))
    outcome = launcher("predict", f"--run={finished_run}", short)
    assert outcome.code == 0 and outcome.out.startswith(f"{short}: ")
    assert "3 frames" in launcher("predict", f"--run={finished_run}", "--config.data.short=error", short).sentence()


def test_a_file_that_cannot_be_read_is_named(launcher, finished_run, videos, tmp_path):
    empty, text = tmp_path / "empty.avi", tmp_path / "text.mp4"
    empty.write_bytes(b"")
    text.write_text("no video at all")
    for path, said in ((empty, "empty"), (text, "cannot be opened"), (tmp_path / "nowhere.avi", "no such video file")):
        sentence = launcher("predict", f"--run={finished_run}", videos[0], path).sentence()
        assert str(path) in sentence and said in sentence
    outcome = launcher("predict", f"--run={finished_run}", "--skip_unreadable", empty, videos[0])
    assert outcome.code == 0 and f"skipped: {empty}" in outcome.error
    assert outcome.out.startswith(videos[0]) and len(outcome.out.splitlines()) == 1
    assert "None of the videos" in launcher("predict", f"--run={finished_run}", "--skip_unreadable", empty).error


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("minimal.mp4", "fewer than two decodable frames (1)"),
        ("sine-3s-xhe-aac-44khz-mono.mp4", "has no video stream"),
        ("short-cenc.mp4", "not one frame"),
    ],
)
def test_odd_files_are_one_sentence(launcher, finished_run, shared_data, name, said):
    path = shared_data / "corrupt/mp4parse-rust" / name
    sentence = launcher("predict", f"--run={finished_run}", path).sentence()
    assert str(path) in sentence and said in sentence


def test_a_real_video_of_another_size_is_scored(launcher, finished_run, shared_data):
    path = next((shared_data / "ucf101/videos/Archery").glob("*.avi"))
    outcome = launcher("predict", f"--run={finished_run}", path)
    assert outcome.code == 0 and outcome.out.startswith(f"{path}: ")


def test_a_video_must_be_named(launcher, finished_run):
    assert "Name at least one video" in launcher("predict", f"--run={finished_run}").sentence()


def test_flow_needs_a_method_with_motion(launcher, rgb_run, videos, tmp_path):
    sentence = launcher("predict", f"--run={rgb_run}", f"--flow_dir={tmp_path}", videos[0]).sentence()
    assert "needs a method with a motion layer" in sentence


def test_two_files_of_one_name_do_not_overwrite_each_others_flow(launcher, finished_run, videos, tmp_path):
    other = tmp_path / "copy" / videos[0].rsplit("/")[-1]
    other.parent.mkdir()
    other.write_bytes(b"")
    flags = [f"--run={finished_run}", f"--flow_dir={tmp_path}/flow"]
    assert "would have one name" in launcher("predict", *flags, videos[0], other).sentence()


def test_mirrored_views_follow_the_labels_of_the_data_set(videos, tiny):
    names = ("MoveRight", "MoveLeft", "MoveUp")

    def flip(names, **data):
        return open_files(videos[:1], tiny(data=data), names).videos.flip

    assert flip(names) == (1, 0, 2)
    assert flip(names[1:]) == "forbidden"
    assert flip(names, dataset="ucf101") == flip((), dataset="middlebury") == "keep"


def test_videos_of_the_runs_data_are_not_counted_again_and_others_leave_no_trace(
    finished_run, videos, tmp_path, monkeypatch
):
    config, _, names = load_run(finished_run)
    copies = [shutil.copy(path, tmp_path) for path in videos[:2]]
    counts = open_files(copies, config, names).counts
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(Path(path).name for path in copies)
    # The training has checked its own files.
    monkeypatch.setattr("tvnet_keras.video.scan.count_frames", None)
    assert list(open_files(videos[:2], config, names).counts.values()) == list(counts.values()) == [8, 8]


def test_the_most_probable_classes_come_first():
    assert top_classes(np.log([0.2, 0.7, 0.1]), ("a", "b", "c"), 2) == ["b 70.0 %", "a 20.0 %"]


def test_unreadable_files_alone_are_refused(tiny, tmp_path):
    with pytest.raises(InputError, match="None of the videos can be read"):
        open_files([str(tmp_path / "nowhere.avi")], tiny(), ("a",), skip_unreadable=True)


@pytest.mark.parametrize("looked_at", [False, True])
def test_whatever_is_wrong_with_one_file_the_others_are_predicted(
    tiny, videos, shared_data, tmp_path, capsys, looked_at
):
    names = ("mjpeg_exif.avi", "mjpeg_orient6.avi", "anim_exif.png", "cover_first.mkv", "vp9_turn.webm")
    odd = [str(shared_data / "faults" / name) for name in names]
    cut = tmp_path / "cut.avi"
    cut.write_bytes(Path(videos[0]).read_bytes()[:9000])
    examine = functools.partial(summarise_video, TVNet(1, 1, 2), {}) if looked_at else None
    with pytest.raises(InputError, match=r"cut\.avi: is cut short, it holds \d of 8 frames"):
        open_files([str(cut), *odd], tiny(), ("a",), examine=examine)
    source = open_files([str(cut), *odd], tiny(), ("a",), skip_unreadable=True, examine=examine)
    assert source.counts == dict(zip(odd, (8, 8, 8, 8, 10), strict=True))
    assert f"skipped: {cut}: is cut short" in capsys.readouterr().err


def test_a_network_of_flow_that_learned_on_classes_has_no_classes(launcher, tiny, videos, tmp_path):
    config = tiny("tvnet_flow", data={"frames": 4}, train={"steps": 1, "checkpoint_every": 1})
    train(config, tmp_path / "run")
    run = f"--run={tmp_path / 'run'}"
    assert "names no classes" in launcher("predict", run, videos[0]).sentence()
    outcome = launcher("predict", run, f"--flow_dir={tmp_path / 'flow'}", videos[0])
    assert outcome.code == 0, outcome.error
    assert [path.stem for path in (tmp_path / "flow").iterdir()] == [Path(videos[0]).stem]
    assert launcher("export", run, f"--output_dir={tmp_path / 'export'}").code == 0
    assert not (tmp_path / "export/classes.txt").read_text().strip()


def test_a_flow_video_whose_name_is_too_long_is_told_before_anything_is_computed(launcher, finished_run, tmp_path):
    said = launcher("predict", f"--run={finished_run}", f"--flow_dir={tmp_path}", "x" * 252 + ".ts").sentence()
    assert "rename the video" in said


def test_the_classes_are_written_on_the_video(launcher, finished_run, videos, tmp_path):
    outcome = launcher(
        "predict", f"--run={finished_run}", f"--label_dir={tmp_path}/labels", "--flow_format=gif", "--top=2", videos[0]
    )
    assert outcome.code == 0, outcome.error
    path = tmp_path / f"labels/{Path(videos[0]).stem}.gif"
    assert outcome.out.splitlines()[1:] == [f"written: {path}"]
    written, before = read_frames(path).astype(float), read_frames(videos[0])
    assert written.shape == before.shape
    # Text above, the frames as they were below.
    change = np.abs(written - before).mean(axis=(0, 2, 3))
    assert change[:16].mean() > 10 * change[-4:].mean()


def test_text_is_drawn_in_white_and_as_much_of_it_as_there_is_room_for():
    one, two = (text_mask(["Surfing 93.1 %", "Diving 3.0 %"][:count], 90, 160) for count in (1, 2))
    assert one.shape[1:] == two.shape[1:] == (160, 1) and two.shape[0] > one.shape[0] and one.max() > 0.8
    narrow = text_mask(["A very long name of a class 93.1 %"] * 9, 24, 20)
    # One line of nine has room.
    assert narrow.shape == (18, 20, 1)
    frame = np.full((90, 160, 3), 200, "uint8")
    shown = with_text(frame, one)
    assert (frame == 200).all() and shown.max() > 220 and shown[one.shape[0] - 1, 0, 0] == 90
    np.testing.assert_array_equal(shown[one.shape[0] :], frame[one.shape[0] :])


def test_a_video_is_labelled_frame_by_frame(videos, tmp_path, monkeypatch):
    # All frames at once would take the memory of the whole video.
    alive = []

    def frames(path):
        for frame in iterate_frames(path):
            alive.append(weakref.ref(frame))
            yield frame
            assert sum(each() is not None for each in alive) <= 4

    monkeypatch.setattr(label_video, "iterate_frames", frames)
    label_video.write_label_video(videos[0], tmp_path / "labelled.mp4", ["Run 90.0 %"], 0)
    assert probe(tmp_path / "labelled.mp4").frames == len(alive) == 8


def test_two_kinds_of_videos_have_two_folders(here, finished_run, videos, tmp_path):
    flags = [f"--run={finished_run}", f"--flow_dir={tmp_path}/out", f"--label_dir={tmp_path}/./out"]
    assert "must be two folders" in here("predict", *flags, videos[0]).sentence()
