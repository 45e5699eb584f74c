"""Command line: python -m alkali_import MODEL -o OUT, or python path/to/alkali_import MODEL -o OUT.

Exit status 0: written; 1: refused or failed; 3: nequip (or what it needs) is not installed. The last line says why.
"""

import argparse
import os
import sys

if not __package__:  # started as a folder: the package's parent is not on the path yet
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

FAILED, NOT_INSTALLED = 1, 3


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="alkali_import", description="nequip checkpoint or package -> alkali model file")
    parser.add_argument("model", help="checkpoint (.ckpt) of nequip-train or package (.nequip.zip)")
    parser.add_argument("-o", "--output", required=True, help="alkali model file to write (.safetensors)")
    parser.add_argument("--model-key", default="sole_model", help="which model, if the file holds several")
    options = parser.parse_args(arguments)
    try:
        from alkali_import import Refused, write_model
        from alkali_import.load import load
    except ImportError as error:
        return _fail(f"missing Python module: {error}", NOT_INSTALLED)
    try:
        model = load(options.model, options.model_key)
        write_model(options.output, model, os.path.abspath(options.model))
    except Refused as error:
        return _fail(f"cannot be represented: {error}", FAILED)
    except Exception as error:  # whatever nequip throws on a file it cannot read ends as one line
        return _fail(f"{type(error).__name__}: {' '.join(str(error).split())}", FAILED)
    return 0


def _fail(message, status):
    print(f"alkali_import: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
