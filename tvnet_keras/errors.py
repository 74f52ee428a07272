"""The one kind of error that a user can mend."""


class InputError(ValueError):
    """Bad input: a file, an argument or a flag that the user can change.

    The message is one sentence that names the input, the value received and what to do. The library's sentences name
    arguments; only launchers name flags, and `launch.run.option_errors` turns one into the other. Launchers print the
    sentence without a traceback and exit with a non-zero code. Any other error is a bug and keeps its traceback.
    """
