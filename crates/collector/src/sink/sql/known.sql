SELECT DISTINCT identity, layout FROM models
