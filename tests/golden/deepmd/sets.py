"""Hyperparameters of the golden files: small networks, every switch of the descriptors at least once."""

ONE = ["Li"]
TWO = ["Li", "Al"]


def _set(type_names, descriptor, fitting=None, bias="fitting", scale=1.3):
    """bias: where the energy per type is kept, in the fitting net ("fitting"), the model ("model") or both, as DeePMD's backends differ.
    scale: of the random weights, in units of their initial size."""
    common = {"rcut": 4.2, "rcut_smth": 1.6, "sel": [26, 22][: len(type_names)], "precision": "float64"}
    fit = {"neuron": [8, 8], "resnet_dt": True, "precision": "float64", **(fitting or {})}
    return {"type_map": type_names, "descriptor": {**common, **descriptor}, "fitting_net": fit, "bias": bias, "scale": scale}


def _a(neuron=(3, 6, 12), axis_neuron=4, **more):
    return {"type": "se_e2_a", "neuron": list(neuron), "axis_neuron": axis_neuron, **more}


def _e3(neuron=(3, 6, 12), **more):
    return {"type": "se_e3", "neuron": list(neuron), **more}


def _r(neuron=(3, 6, 12), **more):
    return {"type": "se_e2_r", "neuron": list(neuron), **more}


def _activation(embedding, fitting, scale=1.3):
    return _set(ONE, _a((3, 6), 3, activation_function=embedding), {"activation_function": fitting}, scale=scale)


SETS = {
    "se_e2_a_one_species": _set(ONE, _a(type_one_side=True, resnet_dt=False)),
    "se_e2_a_one_species_dt": _set(ONE, _a(type_one_side=False, resnet_dt=True), {"resnet_dt": False}, bias="model"),
    "se_e2_a_one_side": _set(TWO, _a(type_one_side=True, resnet_dt=True), {"neuron": [10, 10, 20]}, bias="both"),
    "se_e2_a_pairs": _set(TWO, _a(type_one_side=False, resnet_dt=True)),
    "se_e2_a_pairs_no_average": _set(TWO, _a(type_one_side=False, resnet_dt=False, set_davg_zero=True)),
    "se_e2_a_one_side_excluded": _set(TWO, _a(type_one_side=True, exclude_types=[[0, 1]])),
    "se_e2_a_pairs_excluded": _set(TWO, _a(type_one_side=False, exclude_types=[[0, 0]], resnet_dt=True)),
    # Widths that put a residual connection where one might not look for it: 1 -> 2 in the first layer, equal widths, none.
    "se_e2_a_widths": _set(ONE, _a(neuron=(2, 2, 5, 10), axis_neuron=3, resnet_dt=True), {"neuron": [30, 10]}),
    "se_e2_a_one_layer": _set(ONE, _a(neuron=(1,), axis_neuron=1, resnet_dt=True), {"neuron": [1, 2]}),
    "se_e2_a_no_hidden_fitting": _set(ONE, _a(), {"neuron": []}),
    "se_e2_a_protected": _set(ONE, _a(env_protection=0.2)),
    "se_e2_a_two_activations": _activation("sigmoid", "tanh"),
    "se_e2_a_relu": _activation("relu", "relu"),
    "se_e2_a_relu6": _activation("relu6", "relu6"),
    "se_e2_a_gelu": _activation("gelu", "gelu_tf"),
    "se_e2_a_softplus": _activation("softplus", "softplus", scale=0.6),  # PyTorch's is linear beyond 20
    "se_e2_a_sigmoid": _activation("sigmoid", "sigmoid"),
    "se_e2_a_silu": _activation("silu", "silu"),
    "se_e2_a_linear": _activation("linear", "none"),
    "se_e3_one_species": _set(ONE, _e3()),
    "se_e3_one_species_dt": _set(ONE, _e3(neuron=(2, 4, 8), resnet_dt=True), {"neuron": [8, 8, 8]}),
    "se_e3_two_species": _set(TWO, _e3(resnet_dt=True), bias="both"),
    "se_e3_excluded": _set(TWO, _e3(exclude_types=[[1, 0]])),
    "se_e3_gelu": _set(TWO, _e3(activation_function="gelu"), {"activation_function": "gelu"}),
    "se_e2_r_one_species": _set(ONE, _r(type_one_side=True)),
    "se_e2_r_one_side": _set(TWO, _r(type_one_side=True, resnet_dt=True), bias="model"),
    "se_e2_r_excluded": _set(TWO, _r(type_one_side=True, exclude_types=[[0, 1]])),
}
