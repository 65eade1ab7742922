"""What a client is told that cannot be answered."""

from dlapps.errors import DlappsError


class RequestError(DlappsError):
    """A request that is not answered; the message names the field, `status` is HTTP's."""

    def __init__(self, message: str, status: int = 400):
        super().__init__(message)
        self.status = status
