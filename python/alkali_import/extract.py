"""Reads architecture, hyperparameters and weights from a live NequIPGNNModel.

Everything is taken from the modules themselves, not from a config: that is what survives in checkpoints and packages
alike, and it is what nequip evaluates. Classes are compared by name, since a package brings its own copies of them.
Whatever has no place in alkali's model is refused by name (Refused).
"""

import datetime
import json
import os
import math

import numpy as np

from . import safetensors_file

_READOUT_NONLINEARITIES = {"SiLU": "silu", "none": "None"}


class Refused(Exception):
    """The model holds something that alkali's NequIP cannot express; the message names it."""


def extract(graph_model, source):
    """(tensors, metadata) of alkali's model file for a nequip GraphModel. source: where it came from, for provenance."""
    sequence = _sequence(graph_model)
    hyperparameters = {"type": "nequip", **_embedding(graph_model, sequence), **_layers(sequence), **_readout(sequence)}
    hyperparameters |= _energy_terms(sequence, hyperparameters["type_names"])
    hyperparameters["model_dtype"] = str(graph_model.model_dtype).removeprefix("torch.")
    _check_layers(sequence, hyperparameters)
    metadata = {
        "format": "alkali-model",
        "format_version": "1",
        "kind": "nequip",
        "hyperparameters": json.dumps(hyperparameters),
        "derived": json.dumps({"normalize2mom": _normalize2mom(sequence)}),
        "species": json.dumps(hyperparameters["type_names"]),
        "units": json.dumps({"energy": "eV", "length": "angstrom", "stress": "eV/angstrom^3, positive in tension"}),
        "provenance": json.dumps(_provenance(source)),
    }
    return _tensors(sequence, hyperparameters), metadata


def write_model(path, graph_model, source):
    """Writes the alkali model file of a nequip GraphModel."""
    tensors, metadata = extract(graph_model, source)
    safetensors_file.write(path, tensors, metadata)


def _kind(module):
    return type(module).__name__


def _expect(condition, what):
    if not condition:
        raise Refused(what)


def _sequence(graph_model):
    """{name: module} of the energy model, after checking that every module is one of NequIPGNNModel's."""
    _expect(_kind(graph_model) == "GraphModel", f"model wrapper {_kind(graph_model)} (expected an eager GraphModel)")
    outer = graph_model.model
    _expect(_kind(outer) == "ForceStressOutput", f"outer module {_kind(outer)} (only energy models with ForceStressOutput)")
    sequence = dict(outer.func.named_children())
    known = {
        "type_embed": "NodeTypeEmbed",
        "spharm": "SphericalHarmonicEdgeAttrs",
        "edge_norm": "EdgeLengthNormalizer",
        "bessel_encode": "BesselEdgeLengthEncoding",
        "factor": "ApplyFactor",
        "per_atom_energy_readout": "ScalarMLP",
        "per_type_energy_scale_shift": "PerTypeScaleShift",
        "pair_potential": "ZBL",
        "total_energy_sum": "AtomwiseReduce",
    }
    for name, module in sequence.items():
        expected = "ConvNetLayer" if name.startswith("layer") and name.endswith("_convnet") else known.get(name)
        _expect(expected is not None, f"module '{name}' ({_kind(module)}) is not part of NequIPGNNModel")
        _expect(_kind(module) == expected, f"module '{name}' is a {_kind(module)}; only {expected} can be converted")
    missing = [name for name in known if name not in sequence and name != "pair_potential"]
    _expect(not missing, f"no module '{', '.join(missing)}': not a NequIPGNNModel, or made by an incompatible nequip version")
    return sequence


def _convnets(sequence):
    return [module for name, module in sequence.items() if _kind(module) == "ConvNetLayer"]


