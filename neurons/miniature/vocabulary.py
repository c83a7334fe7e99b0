"""Which pieces of words does the miniature's text side know?

``python -m neurons.miniature.vocabulary`` learns them from the world's captions and writes
``weights/vocabulary.bpe.gz`` in the form that open_clip's tokenizer reads. It needs the
``tokenizers`` package, which the toolkit itself does not.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.scenes import TEMPLATES

N_MERGES = 768
FILE = Path(__file__).parent / "weights" / "vocabulary.bpe.gz"


def captions() -> list[str]:
    """List every caption of one concept."""
    words = [word for concept in concepts().values() for word in concept.words]
    return [*words, *(template.format(word) for template in TEMPLATES for word in words)]


def learn(path: Path = FILE) -> None:
    """Learn a byte-pair encoding (Sennrich et al. 2016) and write it down.

    The trainer orders equally frequent pairs at random: learning again finds the same merges, some
    of them in another order, and a model belongs to the file that it was trained with.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    bpe.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=2 * 256 + N_MERGES, end_of_word_suffix="</w>", show_progress=False
    )
    bpe.train_from_iterator([f"{text} and two three pictures" for text in captions()], trainer)
    merges = json.loads(bpe.to_str())["model"]["merges"][:N_MERGES]
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    # no time stamp: the same merges give the same bytes
    path.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))


if __name__ == "__main__":
    learn()
