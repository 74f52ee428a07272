"""Data sets of image pairs, and pairs of one's own files."""

from __future__ import annotations

import shutil
import weakref

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.launch.pairs_on_disk import MOTIONS, write_chairs, write_kitti_pairs
from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import UNKNOWN, known_vectors, write_flo, write_kitti
from tvnet_keras.flow.measure import mean_end_point_error, photometric_residual
from tvnet_keras.flow.pairs import load, load_subset, names, open_files, options_of, read_image
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.video.moving_shapes.writer import exact_flow, write_dataset
from tvnet_keras.video.read import read_frames

# Height, width, share of known vectors, EPE of zero flow and of DIS: measured with other programs (SOURCES.md).
MIDDLEBURY = {
    "Dimetrodon": (388, 584, 0.9525, 2.058, 0.156),
    "Grove2": (480, 640, 1.0, 3.090, 0.319),
    "Grove3": (480, 640, 1.0, 3.913, 0.852),
    "Hydrangea": (388, 584, 0.9343, 3.731, 0.253),
    "RubberWhale": (388, 584, 0.9840, 1.256, 0.225),
    "Urban2": (480, 640, 1.0, 8.393, 0.645),
    "Urban3": (480, 640, 1.0, 7.307, 2.014),
    "Venus": (380, 420, 1.0, 3.802, 0.384),
}
CLEAN = {
    "alley_1/frame_0002": (436, 1024, 0.9998, 2.982, 0.341),
    "cave_2/frame_0002": (436, 1024, 0.9998, 15.124, 1.639),
    "market_5/frame_0002": (436, 1024, 0.9991, 31.974, 23.219),
}
FINAL = {
    "alley_1/frame_0002": (436, 1024, 0.9998, 2.982, 0.322),
    "cave_2/frame_0002": (436, 1024, 0.9998, 15.124, 1.943),
    "market_5/frame_0002": (436, 1024, 0.9991, 31.974, 16.944),
}
CHAIRS = {
    "0000000": (384, 512, 1.0, 6.053, 8.219),
    "0000001": (384, 512, 1.0, 4.506, 1.591),
    "0000002": (384, 512, 1.0, 4.353, 3.448),
}
PUBLISHED_CHAIRS = {
    "00001": (384, 512, 1.0, 4.306, 2.702),
    "00002": (384, 512, 1.0, 2.113, 0.641),
    "00003": (384, 512, 1.0, 4.767, 3.020),
}
KITTI = {"frame1": (375, 1242, 0.1620, 51.010, 38.488)}


@pytest.mark.parametrize(
    ("name", "folder", "options", "expected"),
    [
        ("middlebury", "middlebury", {}, MIDDLEBURY),
        ("sintel", "sintel_sample", {}, CLEAN),
        ("sintel", "sintel_sample", {"render": "final"}, FINAL),
        ("flyingchairs", "flyingchairs_sample", {}, CHAIRS),
        ("flyingchairs", "flow_pairs/flyingchairs", {}, PUBLISHED_CHAIRS),
        ("kitti", "flow_pairs/kitti", {}, KITTI),
    ],
)
def test_real_pairs_have_their_known_errors(shared_data, name, folder, options, expected):
    dis = make_solver("dis")
    found = {}
    for pair in load(name, shared_data / folder, **options):
        frames, truth = pair.frames(), pair.truth()
        errors = [mean_end_point_error(flow, truth) for flow in (np.zeros_like(truth), dis(frames))]
        found[pair.name] = (*frames.shape[1:3], float(known_vectors(truth).mean()), *errors)
    assert list(found) == sorted(expected)
    for pair_name, numbers in expected.items():
        assert found[pair_name][:4] == pytest.approx(numbers[:4], abs=6e-4), pair_name
        assert found[pair_name][4] == pytest.approx(numbers[4], rel=0.02), pair_name


def write_pair(folder, first: str, second: str, flow: str, size=(10, 12)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate((first, second)):
        Image.fromarray(np.full((*size, 3), 40 * number, np.uint8)).save(folder / name)
    if flow:
        write_flo(folder / flow, np.zeros((*size, 2), np.float32))


def test_flyingchairs_under_its_official_names(tmp_path):
    for number in (2, 1):
        names = f"{number:05d}_img1.ppm", f"{number:05d}_img2.ppm", f"{number:05d}_flow.flo"
        write_pair(tmp_path / "data", *names)
    listed = load("flyingchairs", tmp_path)
    assert [pair.name for pair in listed] == ["00001", "00002"]
    assert (listed[0].frames() == np.array([0, 40]).reshape(2, 1, 1, 1)).all()


@pytest.fixture
def chairs(tmp_path):
    """Four pairs of FlyingChairs, under their official names."""
    for number in range(1, 5):
        names = f"{number:05d}_img1.ppm", f"{number:05d}_img2.ppm", f"{number:05d}_flow.flo"
        write_pair(tmp_path / "data", *names)
    return tmp_path


def names_of(root, subset, name="flyingchairs"):
    return [pair.name for pair in load_subset(name, root, subset)]


def test_the_official_list_divides_flyingchairs(chairs):
    (chairs / "FlyingChairs_train_val.txt").write_bytes(b"1\r\n2\r\n1\r\n1\r\n2\r\n")
    assert names_of(chairs, "train") == ["00001", "00003", "00004"]
    assert names_of(chairs, "test") == ["00002"]
    assert len(load("flyingchairs", chairs)) == 4


@pytest.mark.parametrize("root", ["", "data"])
def test_the_official_list_may_lie_beside_the_folder(tmp_path, monkeypatch, root):
    release = write_chairs(tmp_path / "release/data").parent
    (tmp_path / "release/FlyingChairs_train_val.txt").write_text("1\n2\n1\n")
    monkeypatch.chdir(release / root)
    assert names_of(".", "train") == names_of(release / root, "train") == ["00001", "00003"]
    (release / "data/FlyingChairs_train_val.txt").write_text("2\n2\n1\n")
    assert names_of(release / root, "train") == (["00003"] if root else ["00001", "00003"]), "the list in the root wins"


def test_the_published_list_of_flyingchairs_divides_its_real_pairs(shared_data):
    root = shared_data / "flow_pairs/flyingchairs"
    codes = (root.parent / "FlyingChairs_train_val.txt").read_text().split()
    assert (codes.count("1"), codes.count("2")) == (22232, 640)
    assert names_of(root, "train") == ["00001", "00002", "00003"]
    with pytest.raises(InputError, match="None of the 3 pairs of flyingchairs in .* is for the subset 'test'"):
        load_subset("flyingchairs", root, "test")


@pytest.mark.parametrize("images", ["image_2", "colored_0", "image_0"])
def test_kitti_under_its_official_names(tmp_path, images):
    listed = load("kitti", write_kitti_pairs(tmp_path, images=images))
    assert [pair.name for pair in listed] == ["000000", "000001", "000002"]
    for pair, (height, width, velocity) in zip(listed, MOTIONS.values(), strict=True):
        known = known_vectors(pair.truth())
        assert pair.frames().shape == (2, height, width, 3)
        assert not known[: height // 2].any() and known[height // 2 :].all()
        np.testing.assert_allclose(pair.truth()[known], np.broadcast_to(velocity, (known.sum(), 2)), atol=1 / 128)


def test_kitti_of_2012_in_grey_and_with_the_frames_of_the_multi_view_extension(tmp_path):
    write_kitti_pairs(tmp_path, ("First",), "image_0")
    frame = tmp_path / "training/image_0/000000_10.png"
    Image.open(frame).convert("L").save(frame)
    shutil.copy(frame, frame.with_name("000000_12.png"))
    write_kitti_pairs(tmp_path, ("First",), "colored_0")
    (pair,) = load("kitti", tmp_path)
    assert np.ptp(pair.frames()[0], axis=-1).max() > 0, "the coloured frames are read where both are there"
    shutil.rmtree(tmp_path / "training/colored_0")
    (pair,) = load("kitti", tmp_path)
    assert pair.frames().shape == (2, 24, 32, 3) and np.ptp(pair.frames()[0], axis=-1).max() == 0


def test_one_pair_of_kitti_alone(tmp_path):
    write_pair(tmp_path, "frame1.png", "frame2.png", "")
    flow = np.full((10, 12, 2), (1.5, -2.25), np.float32)
    flow[0] = UNKNOWN
    write_kitti(tmp_path / "flow_gt.png", flow)
    (pair,) = load("kitti", tmp_path)
    assert pair.name == "frame1" and (pair.truth() == flow).all() and (pair.frames()[1] == 40).all()
    (tmp_path / "frame2.png").unlink()
    with pytest.raises(InputError, match=r"frame2\.png is missing"):
        load("kitti", tmp_path)


def test_a_missing_frame_of_kitti_is_named(tmp_path):
    write_kitti_pairs(tmp_path)
    (tmp_path / "training/image_2/000001_11.png").unlink()
    with pytest.raises(InputError, match=r"image_2/000001_11\.png is missing"):
        load("kitti", tmp_path)
    shutil.rmtree(tmp_path / "training/image_2")
    with pytest.raises(InputError, match=r"image_2/000000_10\.png is missing"):
        load("kitti", tmp_path)


def test_without_its_list_a_set_of_pairs_serves_for_both(chairs, shapes):
    assert names_of(chairs, "train") == names_of(chairs, "test") == ["00001", "00002", "00003", "00004"]
    assert len(names_of(shapes, "train", "moving_shapes")) == len(names_of(shapes, "test", "moving_shapes")) == 24


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1\n2\n1\n", "its 3 lines do not name every pair"),
        ("1\n2\n0\n1\n", "it holds '0'"),
        ("train\n" * 4, "it holds 'train'"),
        ("", "its 0 lines do not name every pair"),
    ],
)
def test_a_list_of_other_pairs_is_refused(chairs, content, message):
    path = chairs / "FlyingChairs_train_val.txt"
    path.write_text(content)
    with pytest.raises(InputError, match=f"{path} is not the official list of these pairs .{message}"):
        load_subset("flyingchairs", chairs, "train")