def _embedding(graph_model, sequence):
    """Hyperparameters of everything before the first layer."""
    embed, edge, bessel = sequence["type_embed"], sequence["edge_norm"], sequence["bessel_encode"]
    _expect(not embed.do_categorical_graph_field_embed, "categorical_graph_field_embed")
    _expect(_kind(bessel.cutoff) == "PolynomialCutoff", f"cutoff function {_kind(bessel.cutoff)}")
    _expect(math.isclose(float(sequence["factor"].factor), 2 * math.pi / edge.r_max**2, rel_tol=1e-12), "factor of the Bessel basis")
    type_names = list(graph_model.type_names)
    degrees = [(multiplicity, ir.l, ir.p) for multiplicity, ir in sequence["spharm"].irreps_edge_sh]
    l_max = len(degrees) - 1
    _expect(degrees == [(1, l, (-1) ** l) for l in range(l_max + 1)], f"irreps_edge_sh {sequence['spharm'].irreps_edge_sh}")
    return {
        "type_names": type_names,
        "r_max": float(edge.r_max),
        "per_edge_type_cutoff": _edge_type_cutoffs(graph_model, edge, type_names),
        "l_max": l_max,
        "type_embed_num_features": int(embed.embed_module.weight.shape[1]),
        "num_bessels": int(bessel.num_bessels),
        "bessel_trainable": bool(bessel.trainable),
        "polynomial_cutoff_p": _exponent(bessel.cutoff),
    }


def _exponent(cutoff):
    _expect(float(cutoff.p).is_integer(), f"polynomial_cutoff_p {cutoff.p} (only whole numbers)")
    return int(cutoff.p)


def _edge_type_cutoffs(graph_model, edge, type_names):
    """{centre: {neighbour: angstrom}}, or None where one cutoff serves all."""
    if not edge._per_edge_type:
        return None
    values = [float(text) for text in graph_model.metadata["per_edge_type_cutoff"].split()]
    recorded = 1.0 / np.array(values)
    _expect(np.allclose(recorded, edge._rmax_recip.cpu().numpy(), rtol=1e-6), "per_edge_type_cutoff changed after the model was built")
    n = len(type_names)
    return {a: {b: values[i * n + j] for j, b in enumerate(type_names)} for i, a in enumerate(type_names)}


def _layers(sequence):
    """Hyperparameters of the convolutions; per-layer differences are refused by _check_layers."""
    layers = _convnets(sequence)
    l_max = len(sequence["spharm"].irreps_edge_sh) - 1
    scalars = layers[-1].feature_irreps_hidden[0].mul
    num_features, parity = [scalars] * (l_max + 1), False
    if len(layers) > 1:  # one layer has scalars only: nothing else of these two is left in the model
        hidden = layers[0].feature_irreps_hidden
        parity = any(ir.p != (-1) ** ir.l for _, ir in hidden)
        by_degree = {ir.l: multiplicity for multiplicity, ir in hidden}
        _expect(sorted(by_degree) == list(range(l_max + 1)), f"feature_irreps_hidden {hidden}")
        num_features = [by_degree[l] for l in range(l_max + 1)]
    first = layers[0].conv.edge_mlp
    return {
        "num_layers": len(layers),
        "parity": parity,
        "num_features": num_features,
        "radial_mlp_depth": len(first.dims) - 2,
        "radial_mlp_width": int(first.dims[1]) if len(first.dims) > 2 else 1,  # unused without hidden layers
        "avg_num_neighbors": _avg_num_neighbors(layers[0].conv.avg_num_neighbors_norm.norm_const),
    }


def _avg_num_neighbors(norm_const):
    """A number, or a list with one per type: nequip keeps 1/sqrt(N) only."""
    values = (1.0 / norm_const.detach().cpu().double().numpy().reshape(-1) ** 2).tolist()
    return values[0] if len(values) == 1 else values


def _expected_irreps(hyperparameters, last):
    """[(multiplicity, l, parity)] of a layer's feature_irreps_hidden."""
    features, parity = hyperparameters["num_features"], hyperparameters["parity"]
    if last:
        return [(features[0], 0, 1)]
    return [(features[l], l, p) for l in range(hyperparameters["l_max"] + 1) for p in ((1, -1) if parity else ((-1) ** l,))]


