"""What every launcher shares: it parses flags, and ends with one sentence and a non-zero exit code on bad input."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from absl import app, flags, logging

from launch.run import early_interrupt
from tvnet_keras.atomic import no_room
from tvnet_keras.errors import InputError

EXIT_BAD_INPUT = 2
EXIT_OUTPUT_CLOSED = 141
"""As of a program that the signal of a closed pipe has ended."""

TRUTH_WORDS = ("true", "false", "t", "f", "yes", "no", "y", "n", "on", "off", "1", "0")
"""The words that people write behind a switch, in capitals or not."""

SHARED_FLAG: dict[str, Any] = {"allow_override": True}
"""Arguments for a flag that several launchers define, so that one process may import two of them."""


def report_error(error: Exception) -> None:
    """Prints a user's mistake as one line on stderr."""
    print("error: " + " ".join(str(error).split()), file=sys.stderr, flush=True)


def guarded(main: Callable[[], None]) -> int:
    """Runs `main` and returns the exit code: 0, or 2 after the sentence of an `InputError` or of a full disk."""
    early_interrupt.end()
    try:
        main()
        # What is still kept back would meet a closed pipe only behind this function.
        sys.stdout.flush()
    except BrokenPipeError:
        return _output_unread()
    except InputError as error:
        report_error(error)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt as stop:
        generic = "interrupted; finished files are whole, and the same command goes on or starts again"
        report_error(InputError(str(stop) or generic))
        return early_interrupt.EXIT_CODE
    except Exception as error:
        # TensorFlow's checkpoints and logs are not written through `atomic_path`, which has the sentence for a file.
        if not no_room(error):
            raise
        report_error(InputError(f"no room for a file ({error}); free some, then the same command goes on"))
        return EXIT_BAD_INPUT
    return 0


def _output_unread() -> int:
    """Ends the output that its reader, such as `head`, has closed; returns the exit code of a program that this ends.

    Raises:
        BrokenPipeError: it was another pipe, such as that of a worker.
    """
    try:
        # What was kept back may be gone with the first error, and nothing left that would fail.
        print(flush=True)
    except BrokenPipeError:
        # Python flushes once more at its end, and would complain.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
        return EXIT_OUTPUT_CLOSED
    raise


def run(
    main: Callable[..., None],
    *,
    parser: Callable[[Sequence[str]], Sequence[str]] | None = None,
    positional: bool = False,
) -> None:
    """The `if __name__ == "__main__"` of every launcher.

    Args:
        main: a function that reads `flags.FLAGS`; with `positional` it takes the other arguments as a list.
        parser: the function that parses argv; `launch.run.config_flags.parser` for launchers that take `--config.*`.
        positional: whether arguments that are no flags are welcome.
    """
    # TensorFlow's start-up chatter would bury the one sentence that matters.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.set_verbosity(logging.WARNING)

    def start(argv: Sequence[str]) -> None:
        if positional:
            sys.exit(guarded(lambda: main(list(argv[1:]))))
        if len(argv) > 1:
            report_error(InputError(f"unexpected argument {argv[1]!r}; flags are written --name=value"))
            sys.exit(EXIT_BAD_INPUT)
        sys.exit(guarded(main))

    app.run(start, flags_parser=parser or parse_flags)


def parse_flags(argv: Sequence[str]) -> Sequence[str]:
    """Parses argv; a mistake in a flag is one sentence and exit code 2, like any other bad input."""
    argv = expand_home(argv)
    try:
        refuse_words_after_switches(argv)
        return flags.FLAGS(argv)
    except (flags.Error, InputError) as error:
        report_error(error)
        sys.exit(EXIT_BAD_INPUT)


def expand_home(argv: Sequence[str]) -> list[str]:
    """Replaces `~` and `~user` by home folders, which shells do at the beginning of a word only, not in `--NAME=~/x`.

    Args:
        argv: the words of the command line, the program first.
    """

    def expand(word: str) -> str:
        # In a flag a value begins after `=`, and after the comma of a list.
        begin = r"(?<=[=,])~[^/=,]*" if word.startswith("-") else r"^~[^/]*"
        return re.sub(begin, lambda match: os.path.expanduser(match[0]), word)

    return [*argv[:1], *map(expand, argv[1:])]


def refuse_words_after_switches(argv: Sequence[str]) -> None:
    """Refuses `--NAME False`, which would switch on and take `False` for a file.

    Args:
        argv: the words of the command line, the program first; flags that are not defined are passed over.

    Raises:
        InputError: a word of truth follows a switch.
    """
    known = flags.FLAGS
    for flag, word in pairwise(argv[1:]):
        name = flag.lstrip("-")
        switches = [each for each in (name, name.removeprefix("no")) if each in known and known[each].boolean]
        if flag.startswith("-") and switches and word.casefold() in TRUTH_WORDS:
            raise InputError(
                f"{flag} {word} are two words, of which the second changes nothing: write --{switches[0]}={word}, or "
                f"./{word} if it is a file."
            )
