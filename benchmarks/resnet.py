"""ResNet-8s on CIFAR-10 JPEG: dense, sparse from scratch with RigL, and a wider sparse one.

    python benchmarks/resnet.py --pilot             # one run of each method at each rate, half as long
    python benchmarks/resnet.py [--method dense rigl_90 rigl_95 wide_90] [--seeds 10 11 12] [--steps 1200]
                                [--threads 1] [--out F] [--work FOLDER]
    python benchmarks/from_scratch.py resnet        # the tables of what is kept

The data are lossy copies of CIFAR-10, whose figures are not those of CIFAR-10. 5,000 training images are held out, for
choices alone: the accuracy on the first 1,000 of them is looked at on the way. That on the 10,000 test images, once,
after the last step of a whole run, is the result. Layers are those of He et al. (16, 32 and 64 channels), but the first
convolution has stride 2, so that all maps have a quarter of the area: that, one block a stage and 38,400 images a run
(.9 passes) are what little processor time allows, and all networks are far from the end of their training. SGD with
Nesterov's momentum of .9, weight decay .0005, batch 32, a rate falling to zero along a cosine after 100 steps, images
drawn with replacement, flipped and shifted by up to 2 places at random; the same for all arms, but for the rate: that
is, for each arm, dense or sparse, the best of three by the 5,000 held-out images after one pilot run each, of half the
steps and with a seed that no result is of.

rigl_90 and rigl_95 have 10 and 5 % of the weights of all 3x3 convolutions but the first; wide_90 has 3 times the
channels with the dense one's number of weights in all convolutions but the first. Taps are spread by the
Erdős–Rényi-kernel budget, begin at random with the dense one's weights, rescaled so that sums vary as much as dense
(`weights="rescale"`), and RigL moves them 30 times in the first three quarters of the steps.

Seconds are of the processor, of training alone. A run that is interrupted goes on from its checkpoint in --work; a
finished one is a line in --out, and is not run again.
"""

import argparse
import functools
import math

import numpy as np
import torch
from checkpointed import Run, add_options, rigl, run_all
from from_scratch import TASKS, chosen, kept, pilots_of
from plain_resnet import ResNet
from torch import nn

import gossamer as gs
from gossamer.training.data import load

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--method", nargs="+", default=["dense", "rigl_90", "rigl_95", "wide_90"])
parser.add_argument("--steps", type=int, default=1200)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--width", type=int, default=16)
parser.add_argument("--blocks", type=int, default=1)
parser.add_argument("--stride", type=int, default=2)
parser.add_argument("--weight-decay", type=float, default=5e-4)
parser.add_argument("--every", type=int, default=200, help="steps between looks at the validation images")
add_options(parser, "resnet", rates=[0.025, 0.05, 0.1])

WIDER, WARM_STEPS, HELD_OUT, ON_THE_WAY, SHIFT = 3, 100, 5000, 1000, 2


def images():
    """Training, validation and test part: images (N, 3, 32, 32), bytes, and labels."""
    found = load("cifar10-jpeg")
    train, test = (
        (torch.tensor(part.inputs).view(-1, 3, 32, 32), torch.tensor(part.labels)) for part in (found.train, found.test)
    )
    order = torch.randperm(len(train[0]), generator=torch.Generator().manual_seed(0))
    held, used = order[:HELD_OUT], order[HELD_OUT:]
    return tuple(each[used] for each in train), tuple(each[held] for each in train), test


def density_of(method, model, dense):
    """Share of the weights of the 3x3 convolutions of the blocks that stays; 1x1 ones are small, and stay full."""
    kind, _, percent = method.partition("_")
    if kind == "rigl":
        return 1 - float(percent) / 100
    (narrow, narrow_rest), (wide, wide_rest) = (weights_by_kernel(each.blocks) for each in (dense, model))
    return (narrow + narrow_rest - wide_rest) / wide


