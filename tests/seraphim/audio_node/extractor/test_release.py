"""Fetching a newer yt-dlp, from an index on this machine, and going back."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from seraphim.audio_node.extractor import release
from seraphim.audio_node.extractor.release import CannotUpdate, Update

VERSION = "2099.11.20"


def wheel(package: str, *more: str) -> bytes:
    """A wheel as it is: the package, and notes on it that nobody needs."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in (f"{package}/__init__.py", f"{package}-1.dist-info/METADATA", *more):
            archive.writestr(name, f"NAME = {name!r}")
    return file.getvalue()


class Index:
    """PyPI, as far as it is asked."""

    def __init__(self, url: str, pages: dict[str, bytes]) -> None:
        self.url = url
        self.pages = pages

    def publish(
        self, version: str, *, scripts: str | None = "0.9.0", body: bytes | None = None
    ) -> None:
        needs = ["certifi; extra == 'default'"]
        if scripts is not None:
            needs.append(f"yt-dlp-ejs=={scripts}; extra == 'default'")
            self._publish(f"yt-dlp-ejs/{scripts}", scripts, wheel("yt_dlp_ejs"), [])
        self._publish("yt-dlp", version, wheel("yt_dlp") if body is None else body, needs)

    def change(self, page: str, change: dict[str, Any]) -> None:
        told = json.loads(self.pages[page])
        self.pages[page] = json.dumps(told | change).encode()

    def _publish(self, place: str, version: str, body: bytes, needs: list[str]) -> None:
        file = f"/files/{place.replace('/', '-')}-{version}.whl"
        self.pages[file] = body
        digests = {"sha256": hashlib.sha256(body).hexdigest()}
        told = {
            "info": {"version": version, "requires_dist": needs},
            "urls": [
                {"packagetype": "sdist", "url": f"{self.url}/nothing", "digests": digests},
                {"packagetype": "bdist_wheel", "url": self.url + file, "digests": digests},
            ],
        }
        self.pages[f"/{place}/json"] = json.dumps(told).encode()


@pytest.fixture
def index() -> Iterator[Index]:
    pages: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            if body is not None and body.startswith(b"-> "):
                self.send_response(302)
                self.send_header("Location", body[3:].decode())
                body = b""
            else:
                self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Index(f"http://127.0.0.1:{server.server_port}", pages)
    server.shutdown()
    server.server_close()
    thread.join()


def folders(data_dir: Path) -> set[str]:
    return {one.name for one in (data_dir / "yt-dlp").iterdir() if one.is_dir()}


def test_nothing_is_there_at_first(tmp_path: Path) -> None:
    assert release.current(tmp_path) is None
    with pytest.raises(CannotUpdate, match="nothing was fetched"):
        release.rollback(tmp_path)


def test_the_newest_is_fetched_with_the_scripts_that_it_wants(tmp_path: Path, index: Index) -> None:
    index.publish(VERSION)
    assert release.update(tmp_path, index=index.url) == Update(VERSION, None)
    folder = release.current(tmp_path)
    assert folder is not None
    assert folder.name == VERSION
    assert sorted(one.name for one in folder.iterdir()) == ["yt_dlp", "yt_dlp_ejs"]
    # Once more: it is the newest already.
    assert release.update(tmp_path, index=index.url) == Update(VERSION, VERSION)


def test_one_that_wants_no_scripts_comes_alone(tmp_path: Path, index: Index) -> None:
    index.publish(VERSION, scripts=None)
    release.update(tmp_path, index=index.url)
    assert not (tmp_path / "yt-dlp" / VERSION / "yt_dlp_ejs").exists()


def test_the_one_before_is_kept_to_go_back_to_and_no_more(tmp_path: Path, index: Index) -> None:
    for version in ("2099.11.01", "2099.11.02", "2099.11.03"):
        index.publish(version)
        release.update(tmp_path, index=index.url)
    assert folders(tmp_path) == {"2099.11.02", "2099.11.03"}
    assert release.rollback(tmp_path) == Update("2099.11.02", "2099.11.03")
    assert release.current(tmp_path) == tmp_path / "yt-dlp" / "2099.11.02"
    assert release.rollback(tmp_path) == Update(None, "2099.11.02")
    assert release.current(tmp_path) is None
    with pytest.raises(CannotUpdate):
        release.rollback(tmp_path)
    # What was gone back from can be fetched again.
    assert release.update(tmp_path, index=index.url) == Update("2099.11.03", None)


@pytest.mark.parametrize(
    "file", [f"/files/yt-dlp-{VERSION}.whl", "/files/yt-dlp-ejs-0.9.0-0.9.0.whl"]
)
def test_what_has_another_hash_is_not_taken(file: str, tmp_path: Path, index: Index) -> None:
    index.publish(VERSION)
    index.pages[file] = wheel("yt_dlp", "yt_dlp/surprise.py")
    with pytest.raises(CannotUpdate, match="SHA-256"):
        release.update(tmp_path, index=index.url)
    assert release.current(tmp_path) is None


