"""How is an image tower made faster without changing its numbers? On copies only."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from open_clip.modified_resnet import AttentionPool2d, Bottleneck, ModifiedResNet
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval


def below_visual(path: str) -> str:
    """Give a layer's path as the image tower spells it; the tower itself is ``""``."""
    return "" if path == "visual" else path.removeprefix("visual.")


def fold_batch_norms(visual: nn.Module, *, keep: Sequence[str]) -> None:
    """Fold each BatchNorm of a ModifiedResNet into the convolution before it, in place.

    What follows the pair is unchanged up to rounding (measured: 1e-6 relative). The convolution's
    own output is not, hence ``keep``. Other towers have no BatchNorm and are left as they are.

    Parameters
    ----------
    visual : nn.Module
        A copy that may be changed, in eval mode.
    keep : sequence of str
        Paths below ``visual`` of convolutions that are being watched.
    """
    if not isinstance(visual, ModifiedResNet):
        return
    for path, module in visual.named_modules():
        for conv, norm in _conv_norm_pairs(module):
            if f"{path}.{conv}".lstrip(".") not in keep:
                folded = fuse_conv_bn_eval(module._modules[conv], module._modules[norm])
                module._modules[conv], module._modules[norm] = folded, nn.Identity()


def pool_one_query(visual: nn.Module) -> None:
    """Make a ModifiedResNet's attention pool compute the one token that it returns, in place.

    open_clip computes all of them and drops all but the first: about a tenth of a small ResNet's
    work. Other towers are left as they are.
    """
    # a pool that a dictionary follows keeps its class
    if isinstance(visual, ModifiedResNet) and type(visual.attnpool) is AttentionPool2d:
        visual.attnpool.__class__ = _OneQueryPool


class _OneQueryPool(AttentionPool2d):  # type: ignore[misc]
    """Equal to its base up to rounding: attention's rows do not depend on one another."""

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).permute(2, 0, 1)
        tokens = torch.cat([tokens.mean(dim=0, keepdim=True), tokens], dim=0)
        tokens = tokens + self.positional_embedding[:, None, :].to(tokens.dtype)
        pooled, _ = functional.multi_head_attention_forward(
            query=tokens[:1],
            key=tokens,
            value=tokens,
            embed_dim_to_check=tokens.shape[-1],
            num_heads=self.num_heads,
            q_proj_weight=self.q_proj.weight,
            k_proj_weight=self.k_proj.weight,
            v_proj_weight=self.v_proj.weight,
            in_proj_weight=None,
            in_proj_bias=torch.cat([self.q_proj.bias, self.k_proj.bias, self.v_proj.bias]),
            bias_k=None,
            bias_v=None,
            add_zero_attn=False,
            dropout_p=0.0,
            out_proj_weight=self.c_proj.weight,
            out_proj_bias=self.c_proj.bias,
            use_separate_proj_weight=True,
            training=False,
            need_weights=False,
        )
        return pooled[0]


def cut_after(visual: nn.Module, layers: Sequence[str]) -> None:
    """Drop the stages of a ModifiedResNet that run after the last of ``layers``, in place.

    Other towers are left whole: their blocks cost what they cost. So is a tower whose own output,
    ``""``, is among the layers.
    """
    if not isinstance(visual, ModifiedResNet) or "" in layers:
        return
    stages = ["layer1", "layer2", "layer3", "layer4", "attnpool"]
    last = max((stages.index(top) for top in _tops(layers) if top in stages), default=-1)
    for stage in stages[last + 1 :]:
        setattr(visual, stage, nn.Identity())


def open_ended(visual: nn.Module, layer: str) -> None:
    """Drop the ReLU that ends a stage or block of a ModifiedResNet, in place.

    What follows the layer is another network then. Layers without such an end are left as they
    are.

    Parameters
    ----------
    visual : nn.Module
        A copy that may be changed.
    layer : str
        Path below ``visual``.
    """
    module = visual.get_submodule(layer)
    while isinstance(module, nn.Sequential) and len(module):
        module = module[-1]
    if isinstance(module, Bottleneck):
        module.act3 = nn.Identity()


def _tops(layers: Sequence[str]) -> list[str]:
    return [layer.split(".")[0] for layer in layers]


def _conv_norm_pairs(module: nn.Module) -> list[tuple[str, str]]:
    # in ModifiedResNet a BatchNorm always follows the convolution declared just before it
    children = list(module.named_children())
    return [
        (first, second)
        for (first, conv), (second, norm) in zip(children, children[1:], strict=False)
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
    ]
