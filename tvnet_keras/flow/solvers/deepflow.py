"""DeepFlow of OpenCV (Weinzaepfel et al., ICCV 2013), without DeepMatching."""

from tvnet_keras.flow.solvers.parts.solver import Solver, grey_pair, optflow

FORMS = ("deepflow",)


def make(numbers: tuple[int, ...]) -> Solver:
    """OpenCV's DeepFlow with its defaults.

    Raises:
        InputError: OpenCV was installed without its contributed modules.
    """
    method = optflow().createOptFlow_DeepFlow()
    return lambda frames: method.calc(*grey_pair(frames), None)
