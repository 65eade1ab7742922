"""What a measure is called where people read it: as in the field, not as in the code."""

FIELD_TERMS = {
    "auc": "AUC", "bleu": "BLEU", "elbo": "ELBO", "f1": "F1", "fid": "FID", "frechet": "Fréchet",
    "iou": "IoU", "kl": "KL", "q": "Q",
}  # fmt: skip
WHOLE_NAMES = {
    "top_5_accuracy": "Top-5 accuracy",
    "max_box_accuracy_v2": "MaxBoxAccV2",
    "max_box_accuracy_v2_at_own_best": "MaxBoxAccV2, thresholds best for these images",
    "pixel_average_precision": "Average precision of pixels (PxAP)",
    "mask_mean_iou": "Mean IoU of masks",
    "num_examples": "Examples",
    "negative_log_likelihood": "Negative log-likelihood (nats)",
    "negative_evidence_lower_bound": "Negative ELBO (nats)",
    "log_probability": "Log-probability (nats)",
    "mean_return_low": "Mean return, 95 % interval from",
    "mean_return_high": "Mean return, 95 % interval to",
    "mean_length": "Mean length (steps)",
}


def field_name(name: str) -> str:
    """A name such as `validation_mean_iou` as people write it: "Validation mean IoU"."""
    if name in WHOLE_NAMES:
        return WHOLE_NAMES[name]
    words = " ".join(FIELD_TERMS.get(word, word) for word in name.split("_") if word)
    return words[:1].upper() + words[1:]


def end_of(name: str, most: int) -> str:
    """The end of a name of more than so many letters, where a path says the most."""
    return name if len(name) <= most else f"…{name[1 - most :]}"