def test_a_failed_update_leaves_the_one_in_use(tmp_path: Path, index: Index) -> None:
    index.publish("2099.11.01")
    release.update(tmp_path, index=index.url)
    for body in (b"no archive", wheel("something_else")):
        index.publish(VERSION, body=body)
        with pytest.raises(CannotUpdate):
            release.update(tmp_path, index=index.url)
    assert release.current(tmp_path) == tmp_path / "yt-dlp" / "2099.11.01"


def test_one_that_does_not_run_here_is_not_taken(tmp_path: Path, index: Index) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("yt_dlp/__init__.py", "raise ImportError('Python 4 is wanted')")
    index.publish(VERSION, body=file.getvalue())
    with pytest.raises(CannotUpdate, match="Python 4 is wanted"):
        release.update(tmp_path, index=index.url)
    assert release.current(tmp_path) is None


def test_one_that_is_older_than_the_installed_is_not_used(tmp_path: Path, index: Index) -> None:
    index.publish("2020.01.01")
    release.update(tmp_path, index=index.url)
    assert release.current(tmp_path) is None
    index.publish(VERSION)
    release.update(tmp_path, index=index.url)
    assert release.current(tmp_path) == tmp_path / "yt-dlp" / VERSION


def test_nothing_is_written_beside_its_folder(tmp_path: Path, index: Index) -> None:
    index.publish(VERSION, body=wheel("yt_dlp", "yt_dlp/../../../escaped.py", "/rooted.py"))
    release.update(tmp_path, index=index.url)
    assert {one.name for one in tmp_path.iterdir()} == {"yt-dlp"}
    assert folders(tmp_path) == {VERSION}
    assert not list(tmp_path.rglob("rooted.py"))


@pytest.mark.parametrize("page", [b"", b"[]", b"{}", b'{"info": null, "urls": []}', b'"urls"'])
def test_an_index_that_makes_no_sense_changes_nothing(
    page: bytes, tmp_path: Path, index: Index
) -> None:
    index.pages["/yt-dlp/json"] = page
    with pytest.raises(CannotUpdate, match="understood"):
        release.update(tmp_path, index=index.url)


@pytest.mark.parametrize("version", ["../../etc", "2099.11.20/..", "newest", ""])
def test_a_version_is_a_version(version: str, tmp_path: Path, index: Index) -> None:
    index.publish(VERSION)
    index.change("/yt-dlp/json", {"info": {"version": version}})
    with pytest.raises(CannotUpdate, match="no version"):
        release.update(tmp_path, index=index.url)


def test_only_https_is_used(tmp_path: Path, index: Index) -> None:
    index.publish(VERSION)
    wheels = [{"packagetype": "bdist_wheel", "url": "", "digests": {"sha256": ""}}]
    for url in (
        "http://pypi.example/yt_dlp.whl",
        "http://127.0.0.1:80@pypi.example/yt_dlp.whl",
        "file:///etc/passwd",
        "https://[",
    ):
        wheels[0]["url"] = url
        index.change("/yt-dlp/json", {"urls": wheels})
        with pytest.raises(CannotUpdate, match="only https"):
            release.update(tmp_path, index=index.url)


def test_a_way_that_leads_off_https_is_not_followed(tmp_path: Path, index: Index) -> None:
    index.publish(VERSION)
    elsewhere = index.url.replace("127.0.0.1", "localhost")
    index.pages["/yt-dlp/json"] = f"-> {elsewhere}/other".encode()
    index.pages["/other"] = b"{}"
    with pytest.raises(CannotUpdate, match="only https"):
        release.update(tmp_path, index=index.url)


def test_an_index_that_is_not_there_changes_nothing(tmp_path: Path, index: Index) -> None:
    with pytest.raises(CannotUpdate, match="cannot be reached"):
        release.update(tmp_path, index=index.url)


def test_more_than_belongs_there_is_not_read(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.publish(VERSION)
    monkeypatch.setattr(release, "LARGEST_WHEEL", 50)
    with pytest.raises(CannotUpdate, match="more than belongs"):
        release.update(tmp_path, index=index.url)


@pytest.mark.parametrize("names", ["", "../..", "2099.11.20", "\x00", "."])
def test_names_that_lead_nowhere_are_no_version(names: str, tmp_path: Path) -> None:
    (tmp_path / "yt-dlp").mkdir()
    (tmp_path / "yt-dlp" / "current").write_text(names)
    (tmp_path / "yt_dlp").mkdir()
    assert release.current(tmp_path) is None
