"""The tables, one module a resource. They refer to each other, so whoever needs one gets all."""

from importlib import import_module
from pkgutil import iter_modules

for module in iter_modules(__path__, "api.models."):
    import_module(module.name)
