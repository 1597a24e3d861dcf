"""The TypeScript client: compiled under --strict, and run against a live server."""

from pathlib import Path

from tests import npm, sample


def test_a_typed_client_signs_in_lists_writes_and_tells_problems_apart(
    built: Path, tmp_path: Path
) -> None:
    with sample.serving(tmp_path) as server:
        done = npm.run(
            built,
            "node",
            "exercise.js",
            LAMPPU=server.url,
            EMAIL=server.email("manager"),
            PASSWORD=server.password,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "done\n"