def test_the_list_does_not_fit_pairs_that_are_no_numbers(chairs):
    (chairs / "FlyingChairs_train_val.txt").write_text("1\n" * 9)
    write_pair(chairs, "chair_img1.ppm", "chair_img2.ppm", "chair_flow.flo")
    with pytest.raises(InputError, match="do not name every pair"):
        load_subset("flyingchairs", chairs, "test")


def test_a_list_that_leaves_a_subset_no_pair_is_refused(chairs):
    (chairs / "FlyingChairs_train_val.txt").write_text("1\n" * 4)
    with pytest.raises(InputError, match="None of the 4 pairs of flyingchairs in .* is for the subset 'test'"):
        load_subset("flyingchairs", chairs, "test")


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    root = tmp_path_factory.mktemp("shapes") / "data"
    return write_dataset(root, train_groups=1, test_groups=2, frames=6, size=(32, 48))


def test_moving_shapes_gives_the_middle_pair_of_every_test_clip(shapes):
    listed = load("moving_shapes", shapes)
    assert len(listed) == 24 and all("_g02_" in pair.name or "_g03_" in pair.name for pair in listed)
    pair = next(pair for pair in listed if pair.name == "v_MoveRight_g02_c01")
    video = shapes / "videos/MoveRight/v_MoveRight_g02_c01.avi"
    assert (pair.frames() == read_frames(video)[2:4]).all()
    assert (pair.truth() == exact_flow(video)[2]).all()
    still = np.zeros_like(pair.truth())
    assert photometric_residual(pair.frames(), pair.truth()) < photometric_residual(pair.frames(), still)


def test_data_sets_are_found_by_listing_the_folder():
    assert {"flyingchairs", "kitti", "middlebury", "moving_shapes", "sintel"} <= set(names())
    assert sorted(names()) == list(names())
    assert options_of("sintel") == ("render",) and options_of("middlebury") == ()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("midlebury", {}, "Did you mean 'middlebury'"),
        ("middlebury", {"render": "final"}, "has no option 'render'"),
        ("sintel", {"render": "fnal"}, "Did you mean 'final'"),
        ("middlebury", {}, "holds no pairs laid out as other-gt-flow"),
        ("sintel", {}, "holds no pairs laid out as training/flow"),
        ("flyingchairs", {}, "holds no pairs laid out as NNNNN_img1"),
        ("kitti", {}, "holds no pairs laid out as training/flow_occ/NNNNNN_10.png and .*, or frame1.png"),
        ("moving_shapes", {}, "nowhere"),
    ],
)
def test_what_is_not_there_is_refused(tmp_path, name, options, message):
    with pytest.raises(InputError, match=message):
        load(name, tmp_path / "nowhere", **options)


def test_a_missing_frame_is_named_before_anything_is_computed(shared_data, tmp_path):
    shutil.copytree(shared_data / "middlebury/other-gt-flow/Venus", tmp_path / "other-gt-flow/Venus")
    with pytest.raises(InputError, match=r"other-data/Venus/frame10\.png is missing"):
        load("middlebury", tmp_path)


