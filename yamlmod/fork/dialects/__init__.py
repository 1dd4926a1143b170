"""One file per family of forks; `yamlmod.fork.parser.dialect` lists the folder and loads them."""
