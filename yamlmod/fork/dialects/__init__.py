"""One file per fork family; `yamlmod.fork.parser.dialect` lists and loads this folder."""
