"""The published data sets that are known here: who prepares them, and who made them."""

from typing import NamedTuple

from dlapps.data.sources.origin import Origin

RANDOM_ACCESS = "array_record"
"""The format of TFDS of which any example can be read by its number."""


class Published(NamedTuple):
    """A data set that TFDS prepares."""

    builder: str
    """Its TFDS builder and version."""
    features: tuple[str, ...]
    """What is read of each example."""
    manual: str = ""
    """What the raw files hold, where no server has them; empty: they are downloaded."""
    origin: Origin = Origin()
    """Who made it, and under which licence, for model cards."""
    file_format: str | None = None
    """How TFDS keeps it; left out, by its own default."""


BOXED = ("image", "objects/bbox", "objects/label")
PUBLISHED = {
    "mnist": Published(
        "mnist:3.0.1",
        ("image", "label"),
        origin=Origin(
            "handwritten digits by LeCun, Cortes and Burges, published as mnist 3.0.1 of TFDS",
            "CC BY-SA 3.0, as Keras' documentation of the data set says",
            "https://www.tensorflow.org/datasets/catalog/mnist",
            "ylecun/mnist",
        ),
    ),
    "fashion_mnist": Published(
        "fashion_mnist:3.0.1",
        ("image", "label"),
        origin=Origin(
            "articles of clothing by Zalando, published as fashion_mnist 3.0.1 of TFDS",
            "MIT, as its publisher's LICENSE says",
            "https://github.com/zalandoresearch/fashion-mnist",
            "zalando-datasets/fashion_mnist",
        ),
    ),
    "spoken_digit": Published(
        "spoken_digit:1.0.9",
        ("audio", "audio/filename", "label"),
        origin=Origin(
            "the Free Spoken Digit Dataset, published as spoken_digit 1.0.9 of TFDS",
            "CC BY-SA 4.0, as its publisher's README says",
            "https://github.com/Jakobovski/free-spoken-digit-dataset",
        ),
    ),
    "speech_commands": Published(
        "speech_commands:0.0.3",
        ("audio", "label"),
        origin=Origin(
            "Speech Commands v0.02 (Warden 2018), published as speech_commands 0.0.3 of TFDS",
            "CC BY 4.0, as its author's paper says",
            "https://arxiv.org/abs/1804.03209",
        ),
    ),
    "multi30k": Published(
        "multi30k:1.1.0",
        ("de", "en", "fr"),
        origin=Origin(
            "captions of Flickr30k and their German and French translations (Elliott et al. 2016, "
            "2017), task 1",
            homepage="https://github.com/multi30k/dataset",
            hub_name="bentrevett/multi30k",
        ),
    ),
    "flickr8k": Published(
        "flickr8k:1.0.0",
        ("image", "captions"),
        "8,091 photos resized to 128x128 as flickr8k/images/NAME.jpg, their captions as "
        "flickr8k/captions.txt, and the lists train.txt, validation.txt and test.txt",
        Origin(
            "Flickr8k: photos with five captions each (Hodosh et al. 2013), resized to 128x128",
            "for research and education only, as the authors' page is quoted",
            "https://hockenmaier.cs.illinois.edu/8k-pictures.html",
        ),
    ),
    "tiny_shakespeare": Published(
        "tiny_shakespeare:1.0.0",
        ("text",),
        origin=Origin(
            "40,000 lines of Shakespeare's plays, published as tiny_shakespeare 1.0.0 of TFDS",
            "MIT, that of the repository it was published in (char-rnn)",
            "https://www.tensorflow.org/datasets/catalog/tiny_shakespeare",
        ),
    ),
    "ptb": Published(
        "ptb:1.0.0",
        ("text",),
        "simple-examples/data/ptb.train.txt, ptb.valid.txt and ptb.test.txt, as in Mikolov's "
        "simple-examples.tgz",
        Origin(
            "the Wall Street Journal of the Penn Treebank (Marcus et al. 1993), as Mikolov "
            "prepared it for language models",
            homepage="https://catalog.ldc.upenn.edu/LDC99T42",
        ),
    ),
    "an4": Published(
        "an4:1.0.0",
        ("audio", "transcript", "speaker", "name"),
        "the utterances as an4/wav/PLACE.flac, and their places and transcripts as "
        "an4/etc/an4_train.fileids, an4_train.transcription and those of an4_test",
        Origin(
            "AN4, the census data base of Carnegie Mellon University (Acero 1993)",
            "free for any purpose on the terms of its LICENSE (BSD)",
            "http://www.speech.cs.cmu.edu/databases/an4/",
        ),
    ),
    "bccd": Published(
        "bccd:1.0.0",
        BOXED,
        origin=Origin(
            "photographs of blood with its cells, the BCCD Dataset, published as bccd 1.0.0 of "
            "TFDS",
            "MIT, as its publisher's LICENSE says",
            "https://github.com/Shenggan/BCCD_Dataset",
        ),
    ),
    "voc": Published(
        "voc/2007:5.0.0",
        BOXED,
        origin=Origin(
            "Pascal VOC 2007 (Everingham et al. 2010), published as voc/2007 5.0.0 of TFDS",
            homepage="http://host.robots.ox.ac.uk/pascal/VOC/voc2007/",
        ),
        file_format=RANDOM_ACCESS,
    ),
    "coco": Published(
        "coco/2017:1.1.0",
        BOXED,
        origin=Origin(
            "COCO 2017 (Lin et al. 2014), published as coco/2017 1.1.0 of TFDS",
            "annotations CC BY 4.0, images by the terms of Flickr, as its publisher's page says",
            "https://cocodataset.org",
        ),
        file_format=RANDOM_ACCESS,
    ),
    "oxford_iiit_pet": Published(
        "oxford_iiit_pet:4.0.0",
        ("image", "segmentation_mask"),
        origin=Origin(
            "the Oxford-IIIT Pet Dataset (Parkhi et al. 2012), published as oxford_iiit_pet 4.0.0 "
            "of TFDS",
            "CC BY-SA 4.0, as its publisher's page says",
            "https://www.robots.ox.ac.uk/~vgg/data/pets/",
        ),
    ),
    "isbi2012": Published(
        "isbi2012:1.0.0",
        ("image", "mask"),
        "the challenge's training stack as isbi2012/image/N.png and isbi2012/label/N.png, N from "
        "0 to 29",
        Origin(
            "the training stack of the ISBI 2012 segmentation challenge (Arganda-Carreras et al. "
            "2015)",
            "for making and testing non-commercial segmentation software, with citation of TrakEM2 "
            "and of Cardona et al. 2010, as the challenge's first page is quoted",
            "https://imagej.net/events/isbi-2012-segmentation-challenge",
        ),
    ),
    "camvid": Published(
        "camvid:1.0.0",
        ("image", "mask"),
        "701 frames resized to 240x180 as camvid/SPLIT/NAME.jpg and their masks as "
        "camvid/SPLIT_labels/NAME.png, SPLIT being train, val or test",
        Origin(
            "CamVid: street scenes from a driving car (Brostow et al. 2009), with the splits and "
            "classes of SegNet's authors, resized to 240x180",
            "CC BY-NC 4.0, for research",
            "http://mi.eng.cam.ac.uk/research/projects/VideoRec/CamVid/",
        ),
    ),
}
"""Our names of published data sets.

A further one needs one entry here. One that TFDS lacks has its builder in a package of its own,
`dlapps/datasets/<name>/`, named in `OWN_BUILDERS`.
"""
OWN_BUILDERS = ("multi30k", "ptb", "flickr8k", "an4", "isbi2012", "camvid")
