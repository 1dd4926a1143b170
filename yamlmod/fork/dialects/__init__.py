"""One file per family of forks; `yamlmod.fork.dialect` lists the folder and loads them."""
