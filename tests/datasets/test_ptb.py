"""Penn Treebank's splits come from the archive, each as one text."""

import io
import tarfile

from dlapps.datasets.ptb import Ptb


def test_each_split_is_one_text(tmp_path):
    with tarfile.open(tmp_path / "data.tar.xz", "w:xz") as archive:
        for name in ("train", "valid", "test"):
            contents = f" {name} <unk> N \n".encode()
            member = tarfile.TarInfo(f"simple-examples/data/ptb.{name}.txt")
            member.size = len(contents)
            archive.addfile(member, io.BytesIO(contents))
    builder = Ptb(data_dir=tmp_path)
    examples = list(builder._generate_examples(tmp_path / "data.tar.xz", "valid"))
    assert examples == [(0, {"text": " valid <unk> N \n"})]
