"""Whether a video file was cut short: how much film its container declares, and how much there is.

AVI, MP4, MOV, Matroska, WebM and FLV say in their header how long the film is. What FFmpeg says of the others (MPEG,
TS, GIF, WMV, Ogg and raw streams) it has measured in the file as it is, so that there is nothing to compare.
"""

from fractions import Fraction
from typing import cast

import av
import av.container
import av.stream

SLACK = Fraction(1, 20)
"""Share of the declared length that may be missing: headers of files with sound promise a little more than there is."""

SLACK_FRAMES = 3
"""Number of frames that may be missing, for a film that is too short for `SLACK`."""

_OWN_LENGTH = ("mov,mp4,m4a,3gp,3g2,mj2",)
_LENGTH_OF_ALL = ("matroska,webm", "flv")


class Length:
    """Compares the packets of a file, which it is given one after the other, with the length that the header declares.

    Lengths are times rather than numbers: a film whose rate varies has any number of frames, one that was trimmed
    holds more than it shows, and an AVI file counts frames that it leaves out.

    Args:
        container: the opened file.
        stream: the stream of its film.
    """

    def __init__(self, container: av.container.InputContainer, stream: av.VideoStream) -> None:
        self._stream = stream
        # PyAV allows for a stream that has no time base, as one to be written may; one of a file has it.
        self._tick = cast(Fraction, stream.time_base)
        # Sound may go on after the last picture, so that a length of the whole file is compared with all its streams.
        self._of_all = container.format.name in _LENGTH_OF_ALL
        self._declared = Fraction(0)
        if self._of_all:
            self._declared = Fraction(container.duration or 0, av.time_base)
        elif container.format.name in _OWN_LENGTH and stream.duration:
            self._declared = stream.duration * self._tick
        elif container.format.name == "avi":
            # FFmpeg's duration of an AVI file is shortened to what its size allows.
            self._declared = stream.frames * self._tick
        # Whole numbers of the stream's time base, for fractions would take as long as the decoder of a small film.
        self._ends: dict[av.stream.Stream, int] = {}
        self._last: int | None = None
        self._longest_gap = 0

    def add(self, packet: av.Packet) -> None:
        """Takes the next packet of any stream."""
        stream = packet.stream
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is None or not (stream is self._stream or self._of_all):
            return
        self._ends[stream] = max(self._ends.get(stream, 0), stamp + (packet.duration or 0))
        if stream is self._stream and packet.dts is not None:
            if self._last is not None:
                self._longest_gap = max(self._longest_gap, packet.dts - self._last)
            self._last = packet.dts

    def shortfall(self, frames: int) -> str:
        """How much there is of a film that was cut short, such as "13 of 60 frames" or "13 frames, 0.5 of 2.4 seconds".

        Args:
            frames: number of all frames of the film that can be decoded.

        Returns:
            The words; empty for a whole film.
        """
        if not self._ends:
            return ""
        end = max(end * cast(Fraction, stream.time_base) for stream, end in self._ends.items())
        # The last frame of a film of varying rate may be shown as long as any other.
        gap = self._longest_gap * self._tick
        few = SLACK_FRAMES / (self._stream.average_rate or Fraction(25))
        if self._declared - end <= max(SLACK * self._declared, few, gap):
            return ""
        if self._stream.frames:
            return f"{frames} of {self._stream.frames} frames"
        return f"{frames} frames, {float(end):.1f} of {float(self._declared):.1f} seconds"
