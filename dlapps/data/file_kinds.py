"""The kinds of files that a user's class folders may hold."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FileKind:
    """What the class folders hold."""

    noun: str
    suffixes: tuple[str, ...]
    example: str
    """A right layout, for error messages."""

    @property
    def expected(self) -> str:
        """The sentence that tells what a folder has to look like."""
        return (
            f"Expected is one folder a class with its {self.noun}s ({', '.join(self.suffixes)}), "
            f"such as {self.example}, or such class folders inside train/, validation/ and test/."
        )


IMAGES = FileKind("image", (".png", ".jpg", ".jpeg", ".bmp", ".gif"), "cat/1.png and dog/1.png")
RECORDINGS = FileKind("recording", (".wav",), "yes/1.wav and no/1.wav")
