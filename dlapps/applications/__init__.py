"""One module an application; the file system is the registry."""

import importlib
import pkgutil

from dlapps.application import Application
from dlapps.errors import UsageError
from dlapps.suggestions import did_you_mean


def application_names() -> list[str]:
    """The names of all applications, found without importing one."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load_application(name: str) -> type[Application]:
    """The application class in the module called `name`."""
    if name not in application_names():
        raise UsageError(
            f"There is no application {name}" + did_you_mean(name, application_names())
        )
    module = importlib.import_module(f"{__name__}.{name}")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Application)
        and value.__module__ == module.__name__
    )
