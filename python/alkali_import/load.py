"""Opens checkpoints and packages as nequip does for inference: EMA weights where the training kept them."""

import os
import warnings

import nequip.utils.global_state as global_state
from nequip.model.saved_models import ModelFromCheckpoint, ModelFromPackage
from nequip.model.modify_utils import only_apply_persistent_modifiers
from nequip.scripts._workflow_utils import set_workflow_state

from .extract import Refused


def load(path, model_key):
    """The nequip GraphModel in a .ckpt or .nequip.zip file."""
    if not os.path.isfile(path):
        raise FileNotFoundError(f"no such file: {path}")
    warnings.filterwarnings("ignore")
    global_state.set_global_state(allow_tf32=False)
    set_workflow_state("compile")  # what nequip itself sets when it opens a model for inference
    if path.endswith(".nequip.zip"):
        models = ModelFromPackage(path, compile_mode="eager")
    else:
        with only_apply_persistent_modifiers(persistent_only=True):
            models = ModelFromCheckpoint(path, compile_mode="eager")
    if model_key not in models:
        raise Refused(f"no model '{model_key}' in the file; it holds {', '.join(models)} (choose with --model-key)")
    return models[model_key].eval()