def weights_by_kernel(blocks):
    """Weights of 3x3 convolutions, and of 1x1 ones."""
    kernels = [each.weight for each in blocks.modules() if isinstance(each, nn.Conv2d)]
    return tuple(sum(w.numel() for w in kernels if w.shape[-1] == size) for size in (3, 1))


def model_of(method, options, rng):
    """The network of a method."""
    plain = functools.partial(ResNet, 10, blocks=options.blocks, stride=options.stride)
    dense = plain(width=options.width)
    if method == "dense":
        return dense
    model = plain(width=WIDER * options.width) if method.startswith("wide") else dense
    choice = {"budget": "erdos_renyi_kernel", "generator": "erdos_renyi", "weights": "rescale"}
    density = density_of(method, model, dense)
    return gs.nn.sparsify(model, density=density, include="blocks.*.conv?", rng=rng, **choice)


class Seeing(Run):
    """One method and seed, at a rate."""

    def __init__(self, method, seed, lr, steps, *, options, data):
        torch.manual_seed(seed)
        self.parts, self.batch, self.pilot = data, options.batch, options.pilot
        self.moments = moments(data[0][0])
        model = model_of(method, options, np.random.default_rng(seed))
        rule = None if method == "dense" else rigl(steps)
        groups = gs.nn.decay_groups(model, options.weight_decay)
        optimizer = torch.optim.SGD(groups, lr=lr, momentum=0.9, nesterov=True, fused=True)
        rate = functools.partial(rate_of, steps)
        super().__init__(model, optimizer, rate=rate, rule=rule, seed=seed, steps=steps, every=options.every)

    def loss(self):
        """Of images drawn with replacement, flipped and shifted at random."""
        inputs, labels = self.parts[0]
        rows = torch.randint(len(labels), (self.batch,), generator=self.batches)
        return nn.functional.cross_entropy(self.model(self._moved(self._scaled(inputs[rows]))), labels[rows])

    def _scaled(self, inputs):
        mean, deviation = self.moments
        return inputs.float().sub_(mean).div_(deviation)

    def _moved(self, inputs):
        flipped = torch.rand(len(inputs), generator=self.batches) < 0.5
        inputs = torch.where(flipped[:, None, None, None], inputs.flip(-1), inputs)
        down, right = torch.randint(2 * SHIFT + 1, (2, len(inputs)), generator=self.batches)
        padded = nn.functional.pad(inputs, (SHIFT,) * 4)
        side = torch.arange(inputs.shape[-1])
        rows, columns = down[:, None, None] + side[:, None], right[:, None, None] + side[None, :]
        return padded[torch.arange(len(inputs))[:, None, None], :, rows, columns].permute(0, 3, 1, 2).contiguous()

    def validate(self, *, last):
        """Per cent right of the first held-out images; at the end of all (a pilot run), or of the test images."""
        held = self.parts[1] if last else [part[:ON_THE_WAY] for part in self.parts[1]]
        inputs, labels = self.parts[2] if last and not self.pilot else held
        found = [self.model(self._scaled(part)).argmax(1) for part in inputs.split(250)]
        return 100 * float((torch.cat(found) == labels).double().mean())


def moments(inputs):
    """Mean and standard deviation of each channel, of the first 5,000 images."""
    some = inputs[:5000].float()
    return some.mean((0, 2, 3), keepdim=True), some.std((0, 2, 3), keepdim=True)


def rate_of(steps, step):
    """Of the largest learning rate."""
    if step < WARM_STEPS:
        return (step + 1) / (WARM_STEPS + 1)
    return 0.5 + 0.5 * math.cos(math.pi * (step - WARM_STEPS) / max(steps - WARM_STEPS, 1))


def main():
    """All runs that are not kept yet."""
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    run_of = functools.partial(Seeing, options=options, data=images())
    run_all(options, run_of, chosen(kept(pilots_of(options.out)), TASKS["resnet"]))


if __name__ == "__main__":
    main()
