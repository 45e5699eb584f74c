"""Turns models trained by nequip into alkali's model files.

Needs nequip (and with it torch and e3nn) only because nequip's checkpoints and packages are pickles of its own objects.
Used as `python -m alkali_import MODEL -o OUT` (what `alkali import` runs) or through `extract` on a live model.
"""

from .extract import Refused, extract, write_model

__all__ = ["Refused", "extract", "write_model"]
