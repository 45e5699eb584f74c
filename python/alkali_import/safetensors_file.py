"""Reading and writing of safetensors files (https://github.com/huggingface/safetensors): numpy only, float64 and float32."""

import json
import os
import struct

import numpy as np

_NAMES = {"float64": "F64", "float32": "F32"}
_TYPES = {short: np.dtype(name).newbyteorder("<") for name, short in _NAMES.items()}


def write(path, tensors, metadata):
    """Writes {name: array} with {key: text}; the file appears under its name only when it is complete."""
    header, blocks, offset = {"__metadata__": metadata}, [], 0
    for name, array in tensors.items():
        short = _NAMES[array.dtype.name]
        block = np.ascontiguousarray(array, dtype=_TYPES[short]).tobytes()
        header[name] = {"dtype": short, "shape": list(array.shape), "data_offsets": [offset, offset + len(block)]}
        blocks.append(block)
        offset += len(block)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # data begin on a multiple of 8 bytes
    temporary = f"{path}.part"
    try:
        with open(temporary, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            file.writelines(blocks)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def read(path):
    """({name: array}, {key: text}) of a file."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[begin:end], dtype=_TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata
