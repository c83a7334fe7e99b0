"""Attention head by head is torch's, and a LayerNorm is linear once its scale is held."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from neurons.network.token_map import TokenMap, heads_of, norm_scale, normed


@pytest.mark.parametrize(("taken", "bias"), [(8, True), (12, True), (8, False)])
def test_heads_together_are_torchs_attention(taken: int, bias: bool) -> None:
    torch.manual_seed(0)
    module = nn.MultiheadAttention(8, 2, bias=bias, kdim=taken, vdim=taken, batch_first=True)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    queries, tokens = torch.randn(3, 4, 8), torch.randn(3, 5, taken)
    with torch.no_grad():
        written, patterns = module(queries, tokens, tokens, average_attn_weights=False)
        heads = heads_of(module)
        torch.testing.assert_close(heads.patterns(queries, tokens), patterns)
        torch.testing.assert_close(heads.written(patterns, tokens), written)


def test_a_map_before_a_norm_and_an_attention_gives_what_they_give() -> None:
    torch.manual_seed(0)
    norm, module = nn.LayerNorm(8), nn.MultiheadAttention(8, 2, batch_first=True)
    for parameter in (*norm.parameters(), *module.parameters()):
        nn.init.normal_(parameter)
    tokens, heads = 3 * torch.randn(3, 5, 8) + 1, heads_of(module)
    after = TokenMap(torch.randn(3, 2, 5), torch.randn(2, 7, 8), torch.randn(3, 7))
    with torch.no_grad():
        seen = normed(norm, tokens)
        patterns = heads.patterns(seen, seen)
        before = after.before_heads(heads, patterns).before_norm(norm, norm_scale(norm, tokens))
        wanted = after.applied(heads.written(patterns, seen))
        torch.testing.assert_close(before.applied(tokens), wanted, rtol=1e-5, atol=1e-4)
        texts = torch.randn(4, 7)
        there = before.of(texts).applied(tokens)
        torch.testing.assert_close(there, wanted @ texts.T, rtol=1e-5, atol=1e-3)
