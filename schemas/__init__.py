"""The contract: what may come in and what goes out, apart from how it is kept.

Depends on marshmallow alone, so that an import script can check its rows before it sends them.
"""