def test_own_images_in_their_order(tmp_path):
    for number, name in enumerate(("frame10.png", "frame2.png", "frame1.jpg")):
        Image.fromarray(np.full((6, 8, 3), 10 * number, np.uint8)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    assert [pair.name for pair in open_files([tmp_path])] == ["frame1", "frame2"]
    named = open_files([tmp_path / "frame10.png", tmp_path / "frame2.png", tmp_path / "frame1.jpg"])
    assert [pair.name for pair in named] == ["frame10", "frame2"]
    assert named[0].frames()[:, 0, 0, 0].tolist() == [0, 10] and named[0].truth is None


def test_files_of_one_name_do_not_overwrite_each_other(tmp_path):
    for folder in "abc":
        write_pair(tmp_path / folder, "img.png", "other.png", "")
    listed = open_files([tmp_path / folder / "img.png" for folder in "abc"])
    assert [pair.name for pair in listed] == ["00000_img", "00001_img"]


def test_a_video_gives_its_consecutive_frames(shapes):
    video = shapes / "videos/MoveRight/v_MoveRight_g01_c01.avi"
    listed = open_files([video])
    assert len(listed) == 5 and listed[4].name == "v_MoveRight_g01_c01_00004"
    assert all((pair.frames() == read_frames(video)[k : k + 2]).all() for k, pair in enumerate(listed))


def test_a_video_is_not_held(shapes, monkeypatch):
    video = shapes / "videos/MoveRight/v_MoveRight_g01_c01.avi"
    whole, opened, living = read_frames(video), [], weakref.WeakSet()

    def watched(path):
        opened.append(path)
        for frame in whole:
            frame = frame.view(Watched)
            living.add(frame)
            yield frame

    monkeypatch.setattr("tvnet_keras.flow.pairs.parts.files.iterate_frames", watched)
    listed = open_files([video])
    for k, pair in enumerate(listed):
        assert (pair.frames() == whole[k : k + 2]).all() and len(living) <= 3
    assert len(opened) == 1
    for k in (2, 2, 4, 0):
        assert (listed[k].frames() == whole[k : k + 2]).all()
    assert len(opened) == 3


class Watched(np.ndarray):
    """An array that may be referred to weakly by what it is, not by what it holds."""

    __hash__ = object.__hash__


def test_a_video_that_lost_frames_is_refused(shapes, monkeypatch):
    video = shapes / "videos/MoveRight/v_MoveRight_g01_c01.avi"
    listed, frames = open_files([video]), read_frames(video)
    monkeypatch.setattr("tvnet_keras.flow.pairs.parts.files.iterate_frames", lambda path: iter(frames[:3]))
    assert (listed[1].frames() == frames[1:3]).all()
    with pytest.raises(InputError, match=r"g01_c01\.avi: frame 3 is wanted but only 3 frames decode"):
        listed[2].frames()


def test_a_real_video(shared_data):
    path = next((shared_data / "ucf101/videos/BasketballDunk").glob("*.avi"))
    with av.open(str(path)) as container:
        count = sum(1 for _ in container.decode(video=0))
    assert len(open_files([path])) == count - 1


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["one.png"], "is one image"),
        (["one.png", "absent.png"], r"absent\.png is missing"),
        (["absent.avi"], r"absent\.avi is missing"),
        (["empty.avi"], "empty"),
        (["folder"], "holds 1 images"),
        (
            ["a.avi", "b.MP4"],
            "a.avi is a video and one of 2 files; give one folder, or one video, or two",
        ),
        (["one.png", "b.MP4"], "b.MP4 is a video and one of 2 files"),
        (["folder", "folder"], "folder is a folder and one of 2 files"),
        (["one.png", "folder", "a.avi"], "folder is a folder and one of 3 files"),
    ],
)
def test_own_files_that_make_no_pair_are_refused(tmp_path, files, message):
    write_pair(tmp_path, "one.png", "two.png", "")
    write_pair(tmp_path / "folder", "one.png", "two.txt.png", "")
    (tmp_path / "folder/two.txt.png").unlink()
    (tmp_path / "empty.avi").write_bytes(b"")
    with pytest.raises(InputError, match=message):
        open_files([tmp_path / file for file in files])


def test_images_that_cannot_be_used_are_named(tmp_path):
    write_pair(tmp_path, "small.png", "other.png", "")
    write_pair(tmp_path, "large.png", "other.png", "", size=(10, 13))
    with pytest.raises(InputError, match="12 x 10 pixels and .*13 x 10"):
        open_files([tmp_path / "small.png", tmp_path / "large.png"])[0].frames()
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(InputError, match=r"deep\.png is not an 8-bit image"):
        read_image(tmp_path / "deep.png")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("suffix", ["png", "jpg", "ppm", "bmp", "tif"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_damaged_images_are_read_or_refused_in_one_sentence(tmp_path_factory, suffix, data):
    path = tmp_path_factory.getbasetemp() / f"damaged.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)).save(path)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        assert read_image(path).shape[-1] == 3
    except InputError as error:
        assert "\n" not in str(error) and path.name in str(error)
