"""Every failure wabot can name. Edges map the kinds to exit codes and HTTP statuses."""


class WabotError(Exception):
    """Tell what happened and where; `hint` says what to do next."""

    code = "error"

    def __init__(self, message: str, *, hint: str = "", retryable: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.retryable = retryable


class Finding(WabotError):
    """Report that the work ran and found something wrong, or that a part of it failed."""

    code = "finding"


class InvalidInput(WabotError):
    """Refuse an argument, option, file or value that cannot be right."""

    code = "invalid_input"


class UnknownChoice(InvalidInput):
    """Refuse a name that is not among the known ones; the message lists them."""

    code = "unknown_choice"


class ConfigurationError(WabotError):
    """Report settings that are missing or malformed, all of them at once."""

    code = "configuration"


class Refused(WabotError):
    """Refuse an act that the present state does not allow; nothing was changed."""

    code = "refused"


class Conflict(Refused):
    """Refuse a name, number or address that something else already holds."""

    code = "conflict"


class NotFound(Refused):
    """Report that the named thing does not exist."""

    code = "not_found"


class ExternalFailure(WabotError):
    """Report that another system did not answer, or answered with an error."""

    code = "external_failure"


class DatabaseUnavailable(ExternalFailure):
    """Report that PostgreSQL cannot be reached or refuses the login."""

    code = "database_unavailable"


class WriteConflict(DatabaseUnavailable):
    """Report that two transactions collided and PostgreSQL undid this one: it may begin anew."""

    code = "write_conflict"


class StorageUnavailable(ExternalFailure):
    """Report that customers' files cannot be kept where they belong."""

    code = "storage_unavailable"


class DecryptionFailed(ConfigurationError):
    """Report a ciphertext that no configured master key opens for this client."""

    code = "decryption_failed"


class Overloaded(WabotError):
    """Report that more is waiting than this process may hold in memory."""

    code = "overloaded"
