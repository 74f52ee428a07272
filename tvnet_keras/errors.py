"""The one kind of error that a user can mend."""


class InputError(ValueError):
    """Bad input: a file, an argument or a flag that the user can change.

    The message is one sentence that names it, the value received and what to do. Only launchers name flags: from the
    library's sentences, which name arguments, `launch.run.option_errors` makes theirs.
    Launchers print it without a traceback and exit with a non-zero code; anything else is a bug
    and keeps its traceback.
    """
