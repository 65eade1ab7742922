"""One module an application, or one package; the file system is the registry."""

import importlib
import pkgutil

from dlapps.applications.base import Application
from dlapps.errors import DlappsError, UsageError, did_you_mean, in_short


def application_names() -> list[str]:
    """The names of all applications, found without importing one."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base")


def load_application(name: str) -> type[Application]:
    """The application class in the module called `name`, or in `application` of that package."""
    if name not in application_names():
        raise UsageError(
            f"There is no application {in_short(name)}" + did_you_mean(name, application_names())
        )
    module = importlib.import_module(f"{__name__}.{name}")
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"{__name__}.{name}.application")
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Application)
        and value.__module__ == module.__name__
    ]
    if len(own) != 1:
        raise DlappsError(f"{module.__name__} must define one Application; it defines {len(own)}.")
    return own[0]
