"""scikit-learn's linear classifiers on our splits of MNIST: what the perceptron stands beside.

python benchmarks/linear_classifiers.py
"""

import numpy as np
from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier

from dlapps.data.images.labelled import LabelledData, load_labelled
from dlapps.data.splits import Examples


def flatten(examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    images, labels = examples.columns["image"], examples.columns["label"]
    return images.reshape(len(images), -1) / 255.0, labels


def main() -> None:
    data = load_labelled(LabelledData(name="mnist"))
    for classifier in (
        Perceptron(random_state=0),
        SGDClassifier(random_state=0),
        LogisticRegression(max_iter=100),
    ):
        classifier.fit(*flatten(data["train"]))
        error = 100 * (1 - classifier.score(*flatten(data["test"])))
        print(f"{type(classifier).__name__}: {error:.2f} % test error")


if __name__ == "__main__":
    main()
