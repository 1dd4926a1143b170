"""The YAML as data: documents, references, graph, channels; the only user of ruamel.yaml."""