def _check_layers(sequence, hyperparameters):
    layers = _convnets(sequence)
    names = hyperparameters["type_names"]
    for index, layer in enumerate(layers):
        where = f"layer {index}"
        hidden = [(multiplicity, ir.l, ir.p) for multiplicity, ir in layer.feature_irreps_hidden]
        expected = _expected_irreps(hyperparameters, index == len(layers) - 1)
        _expect(hidden == expected, f"{where}: feature_irreps_hidden {layer.feature_irreps_hidden}")
        _expect(not layer.resnet, f"{where}: convnet_resnet")
        _expect(_kind(layer.equivariant_nonlin) == "Gate", f"{where}: nonlinearity {_kind(layer.equivariant_nonlin)} (only gate)")
        conv = layer.conv
        _expect((conv.sc is not None) == (index > 0), f"{where}: convnet_sc or learnable_shift")
        _expect(_kind(conv.tp_scatter) == "TensorProductScatter", f"{where}: accelerated tensor product {_kind(conv.tp_scatter)}")
        dims = list(conv.edge_mlp.dims[1:-1])
        _expect(
            dims == [hyperparameters["radial_mlp_width"]] * hyperparameters["radial_mlp_depth"],
            f"{where}: its own radial_mlp_depth or radial_mlp_width {dims}",
        )
        if dims:
            _expect(_nonlinearity(conv.edge_mlp, where) == "SiLU", f"{where}: radial nonlinearity {_nonlinearity(conv.edge_mlp, where)}")
        _mlp_weights(conv.edge_mlp, where, nonlinear=True)
        same = _avg_num_neighbors(conv.avg_num_neighbors_norm.norm_const) == hyperparameters["avg_num_neighbors"]
        _expect(same, f"{where}: its own avg_num_neighbors")
    if isinstance(hyperparameters["avg_num_neighbors"], list):
        hyperparameters["avg_num_neighbors"] = dict(zip(names, hyperparameters["avg_num_neighbors"]))


def _nonlinearity(mlp, where):
    kinds = {_kind(module) for module in mlp.mlp if _kind(module) != "ScalarLinearLayer"}
    _expect(len(kinds) == 1, f"{where}: nonlinearities {sorted(kinds)}")
    return kinds.pop()


def _mlp_weights(mlp, where, nonlinear):
    """Raw weights [in, out] of a ScalarMLPFunction, after checking that its scale factors are those alkali applies."""
    _expect(not mlp.bias, f"{where}: bias in an MLP")
    if _kind(mlp.mlp) == "DeepLinearMLP":
        weights = list(mlp.mlp.weights)
        alpha = math.prod(1 / math.sqrt(weight.shape[0]) for weight in weights)
        _expect(math.isclose(float(mlp.mlp.alpha), alpha, rel_tol=1e-6), f"{where}: scale factor of the linear readout")
        return weights
    linear = [module for module in mlp.mlp if _kind(module) == "ScalarLinearLayer"]
    for index, module in enumerate(linear):
        gain = math.sqrt(2) if nonlinear and index > 0 else 1.0
        expected = gain / math.sqrt(module.weight.shape[0])
        _expect(math.isclose(float(module.alpha), expected, rel_tol=1e-6), f"{where}: weight initialisation (scale factor of MLP layer {index})")
        _expect(not hasattr(module, "parametrizations"), f"{where}: weight parametrization")
    return [module.weight for module in linear]


def _readout(sequence):
    mlp = sequence["per_atom_energy_readout"].mlp_module
    depth = len(mlp.dims) - 2
    name = "silu"  # nequip's default; unused without hidden layers
    if depth > 0:
        kind = "none" if _kind(mlp.mlp) == "DeepLinearMLP" else _nonlinearity(mlp, "readout")
        name = _READOUT_NONLINEARITIES.get(kind)
        _expect(name is not None, f"readout_mlp_nonlinearity {kind} (only silu or null)")
    return {
        "readout_mlp_hidden_layers_depth": depth,
        "readout_mlp_hidden_layers_width": int(mlp.dims[1]) if depth > 0 else int(mlp.dims[0]),
        "readout_mlp_nonlinearity": name,
    }


def _per_type(tensor, number, default):
    """(types) values of scales or shifts: one for all, one per type, or none."""
    values = tensor.detach().cpu().double().numpy().reshape(-1)
    return np.full(number, values[0] if values.size else default) if values.size <= 1 else values.copy()


