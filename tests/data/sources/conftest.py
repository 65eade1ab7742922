"""Two tiny published data sets of our own, with their raw files, and a network that is cut."""

import gzip
import hashlib
import http.server
import socket
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dlapps.data.sources import published

FILE_NAME = "shades.gz"


@pytest.fixture(scope="session")
def builders():
    """Two TFDS builders whose one file has the same name, as MNIST's and Fashion-MNIST's have."""
    import tensorflow_datasets as tfds

    class OneFileBuilder(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")
        before_generating = staticmethod(lambda: None)

        def _info(self):
            features = tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(2, 3, 1)),
                    "label": tfds.features.ClassLabel(num_classes=10),
                }
            )
            return self.dataset_info_from_configs(features=features)

        def _split_generators(self, dl_manager):
            path = dl_manager.download_and_extract(next(iter(self.url_infos)))
            return {"train": self._generate_examples(path), "test": self._generate_examples(path)}

        def _generate_examples(self, path):
            type(self).before_generating()
            for index, shade in enumerate(Path(path).read_bytes()):
                image = np.full((2, 3, 1), shade, np.uint8)
                yield index, {"image": image, "label": index % 10}

    class DarkShades(OneFileBuilder):
        pass

    class LightShades(OneFileBuilder):
        pass

    return {"dark": DarkShades, "light": LightShades}


@pytest.fixture
def world(builders, tmp_path, monkeypatch):
    """Returns a folder of raw files of both sets, which no environment variable points to."""
    import tensorflow_datasets as tfds

    for variable in ("DLAPPS_MANUAL_DIR", "DLAPPS_DATA_DIR", "TFDS_DATA_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, shades in {"dark": range(20), "light": range(200, 220)}.items():
        contents = gzip.compress(bytes(shades), mtime=0)
        (tmp_path / "raw" / name).mkdir(parents=True)
        (tmp_path / "raw" / name / FILE_NAME).write_bytes(contents)
        information = tfds.download.checksums.UrlInfo(
            size=len(contents), checksum=hashlib.sha256(contents).hexdigest(), filename=FILE_NAME
        )
        url = f"https://{name}.invalid/files/{FILE_NAME}"
        monkeypatch.setattr(builders[name], "url_infos", {url: information}, raising=False)
    monkeypatch.setattr(
        published,
        "PUBLISHED",
        {
            name: published.Published(f"{name}_shades:1.0.0", ("image", "label"))
            for name in ("dark", "light")
        },
    )
    return tmp_path


@pytest.fixture
def hosts_asked_for(monkeypatch):
    """Cuts the network and returns the list of hosts that are asked for in vain."""
    asked = []

    def resolve(host, *arguments, **options):
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.fixture
def server(world, builders, monkeypatch):
    """Serves the raw folder on this machine, where the builder of "dark" now looks for its file."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=world / "raw")
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        (information,) = builders["dark"].url_infos.values()
        url = f"http://127.0.0.1:{running.server_port}/dark/{FILE_NAME}"
        monkeypatch.setattr(builders["dark"], "url_infos", {url: information})
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield running
        running.shutdown()
