"""Read outlets: safe HTTP, parsing, discovery, the polling schedule, the catalogue of outlets."""