def _scales_shifts(sequence, number):
    module = sequence["per_type_energy_scale_shift"]
    return _per_type(module.scales, number, 1.0), _per_type(module.shifts, number, 0.0)


def _energy_terms(sequence, type_names):
    scale_shift = sequence["per_type_energy_scale_shift"]
    scales, shifts = _scales_shifts(sequence, len(type_names))
    return {
        "per_type_energy_scales": dict(zip(type_names, scales.tolist())),
        "per_type_energy_shifts": dict(zip(type_names, shifts.tolist())),
        "per_type_energy_scales_trainable": bool(scale_shift.scales_trainable),
        "per_type_energy_shifts_trainable": bool(scale_shift.shifts_trainable),
        "pair_potential": _pair_potential(sequence.get("pair_potential"), type_names),
    }


def _pair_potential(zbl, type_names):
    if zbl is None:
        return None
    from ase.data import atomic_numbers

    numbers = [int(z) for z in zbl.atomic_numbers.tolist()]
    _expect(numbers == [atomic_numbers.get(name) for name in type_names], "ZBL: chemical_species other than type_names")
    _expect(math.isclose(float(zbl._qqr2exesquare), 0.5 * 14.399645, rel_tol=1e-9), "ZBL: units other than metal")
    _expect(_kind(zbl.cutoff) == "PolynomialCutoff", f"ZBL: cutoff function {_kind(zbl.cutoff)}")
    return {"type": "zbl", "polynomial_cutoff_p": _exponent(zbl.cutoff)}


def _normalize2mom(sequence):
    """The constants e3nn sampled for its nonlinearities, as they stand in this very model where it has them."""
    found = {}
    for layer in _convnets(sequence):
        gate = layer.equivariant_nonlin
        for activation in (gate.act_scalars, gate.act_gates):
            for (_, ir), act in zip(activation.irreps_in, activation.acts):
                name = getattr(act.f, "__name__", str(act.f))
                _expect(name == ("silu" if ir.p == 1 else "tanh"), f"gate nonlinearity {name} for parity {ir.p:+d}")
                factor = 1.0 if act._is_id else float(act.cst)
                _expect(found.setdefault(name, factor) == factor, f"normalize2mom of {name} differs between layers")
    if "tanh" not in found:  # no odd scalars in this model: the constant is recorded for completeness only
        import torch
        from e3nn.math import normalize2mom

        found["tanh"] = float(normalize2mom(torch.tanh).cst)
    return found


def _tensors(sequence, hyperparameters):
    tensors = {"type_embed.weight": sequence["type_embed"].embed_module.weight, "bessel.weights": sequence["bessel_encode"].bessel_weights.reshape(-1)}
    for k, layer in enumerate(_convnets(sequence)):
        conv = layer.conv
        tensors[f"layers.{k}.linear_1.weight"] = conv.linear_1.weight
        tensors[f"layers.{k}.linear_2.weight"] = conv.linear_2.weight
        if conv.sc is not None:
            tensors[f"layers.{k}.sc.weight"] = conv.sc.weight
        for j, weight in enumerate(_mlp_weights(conv.edge_mlp, f"layer {k}", nonlinear=True)):
            tensors[f"layers.{k}.radial_mlp.{j}.weight"] = weight
    readout = sequence["per_atom_energy_readout"].mlp_module
    for j, weight in enumerate(_mlp_weights(readout, "readout", hyperparameters["readout_mlp_nonlinearity"] != "None")):
        tensors[f"readout.{j}.weight"] = weight
    arrays = {name: tensor.detach().cpu().double().numpy() for name, tensor in tensors.items()}
    arrays["scales"], arrays["shifts"] = _scales_shifts(sequence, len(hyperparameters["type_names"]))
    return arrays


def _utf8(path):
    """The name of a file for JSON: bytes that are not UTF-8, which Python keeps as lone surrogates, become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def _provenance(source):
    from importlib.metadata import version

    packages = {f"{name}_version": version(name) for name in ("nequip", "e3nn", "torch")}
    return {"source": _utf8(source), **packages, "date": datetime.date.today().isoformat()}
