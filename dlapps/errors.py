"""Errors a user can act on: the command line prints their message and nothing else."""


class DlappsError(Exception):
    """Something failed; the message is one or two sentences that name the thing."""

    exit_code = 1


class UsageError(DlappsError):
    """The command, the config or the data handed in is wrong; the message names alternatives."""

    exit_code = 2
