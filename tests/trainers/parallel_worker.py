"""One of the two processes of test_parallel.py: a trainer of somebody else's, over gloo."""

import logging
import os
import sys
import warnings
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
warnings.simplefilter("ignore")  # the libraries' advice

import gossamer as gs  # noqa: E402
from trainers.small import RULES, adam, examples, sparse  # noqa: E402


class Halves(torch.utils.data.Dataset):
    """Rows of this rank's half of every batch of 8."""

    def __init__(self, rank):
        x, y = examples()
        rows = torch.arange(len(x)).view(-1, 8)[:, 4 * rank : 4 * rank + 4].flatten()
        self.rows = list(zip(x[rows], y[rows], strict=True))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, number):
        return self.rows[number]


def lightning_fit(rule, rank, folder):
    import lightning
    from lightning.fabric.plugins.environments import TorchElasticEnvironment
    from lightning.pytorch.strategies import DDPStrategy

    from gossamer.lightning import Rewiring

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Classifier(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.network = sparse()

        def training_step(self, batch, _):
            return torch.nn.functional.cross_entropy(self.network(batch[0]), batch[1])

        def configure_optimizers(self):
            return adam(self.parameters())

    model, callback = Classifier(), Rewiring(rule, rng=5 + rank, log=False)  # rank 0's generator counts
    lightning.Trainer(
        accelerator="cpu",
        devices=2,
        strategy=DDPStrategy(process_group_backend="gloo"),
        plugins=[TorchElasticEnvironment()],
        callbacks=[callback],
        max_epochs=1,
        use_distributed_sampler=False,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    ).fit(model, torch.utils.data.DataLoader(Halves(rank), batch_size=4))
    return model.network


def transformers_fit(rule, rank, folder):
    import transformers

    from gossamer.transformers import RewiringCallback

    class Classifier(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = sparse()

        def forward(self, x, labels):
            return {"loss": torch.nn.functional.cross_entropy(self.network(x), labels)}

    class InOrder(transformers.Trainer):
        def _get_train_sampler(self, *_):
            return torch.utils.data.SequentialSampler(self.train_dataset)

    model = Classifier()
    arguments = transformers.TrainingArguments(
        str(folder),
        use_cpu=True,
        ddp_backend="gloo",
        per_device_train_batch_size=4,  # batches 0, 2, 4, ... are rank 0's, the others rank 1's
        num_train_epochs=1,
        max_grad_norm=0.0,
        lr_scheduler_type="constant",
        report_to=[],
        disable_tqdm=True,
        save_strategy="no",
        logging_strategy="no",
    )
    InOrder(
        model=model,
        args=arguments,
        train_dataset=[{"x": x, "labels": y} for x, y in zip(*examples(), strict=True)],
        callbacks=[RewiringCallback(rule, rng=5 + rank)],
        optimizers=(adam(model.parameters()), None),
    ).train()
    return model.network


FITS = {"lightning": lightning_fit, "transformers": transformers_fit}

if __name__ == "__main__":
    library, folder, rank = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    network = FITS[library](RULES["rigl"](), rank, folder / f"of rank {rank}")
    topology = [layer.topology().digest() for layer in network.modules() if isinstance(layer, gs.nn.SparseLayer)]
    torch.save(
        {"topology": topology, "weights": [each.detach() for each in network.parameters()]}, folder / f"{rank}.pt"
    )
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    os._exit(0)  # all is saved; PyTorch's threads may outlive what they use while an interpreter ends, and abort then
