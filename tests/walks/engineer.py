"""An engineer with a model: from an empty folder to a picture, and a file that runs without PyTorch.

A small network for images is made sparse, trained on while its edges move, looked at, and exported.
"""

import subprocess
import sys

import numpy as np
import torch
from torch import nn

import gossamer as gs

# The model that the engineer has, and their own loop.
torch.manual_seed(0)
images = torch.randn(256, 1, 8, 8)
labels = (images[:, 0, :4].mean((1, 2)) > images[:, 0, 4:].mean((1, 2))).long()
model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(256, 64),
    nn.ReLU(),
    nn.Linear(64, 2),
)


def train(model, epochs, rule=None):
    """Their loop; with a rule, a line of Gossamer is in it."""
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    rewirer = None if rule is None else gs.rewiring.Rewirer(model, optimizer, rule, rng=0)
    for _ in range(epochs):
        for batch in range(0, len(images), 64):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images[batch : batch + 64]), labels[batch : batch + 64])
            loss.backward()
            optimizer.step()
            if rewirer is not None:
                rewirer.step()  # edges move while weights learn
    return float((model(images).argmax(1) == labels).float().mean())


dense = train(model, 15)

# The same model with a fifth of its edges, which move while it goes on to learn.
sparse = gs.nn.sparsify(model, density=0.2)
accuracy = train(sparse, 15, gs.rewiring.rigl(every=4, until=40))
print(gs.nn.report(sparse))
print(f"accuracy {dense:.3f} dense, {accuracy:.3f} with a fifth of the edges")
assert accuracy > 0.85

# The picture, and the file that goes to the device.
gs.nn.topology_of(sparse[-3:]).plot().figure.savefig("model.png")
gs.nn.export(sparse.eval(), "model.gossamer")
program = """
import sys, numpy, gossamer.runtime
print(gossamer.runtime.load("model.gossamer")(numpy.load("x.npy")).argmax(1))
assert "torch" not in sys.modules
"""
np.save("x.npy", images[:5].numpy())
answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
with torch.no_grad():
    assert answer.strip() == str(sparse(images[:5]).argmax(1).numpy()), answer
