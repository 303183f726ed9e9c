# SPDX-License-Identifier: Apache-2.0
"""Writes the models beside this file, with NumPy and PyTorch (1.24.2 and 1.13.1: Debian 12)."""
import numpy as np
import torch

w = torch.arange(6, dtype=torch.float32).reshape(3, 2) / 2
layer = torch.nn.Linear(2, 3)
layer.load_state_dict({"weight": w, "bias": torch.tensor([1.0, -1.0, 0.25])})
norm = torch.nn.BatchNorm1d(3)
torch.save({"model": {"fc": layer.state_dict(), "norm": norm.state_dict()}, "round": 3, "lr": 0.1, "seed": 2**40,
            "optimizer": torch.optim.Adam(layer.parameters()).state_dict(),
            "more": [torch.nn.Parameter(torch.tensor([2.0])), w.t(), w[1:], w.to(torch.float16), w.to(torch.bfloat16),
                     torch.tensor(True), torch.tensor([]), ("text", b"bytes", None)]}, "state.pt")
torch.save(layer, "module.pt")  # an object, not a state
np.savez("model.npz", w=w.numpy(), n=np.array([7, -7]))
np.savez_compressed("compressed.npz", w=w.numpy())
np.save("model.npy", w.numpy().astype(np.float16))
