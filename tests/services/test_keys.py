"""The file of signing keys."""

import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.config import ConfigError
from api.services import keys
from api.services.keys import KeyRing


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jwt-keys.json"


def test_the_file_is_its_owners_alone(path: Path) -> None:
    keys.new(path)
    keys.new(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_new_key_signs_and_the_old_one_still_verifies(path: Path) -> None:
    old = keys.new(path)
    ring = KeyRing(path)
    assert ring.signing()[0] == old
    new = keys.new(path)
    assert ring.signing()[0] == new
    assert [jwk["kid"] for jwk in ring.public()["keys"]] == [new, old]
    assert ring.verifying(old) is not None


def test_a_dropped_key_verifies_no_more(path: Path) -> None:
    old, middle, new = keys.new(path), keys.new(path), keys.new(path)
    assert keys.drop(path, keep=2) == [old]
    assert keys.drop(path, keep=0) == [middle]  # the one that signs stays
    ring = KeyRing(path)
    assert ring.verifying(old) is ring.verifying(middle) is None
    assert ring.signing()[0] == new


def test_the_public_set_holds_nothing_private(path: Path) -> None:
    keys.new(path)
    (public,) = KeyRing(path).public()["keys"]
    assert set(public) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert json.loads(path.read_text())["keys"][0]["d"] not in public.values()


def test_a_key_is_named_by_its_thumbprint() -> None:
    """The example of RFC 8037, appendix A.3."""
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = Ed25519PrivateKey.from_private_bytes(secret)
    assert keys.thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"keys": []}',
        '{"keys": [{}]}',
        '{"keys": [1]}',
        '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "d": "AAAA", "x": "AAAA"}]}',
        json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "d": "A" * 43, "x": "A" * 43}]}),
    ],
)
def test_a_file_without_keys_of_ours_is_refused_by_the_settings_name(
    path: Path, content: str
) -> None:
    path.write_text(content)
    with pytest.raises(ConfigError, match="JWT_KEYS_FILE"):
        KeyRing(path).signing()
    with pytest.raises(ConfigError, match="JWT_KEYS_FILE"):
        keys.new(path)
    assert path.read_text() == content


def test_a_missing_file_is_refused_with_the_command_that_makes_it(path: Path) -> None:
    with pytest.raises(ConfigError, match="keys new"):
        KeyRing(path).signing()


def test_keys_read_before_go_on_working_when_the_file_breaks(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kid = keys.new(path)
    ring = KeyRing(path)
    assert ring.signing()[0] == kid
    path.write_text("half a fi")
    assert ring.signing()[0] == kid
    path.unlink()
    assert ring.signing()[0] == kid
    assert "JWT_KEYS_FILE" in caplog.text


def test_a_failed_write_leaves_the_old_file_and_no_other(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kid = keys.new(path)

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(json, "dump", full)
    with pytest.raises(OSError, match="no space"):
        keys.new(path)
    assert list(path.parent.iterdir()) == [path]
    assert KeyRing(path).signing()[0] == kid
