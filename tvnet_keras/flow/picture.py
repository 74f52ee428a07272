"""Pictures of flow: beside its frames, in contact sheets, in videos.

Example:
    >>> frames, flow = np.zeros((2, 32, 48, 3), "uint8"), np.ones((1, 32, 48, 2))
    >>> pictures = beside(frames, flow)
    >>> pictures.shape  # the frame, four white columns, the colours of its flow
    (1, 32, 100, 3)
    >>> write_video("flow.mp4", pictures, fps=10)
    >>> contact_sheet([[frames[0], flow_to_colour(flow[0])]], titles=("frame", "flow")).shape
    (56, 108, 3)
    >>> text, font = lettering("frame", size=12)
    >>> text
    'frame'
"""

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.filter
import av.video.stream
import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.flow.colour import colour_wheel, flow_to_colour
from tvnet_keras.lettering import font_file, written

GAP = 4  # number of white pixels between pictures
SMALLEST_FONT = 8
GIF_FASTEST = 50  # frames per second
_CODECS = {".mp4": ("libx264", "mpeg4"), ".avi": ("mpeg4",)}


def beside(frames: np.ndarray, flow: np.ndarray, max_flow: float | None = None) -> np.ndarray:
    """Puts each frame beside the colours of its flow, with a small colour wheel in the corner.

    Args:
        frames: uint8 `[T, H, W, 3]`, RGB.
        flow: `[N, h, w, 2]` with N <= T, pixels; flow n belongs to frame n. Another size than the frames' is stretched
            to theirs as a picture.
        max_flow: length, in pixels, of a vector with a fully saturated colour; None takes the longest known one.

    Returns:
        uint8 `[N, H, 2 W + GAP, 3]`.

    Raises:
        InputError: the shapes do not fit.
    """
    frames, flow = np.asarray(frames), np.asarray(flow)
    if frames.ndim != 4 or frames.shape[-1] != 3 or flow.ndim != 4 or not 0 < len(flow) <= len(frames):
        raise InputError(
            f"Frames must be [T, H, W, 3] and flow [at most T, h, w, 2]. Received: {frames.shape} and {flow.shape}."
        )
    height, width = frames.shape[1:3]
    colours = flow_to_colour(flow, max_flow)
    if colours.shape[1:3] != (height, width):
        colours = np.stack([cv2.resize(colour, (width, height)) for colour in colours])
    wheel = colour_wheel(max(9, min(height, width) // 5))
    side = min(len(wheel), height, width)
    corner, disc = colours[:, -side:, -side:], wheel[-side:, -side:]
    corner[:] = np.where(disc.any(axis=-1, keepdims=True), disc, corner)
    gap = np.full((len(flow), height, GAP, 3), 255, np.uint8)
    return np.concatenate([frames[: len(flow)].astype(np.uint8), gap, colours], axis=2)


def contact_sheet(rows: Sequence[Sequence[np.ndarray]], titles: Sequence[str], scale: int = 1) -> np.ndarray:
    """Lays pictures out in a grid with a title above each column.

    Args:
        rows: rows of pictures, uint8 `[h, w, 3]`, all of one size and as many in each row as there are titles.
        titles: titles of the columns; they are shrunk, then cut, to the column's width.
        scale: the whole number by which pictures are enlarged.

    Returns:
        uint8 `[H, W, 3]`, on white.

    Raises:
        InputError: there is no picture, or sizes or the lengths of rows differ.
    """
    pictures = [np.asarray(picture, np.uint8) for row in rows for picture in row]
    if not pictures or any(len(row) != len(titles) for row in rows):
        lengths = [len(row) for row in rows]
        raise InputError(
            f"Each row of a contact sheet needs {len(titles)} pictures, one per title. Received: {lengths}."
        )
    if {picture.shape for picture in pictures} != {(*pictures[0].shape[:2], 3)}:
        shapes = sorted({picture.shape for picture in pictures})
        raise InputError(f"Pictures of a contact sheet must all be [h, w, 3] of one size. Received: {shapes}.")
    height, width = (scale * side for side in pictures[0].shape[:2])
    header = max(12, min(24, width // 8)) + 2 * GAP
    sheet = Image.new("RGB", (GAP + len(titles) * (width + GAP), header + len(rows) * (height + GAP)), "white")
    draw = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        centre = GAP + column * (width + GAP) + width / 2
        text, font = fitting(title, width, header - 2 * GAP)
        draw.text((centre, header / 2), text, "black", font=font, anchor="mm")
    for index, picture in enumerate(pictures):
        row, column = divmod(index, len(titles))
        enlarged = Image.fromarray(picture).resize((width, height), Image.Resampling.NEAREST)
        sheet.paste(enlarged, (GAP + column * (width + GAP), header + row * (height + GAP)))
    return np.asarray(sheet)


def lettering(text: str, size: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """A text as it can be written, and a font that has its letters.

    Args:
        text: a text, such as the name of a pair.
        size: size of the letters, in pixels.

    Returns:
        The text, in which letters that no font has are escaped, and the font.
    """
    # Pillow's own font has hardly more letters than ASCII.
    if text.isascii() and text.isprintable():
        # Of a size it is a FreeTypeFont; the other kind is for a Pillow without FreeType.
        return text, cast(ImageFont.FreeTypeFont, ImageFont.load_default(size=size))
    file = font_file([text])
    return written(text, file), ImageFont.truetype(file, size)


def fitting(text: str, width: int, height: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """Shrinks the font, then cuts the text, until it is no wider than `width` pixels.

    Args:
        text: a text, such as a title.
        width: of the place for it, in pixels.
        height: size of the letters, in pixels, where the width allows it.

    Returns:
        The text, escaped as by `lettering` and cut, and its font.

    Example:
        >>> fitting("frame", width=60, height=12)[0]
        'frame'
    """
    text, font = lettering(text, height)
    length = font.getlength(text)
    font = font.font_variant(size=max(SMALLEST_FONT, int(height * min(1.0, width / max(1.0, length)))))
    while len(text) > 1 and font.getlength(text) > width:
        text = text[:-2] + "…"
    return text, font


def write_video(path: str | os.PathLike[str], frames: Iterable[np.ndarray], fps: float) -> None:
    """Writes frames as .mp4, .avi or .gif, whole or not at all.

    Frames are taken one by one, so that an iterator may make them on the way and a long video takes no more memory.

    Args:
        path: the file to write; the suffix chooses the format.
        frames: uint8 `[T, H, W, 3]`, RGB, or T frames `[H, W, 3]`. MPEG needs even sides, so an odd one is continued by
            one line.
        fps: frames per second; a .gif shows at most 50.

    Raises:
        InputError: the suffix is unknown, there are no frames, the rate is not positive, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (*_CODECS, ".gif"):
        raise InputError(f"A video is written as .mp4, .avi or .gif. Received: {path}.")
    if not 0 < fps <= 1000:
        raise InputError(f"The frame rate for {path} must be between 0 and 1000. Received: fps={fps}.")
    checked = _checked(path, frames)
    first = next(checked)
    with atomic_path(path) as partial:
        if path.suffix.lower() == ".gif":
            _write_gif(partial, first, checked, fps)
        else:
            _write_mpeg(partial, first, checked, fps)


def _checked(path: Path, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    expected = None
    for frame in map(np.asarray, frames):
        expected = expected or frame.shape
        if frame.ndim != 3 or frame.shape[-1] != 3 or frame.dtype != np.uint8 or frame.shape != expected:
            raise InputError(
                f"Frames for {path} must be uint8 [T, H, W, 3] of one size. Received: {frame.dtype} {frame.shape}."
            )
        yield frame
    if not expected:
        raise InputError(f"Frames for {path} must be uint8 [T, H, W, 3] with T of at least 1. Received: no frame.")


def _write_gif(path: Path, first: np.ndarray, others: Iterator[np.ndarray], fps: float) -> None:
    height, width = first.shape[:2]
    # Viewers take a frame for shorter than two hundredths of a second as one that lasts ten.
    rate = Fraction(min(fps, GIF_FASTEST)).limit_denominator(1001)
    with av.open(os.path.abspath(path), "w", options={"loop": "0"}) as container:
        stream = container.add_stream("gif", rate=rate)
        stream.height, stream.width, stream.pix_fmt = height, width, "pal8"
        palettes = _palettes(height, width, 1 / rate)
        for number, frame in enumerate(itertools.chain([first], others)):
            shown = av.VideoFrame.from_ndarray(frame, format="rgb24")
            shown.pts, shown.time_base = number, 1 / rate
            palettes.push(shown)
            container.mux(_encoded(stream, palettes))
        palettes.push(None)
        container.mux(_encoded(stream, palettes))
        container.mux(stream.encode())


def _palettes(height: int, width: int, time_base: Fraction) -> av.filter.Graph:
    """Gives every frame the 256 colours that suit it; Pillow would keep all frames until the last one."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgb24"), time_base=time_base)
    both, colours = graph.add("split"), graph.add("palettegen", "stats_mode=single:reserve_transparent=0")
    painted, sink = graph.add("paletteuse", "new=1:dither=bayer:bayer_scale=5"), graph.add("buffersink")
    source.link_to(both)
    both.link_to(painted, 0, 0)
    both.link_to(colours, 1, 0)
    colours.link_to(painted, 0, 1)
    painted.link_to(sink)
    graph.configure()
    return graph


def _encoded(stream: av.video.stream.VideoStream, palettes: av.filter.Graph) -> list[av.Packet]:
    """The packets of the frames that the filter has ready."""
    packets: list[av.Packet] = []
    while True:
        try:
            packets += stream.encode(cast(av.VideoFrame, palettes.pull()))
        except (BlockingIOError, EOFError):  # the filter waits for the next frame, or has given the last one
            return packets


def _write_mpeg(path: Path, first: np.ndarray, others: Iterator[np.ndarray], fps: float) -> None:
    margin = ((0, first.shape[0] % 2), (0, first.shape[1] % 2), (0, 0))
    suffix = path.suffix.lower()
    codec = next(name for name in _CODECS[suffix] if name in av.codecs_available)  # libx264 is not in every build
    # FFmpeg takes the beginning of a relative path that holds a colon for a protocol.
    with av.open(os.path.abspath(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        stream.height, stream.width, stream.pix_fmt = *np.pad(first, margin).shape[:2], "yuv420p"
        if codec == "libx264":
            # A third of the time and of the memory of its default, which looks forty frames ahead. Without the tree of
            # macroblocks, by which the same frames gave different files.
            stream.options = {"preset": "veryfast", "x264-params": "mbtree=0"}
        else:
            stream.codec_context.qmin, stream.codec_context.qmax = 2, 5  # its default rate blurs flow colours
        for frame in itertools.chain([first], others):
            even = np.pad(frame, margin, mode="edge") if any(map(any, margin)) else np.ascontiguousarray(frame)
            # FFmpeg's own conversion reads beyond the row's end, so that the same frames gave different files.
            planes = np.asarray(cv2.cvtColor(even, cv2.COLOR_RGB2YUV_I420), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        container.mux(stream.encode())
