"""Rows of a figure: a pair, its truth, and what several solvers make of it."""

from launch.flow_report.comparison import PairProtocol, measure_pair, read_pair, solve_pair
from launch.flow_report.pictures import TRUTH, Sheet, captions, colour_code, longest_of
from tvnet_keras.errors import InputError
from tvnet_keras.flow import pairs
from tvnet_keras.flow.solvers import Solver


def pair_of_video(path: str, frame: str) -> pairs.Pair:
    """A frame of a video and the next one.

    Args:
        path: the video.
        frame: the number of the first of the two frames, from 0.

    Raises:
        InputError: the video cannot be read, or has no such frame.
    """
    listed = pairs.open_files([path])
    if not frame.isdecimal() or int(frame) >= len(listed):
        raise InputError(f"--input=frame={frame} must be from 0 to {len(listed) - 1}, the pairs of {path}.")
    return listed[int(frame)]


def add_row(sheet: Sheet, pair: pairs.Pair, name: str, made: dict[str, Solver]) -> None:
    """Adds a row to a sheet: the frame, its truth or the colour code where there is none, and the flow of every solver.

    Args:
        sheet: the sheet.
        pair: what is shown.
        name: of the pair, for the row's title.
        made: the solvers by the heading of their columns.
    """
    frames, truth = read_pair(pair, PairProtocol())
    flows, seconds = solve_pair(frames, made, set())
    measured = measure_pair(frames, truth, flows, seconds)
    longest = longest_of(truth, list(flows.values()))
    words = captions(measured)
    if truth is None:
        words[TRUTH] = f"no truth; zero flow: residual {measured['photometric_zero']:.2f}"
    # Where there is no truth to show, there is room for the colour code.
    drawn = {TRUTH: colour_code(longest) if truth is None else truth, **flows}
    sheet.add(f"{name}, saturated at {longest:.1f} px", frames[0], drawn, words, longest)
