"""Texts through a model, from many threads: those of like length share a batch, as each is filled up to its longest.

Usage: python examples/embed_by_length.py TEXT...
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from salver.batching import Batcher

table = np.random.default_rng(0).normal(size=(256, 8))  # stands for a model: a vector for each byte


def embed_texts(texts: list[str]) -> np.ndarray:
    tokens = [np.frombuffer(text.encode(), np.uint8) for text in texts]
    longest = max(map(len, tokens))
    filled = np.stack([np.pad(line, (0, longest - len(line))) for line in tokens])
    is_token = np.arange(longest) < np.array([[len(line)] for line in tokens])
    return (table[filled] * is_token[:, :, None]).sum(axis=1) / is_token.sum(axis=1, keepdims=True)


def length_class(text: str) -> int:
    return max(16, 1 << (len(text) - 1).bit_length())  # 16, 32, 64, ... tokens


def main(texts: list[str]) -> None:
    with Batcher(embed_texts, key=length_class, size=len, max_batch_size=4096) as embed, ThreadPoolExecutor(8) as pool:
        for text, vector in zip(texts, pool.map(embed, texts), strict=True):
            print(f"{text[:20]:20} {np.linalg.norm(vector - embed(text)):.1f} {vector[:3].round(2)}")
        print(f"{embed.stats().num_calls} texts")


if __name__ == "__main__":
    main(sys.argv[1:])
