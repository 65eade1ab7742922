"""AN4's utterances come with their own transcripts, whatever marks stand around them."""

import io
import tarfile

import numpy as np
import soundfile

from dlapps.datasets.an4 import An4


def test_an_utterance_has_its_transcript_and_its_speaker(tmp_path):
    noise = np.random.default_rng(0).integers(-999, 999, (2, 320)).astype(np.int16)
    places = ["an4_clstk/fash/an251-fash-b", "an4_clstk/mblb/cen1-mblb-b"]
    files = {
        "etc/an4_train.fileids": "\n".join(places).encode(),
        "etc/an4_train.transcription": b"<s> YES </s> (an251-fash-b)\nB A O FIVE  (cen1-mblb-b)\n",
    }
    for place, samples in zip(places, noise, strict=True):
        flac = io.BytesIO()
        soundfile.write(flac, samples, 16000, format="FLAC", subtype="PCM_16")
        files[f"wav/{place}.flac"] = flac.getvalue()
    with tarfile.open(tmp_path / "an4.tar", "w") as archive:
        for name, contents in files.items():
            member = tarfile.TarInfo(f"an4/{name}")
            member.size = len(contents)
            archive.addfile(member, io.BytesIO(contents))
    builder = An4(data_dir=tmp_path)
    (first, yes), (_, spelled) = builder._generate_examples(tmp_path / "an4.tar", "train")
    assert (first, yes["transcript"], yes["speaker"]) == ("an251-fash-b", "YES", "fash")
    np.testing.assert_array_equal(yes["audio"], noise[0])
    assert (spelled["transcript"], spelled["speaker"]) == ("B A O FIVE", "mblb")
