"""Representation Flow's first released network in PyTorch, by its structure: weights under the released names."""

import torch
from torch import nn
from torch.nn import functional as F

from launch.benchmarks.parts.torch_layer import Flow, scaled

BOTTLENECK_CHANNELS = 32
EXPANSION = 4


def convolution(inputs, outputs, kernel, stride=1, padding=0):
    return nn.Conv3d(inputs, outputs, kernel, stride, padding, bias=False)


class Block(nn.Module):
    """Basic block, or bottleneck."""

    def __init__(self, inputs, width, stride, bottleneck):
        super().__init__()
        outputs = width * (EXPANSION if bottleneck else 1)
        padding = int(stride > 1)
        if bottleneck:
            self.conv1 = convolution(inputs, width, (3, 1, 1), padding=(1, 0, 0))
            self.conv2 = convolution(width, width, (1, 3, 3), stride, (padding, 1, 1))
            self.conv3 = convolution(width, outputs, 1)
            self.bn3 = nn.BatchNorm3d(outputs)
        else:
            self.conv1 = convolution(inputs, width, (1, 3, 3), stride, (padding, 1, 1))
            self.conv2 = convolution(width, width, 3, padding=1)
        self.bn1, self.bn2 = nn.BatchNorm3d(width), nn.BatchNorm3d(width)
        self.downsample = None
        if stride > 1 or inputs != outputs:
            shortcut = convolution(inputs, outputs, 1, stride, (padding, 0, 0))
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm3d(outputs))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if hasattr(self, "conv3"):
            x = self.bn3(self.conv3(F.relu(x)))
        return F.relu(x + shortcut)


class ReleasedNetwork(nn.Module):
    """The (2+1)D ResNet with flow - convolution - flow behind its second stage, on clips `[B, 3, T, H, W]`."""

    def __init__(self, blocks, bottleneck, classes, iterations):
        super().__init__()
        self.conv1, self.bn1 = convolution(3, 64, 7, (1, 2, 2), (0, 3, 3)), nn.BatchNorm3d(64)
        inputs = 64
        for stage, count in enumerate(blocks):
            width = 64 * 2**stage
            members = []
            for block in range(count):
                members.append(Block(inputs, width, 2 if stage and not block else 1, bottleneck))
                inputs = width * (EXPANSION if bottleneck else 1)
            setattr(self, f"layer{stage + 1}", nn.Sequential(*members))
        self.fc = nn.Linear(inputs, classes)
        flows = 2 * BOTTLENECK_CHANNELS
        channels = 128 * (EXPANSION if bottleneck else 1)
        self.flow_cmp, self.flow_cmp2 = (convolution(n, BOTTLENECK_CHANNELS, 1) for n in (channels, flows))
        self.flow_layer, self.flow_layer2 = (Flow(BOTTLENECK_CHANNELS, iterations) for _ in range(2))
        self.flow_conv, self.flow_conv2 = (
            convolution(flows, n, (1, 3, 3), padding=(0, 1, 1)) for n in (flows, channels)
        )
        self.bnf = nn.BatchNorm3d(channels)

    def forward(self, clip):
        x = F.max_pool3d(F.relu(self.bn1(self.conv1(clip))), 3, 2, 1)
        x = self.layer2(self.layer1(x))
        flow = self.flow_conv(self._flow(self.flow_cmp(x), self.flow_layer))
        flow = self.bnf(self.flow_conv2(self._flow(self.flow_cmp2(flow), self.flow_layer2)))
        x = F.relu(flow + F.avg_pool3d(x, (3, 1, 1), 1))
        return self.fc(self.layer4(self.layer3(x)).mean((2, 3, 4)))

    @staticmethod
    def _flow(x, layer):
        x = scaled(x)
        first, second = (part.transpose(1, 2).flatten(0, 1) for part in (x[:, :, :-1], x[:, :, 1:]))
        return torch.cat(layer(first, second), dim=1).unflatten(0, (x.shape[0], -1)).transpose(1, 2)
