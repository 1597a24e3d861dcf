"""The keys that sign tokens: a JWK Set (RFC 7517 §5) of Ed25519 private keys (RFC 8037), readable by its owner alone.

The first key signs, all of them verify. To rotate: `new`, wait until the last token of the old key has run out, `drop`.
"""

import base64
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from api.config import ConfigError

log = logging.getLogger("lamppu.keys")

Keys = Mapping[str, Ed25519PrivateKey]
_Mark = tuple[int, int, int]


class KeyRing:
    """The keys of one file, parsed once and again when the file changes, so that no process needs a restart."""

    def __init__(self, path: Path):
        self._path = path
        self._seen: tuple[_Mark | None, Keys] = (None, {})

    def signing(self) -> tuple[str, Ed25519PrivateKey]:
        """The key that signs, with its id. :raises ConfigError: there is none"""
        return next(iter(self._keys().items()))

    def verifying(self, kid: str) -> Ed25519PublicKey | None:
        key = self._keys().get(kid)
        return key.public_key() if key else None

    def ids(self) -> frozenset[str]:
        return frozenset(self._keys())

    def public(self) -> dict[str, Any]:
        """The JWK Set that others verify our tokens with; nothing private is in it."""
        return {"keys": [_public(key) for key in self._keys().values()]}

    def _keys(self) -> Keys:
        mark, keys = self._seen
        try:
            found = _mark(self._path)
            if found != mark:
                keys = read(self._path)
        except (OSError, ConfigError) as error:
            if not keys:
                raise _unusable(self._path, error) from error
            # A slip in the file must not sign everyone out: the keys read last go on working.
            log.error("%s", _unusable(self._path, error))
        else:
            self._seen = (found, keys)
        return keys


def read(path: Path) -> Keys:
    """The keys of a file by their ids, in its order.

    :raises ConfigError: it can't be read, or a key in it is not one of ours
    """
    try:
        keys = dict(_parsed(jwk) for jwk in json.loads(path.read_bytes())["keys"])
        if not keys:
            raise ValueError("no key in it")
        return keys
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unusable(path, error) from error


def new(path: Path) -> str:
    """Put a new key before the others, where it signs from now on; give its id. Makes the file when it is missing."""
    key = Ed25519PrivateKey.generate()
    others = read(path) if path.exists() else {}
    _write(path, [key, *others.values()])
    return thumbprint(key)


def drop(path: Path, keep: int = 1) -> list[str]:
    """Forget all but the first `keep` keys; give the ids of those gone, whose tokens end with them."""
    keys = read(path)
    _write(path, list(keys.values())[: max(keep, 1)])
    return list(keys)[max(keep, 1) :]


def thumbprint(key: Ed25519PrivateKey) -> str:
    """RFC 7638 §3 with the members that RFC 8037 §2 names: the hash over them, sorted and without a space."""
    text = json.dumps(_curve_point(key), sort_keys=True, separators=(",", ":"))
    return _encoded(hashlib.sha256(text.encode()).digest())


def _curve_point(key: Ed25519PrivateKey) -> dict[str, str]:
    x = _encoded(key.public_key().public_bytes_raw())
    return {"crv": "Ed25519", "kty": "OKP", "x": x}


def _public(key: Ed25519PrivateKey) -> dict[str, str]:
    return {"kid": thumbprint(key), "use": "sig", "alg": "EdDSA"} | _curve_point(key)


def _parsed(jwk: Mapping[str, Any]) -> tuple[str, Ed25519PrivateKey]:
    key = Ed25519PrivateKey.from_private_bytes(_decoded(jwk["d"]))
    if {name: jwk[name] for name in ("crv", "kty", "x")} != _curve_point(key):
        raise ValueError("a key that is not Ed25519, or whose halves do not belong together")
    return thumbprint(key), key


def _write(path: Path, keys: list[Ed25519PrivateKey]) -> None:
    """Replace the file in one step: a process that reads it meanwhile finds the old one or the new one."""
    jwks = {"keys": [_public(key) | {"d": _encoded(key.private_bytes_raw())} for key in keys]}
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # of mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(jwks, file, indent=2)
            file.flush()
            os.fsync(handle)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _mark(path: Path) -> _Mark:
    status = path.stat()
    return status.st_mtime_ns, status.st_ino, status.st_size


def _unusable(path: Path, error: Exception) -> ConfigError:
    if isinstance(error, ConfigError):
        return error
    return ConfigError(
        f"JWT_KEYS_FILE ({path}) holds no keys that can be used: {error!r}. "
        "`flask --app wsgi keys new` makes the file."
    )


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
