"""Three small models. models.ts has the same models, written with Wengert."""

import torch
import torch.nn.functional as F

from cases import int32, real

labels = int32([0, 2, 1, 2, 0])


def softmax_regression(w, b, x, labels):
    return F.cross_entropy(x @ w + b, labels.long()) + 0.05 * w.square().sum()


def network(w1, b1, w2, b2, w3, b3, x, labels):
    hidden = F.gelu(torch.tanh(x @ w1 + b1) @ w2 + b2)
    return F.cross_entropy(hidden @ w3 + b3, labels.long(), label_smoothing=0.1)


def attention(q, k, v, out, x, target):
    scores = (x @ q) @ (x @ k).mT / q.shape[1] ** 0.5
    causal = torch.ones(scores.shape, dtype=torch.bool).tril()
    weights = F.softmax(scores.masked_fill(~causal, -torch.inf), -1)
    return F.mse_loss(weights @ (x @ v) @ out, target)


models = {"softmaxRegression": softmax_regression, "network": network, "attention": attention}

model_cases = [
    ("softmaxRegression", [real(4, 3), real(3), real(5, 4), labels], {}),
    ("network", [real(2, 4), real(4), real(4, 3), real(3), real(3, 3), real(3), real(5, 2), labels], {}),
    ("attention", [real(3, 2), real(3, 2), real(3, 2), real(2, 3), real(2, 4, 3), real(2, 4, 3)], {}),
]
