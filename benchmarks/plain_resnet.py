"""A small ResNet in PyTorch alone, as people write it: nothing in it knows of sparse layers."""

from torch import nn


class Block(nn.Module):
    """Two convolutions beside a residual connection, which a 1x1 convolution fits where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.act = nn.ReLU(inplace=True)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        y = self.norm2(self.conv2(self.act(self.norm1(self.conv1(x)))))
        return self.act(y + self.shortcut(x))


class ResNet(nn.Module):
    """Three stages of basic blocks, each half the resolution and twice the width of the one before.

    K. He et al., "Deep Residual Learning for Image Recognition", 2016, section 4.2: 6 n + 2 layers, shortcuts by
    projection. The first convolution may have a stride, which that one has not.

    Args:
        classes: how many.
        width: channels of the first stage.
        blocks: n, of each stage.
        stride: of the first convolution.

    Shapes: images (B, 3, H, W) to (B, classes).
    """

    def __init__(self, classes, *, width=16, blocks=1, stride=1):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        widths = (width, width, 2 * width, 4 * width)
        layers = [
            Block(widths[k] if first else widths[k + 1], widths[k + 1], 2 if first and k else 1)
            for k in range(3)
            for first in (True, *[False] * (blocks - 1))
        ]
        self.blocks = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, classes))

    def forward(self, images):
        """See the class."""
        return self.head(self.blocks(self.stem(images)))
