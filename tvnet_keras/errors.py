"""The one kind of error that a user can mend."""


class InputError(ValueError):
    """Bad input: a file, a flag or a value that the user can change.

    The message is one sentence that names the file or flag, the value received and what to do.
    Launchers print it without a traceback and exit with a non-zero code; anything else is a bug
    and keeps its traceback.
    """
