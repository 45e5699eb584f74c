"""Hyperparameter sets of the golden files, in the words of nequip.model.NequIPGNNModel."""

SETS = {
    "scalars": dict(
        type_names=["Li"], r_max=4.5, num_layers=1, l_max=0, parity=False, num_features=8,
        radial_mlp_depth=1, radial_mlp_width=8, avg_num_neighbors=18.0, per_type_energy_scales=17.0, per_type_energy_shifts=-0.3,
    ),
    "vectors": dict(
        type_names=["Li"], r_max=4.5, num_layers=2, l_max=1, parity=False, num_features=8,
        radial_mlp_depth=1, radial_mlp_width=8, avg_num_neighbors=18.0, per_type_energy_scales=17.0, per_type_energy_shifts=-0.3,
    ),
    "vectors_parity": dict(
        type_names=["Li"], r_max=4.5, num_layers=3, l_max=1, parity=True, num_features=6,
        radial_mlp_depth=2, radial_mlp_width=8, avg_num_neighbors=18.0, per_type_energy_scales=17.0, per_type_energy_shifts=-0.3,
    ),
}
