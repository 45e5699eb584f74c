"""Hyperparameter sets of the golden files, in the words of nequip.model.NequIPGNNModel.

Energy scales are large, so that the network and not the shifts carries the energies that are compared.
"""

_LITHIUM = dict(type_names=["Li"], avg_num_neighbors=18.0, per_type_energy_scales=17.0, per_type_energy_shifts=-0.3)
_TWO = dict(type_names=["Na", "Li"], avg_num_neighbors=15.5)

SETS = {
    "scalars": dict(r_max=4.5, num_layers=1, l_max=0, parity=False, num_features=8, radial_mlp_depth=1, radial_mlp_width=8, **_LITHIUM),
    "vectors": dict(r_max=4.5, num_layers=2, l_max=1, parity=False, num_features=8, radial_mlp_depth=1, radial_mlp_width=8, **_LITHIUM),
    "vectors_parity": dict(r_max=4.5, num_layers=3, l_max=1, parity=True, num_features=6, radial_mlp_depth=2, radial_mlp_width=8, **_LITHIUM),
    "one_layer_tensors": dict(
        r_max=5.0, num_layers=1, l_max=2, parity=True, num_features=6, radial_mlp_depth=2, radial_mlp_width=8, num_bessels=6,
        polynomial_cutoff_p=4, **_LITHIUM,
    ),
    "no_scale_no_shift": dict(
        type_names=["Li"], r_max=4.0, num_layers=2, l_max=1, parity=False, num_features=8, radial_mlp_depth=1, radial_mlp_width=8,
        avg_num_neighbors=12.0,
    ),
    "tensors": dict(
        r_max=4.8, num_layers=4, l_max=2, parity=False, num_features=8, radial_mlp_depth=2, radial_mlp_width=12, num_bessels=8,
        polynomial_cutoff_p=6, **_LITHIUM,
    ),
    "tensors_parity": dict(
        r_max=4.2, num_layers=2, l_max=2, parity=True, num_features=4, radial_mlp_depth=1, radial_mlp_width=8, num_bessels=5,
        bessel_trainable=True, polynomial_cutoff_p=5, **_LITHIUM,
    ),
    "features_per_degree": dict(
        r_max=4.6, num_layers=3, l_max=2, parity=False, num_features=[8, 5, 3], type_embed_num_features=4, radial_mlp_depth=3,
        radial_mlp_width=8, **_LITHIUM,
    ),
    "features_per_degree_parity": dict(
        r_max=4.2, num_layers=3, l_max=2, parity=True, num_features=[6, 4, 2], type_embed_num_features=5, radial_mlp_depth=1,
        radial_mlp_width=8, per_type_energy_scales={"Na": 11.0, "Li": 17.0}, per_type_energy_shifts={"Na": 0.4, "Li": -0.3}, **_TWO,
    ),
    "five_layers": dict(
        r_max=3.8, num_layers=5, l_max=1, parity=True, num_features=[8, 4], radial_mlp_depth=1, radial_mlp_width=8, num_bessels=4, **_LITHIUM
    ),
    "degree_3": dict(
        r_max=4.4, num_layers=3, l_max=3, parity=False, num_features=4, radial_mlp_depth=1, radial_mlp_width=6, num_bessels=6,
        polynomial_cutoff_p=2, **_LITHIUM,
    ),
    "degree_3_parity": dict(
        r_max=4.0, num_layers=3, l_max=3, parity=True, num_features=[4, 3, 2, 1], radial_mlp_depth=1, radial_mlp_width=4, **_LITHIUM
    ),
    "degree_4": dict(
        r_max=4.2, num_layers=3, l_max=4, parity=False, num_features=[4, 3, 2, 2, 1], radial_mlp_depth=1, radial_mlp_width=6, **_LITHIUM
    ),
    "degree_4_parity": dict(
        r_max=4.0, num_layers=2, l_max=4, parity=True, num_features=[3, 2, 2, 1, 1], radial_mlp_depth=1, radial_mlp_width=6, **_LITHIUM
    ),
    "two_species": dict(
        type_names=["Na", "Li"], r_max=4.7, num_layers=3, l_max=1, parity=False, num_features=8, type_embed_num_features=6,
        radial_mlp_depth=2, radial_mlp_width=8, avg_num_neighbors={"Na": 12.5, "Li": 19.25}, bessel_trainable=True,
        per_type_energy_scales={"Na": 11.0, "Li": 17.0}, per_type_energy_shifts={"Na": 0.4, "Li": -0.3},
        per_type_energy_scales_trainable=True, per_type_energy_shifts_trainable=True,
    ),
    "three_species_readout": dict(
        type_names=["Li", "O", "Al"], r_max=4.5, num_layers=2, l_max=2, parity=False, num_features=6, type_embed_num_features=3,
        radial_mlp_depth=1, radial_mlp_width=8, avg_num_neighbors=14.0, readout_mlp_hidden_layers_depth=1,
        readout_mlp_hidden_layers_width=10, readout_mlp_nonlinearity="silu", per_type_energy_scales=13.0,
        per_type_energy_shifts={"Li": 0.1, "O": 0.4, "Al": -0.3},
    ),
    "deep_readout": dict(
        r_max=4.5, num_layers=2, l_max=1, parity=False, num_features=8, radial_mlp_depth=1, radial_mlp_width=8,
        readout_mlp_hidden_layers_depth=2, **_LITHIUM,
    ),
    "linear_readout": dict(
        r_max=4.5, num_layers=2, l_max=1, parity=False, num_features=8, radial_mlp_depth=1, radial_mlp_width=8,
        readout_mlp_hidden_layers_depth=1, readout_mlp_hidden_layers_width=5, readout_mlp_nonlinearity=None, **_LITHIUM,
    ),
    "repulsion": dict(
        type_names=["Na", "Li"], r_max=4.5, num_layers=2, l_max=1, parity=False, num_features=8, radial_mlp_depth=1, radial_mlp_width=8,
        avg_num_neighbors=15.0, per_type_energy_scales=5.0, per_type_energy_shifts=-0.3,
        pair_potential={
            "_target_": "nequip.nn.pair_potential.ZBL", "units": "metal", "chemical_species": ["Na", "Li"], "polynomial_cutoff_p": 8,
        },
    ),
    "cutoff_per_edge_type": dict(
        type_names=["Na", "Li"], r_max=5.0, num_layers=3, l_max=1, parity=True, num_features=6, radial_mlp_depth=1, radial_mlp_width=8,
        avg_num_neighbors=15.0, per_edge_type_cutoff={"Na": 4.5, "Li": {"Na": 3.9}}, per_type_energy_scales=15.0, per_type_energy_shifts=-0.3,
    ),
    "repulsion_cutoff_per_edge_type": dict(
        type_names=["Na", "Li"], r_max=5.0, num_layers=1, l_max=1, parity=False, num_features=6, radial_mlp_depth=1, radial_mlp_width=8,
        avg_num_neighbors=15.0, per_edge_type_cutoff={"Na": {"Na": 4.5, "Li": 3.7}, "Li": {"Na": 3.7, "Li": 4.1}},
        per_type_energy_scales=15.0, per_type_energy_shifts=-0.3,
        pair_potential={"_target_": "nequip.nn.pair_potential.ZBL", "units": "metal", "chemical_species": ["Na", "Li"]},
    ),
}
