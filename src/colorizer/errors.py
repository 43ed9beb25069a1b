"""The one exception of the package that is meant for its user rather than its developer."""


class InputError(ValueError):
    """Something the user gave cannot be used; the message is one sentence that says how to go on.

    The command line prints it and exits with code 2, without a traceback.
    """
