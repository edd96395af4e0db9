"""What a Dask cluster is told and what its answers mean: text and values in, text and values out."""
