"""The Python API: model YAMLs as immutable values, forks, and results that a notebook shows.

    import yamlmod

    model = yamlmod.load("yolov5/models/yolov5s.yaml")
    better = model.insert("SimAM", at=24).insert("ACmix", before="SPPF")
    print(better.summary)
    print([finding.message for finding in better.check()])
    better.save("yolov5/models/yolov5s-mine.yaml")

    fork = yamlmod.Fork("yolov5")
    preview = fork.patch("SimAM", "ACmix")
    print(preview.diff)
    preview.write()
    fork.verify("models/yolov5s-mine.yaml", base="models/yolov5s.yaml")

Every edit is proven before it returns; what cannot be done raises `yamlmod.Refusal` and changes
nothing. The commands of the same names do the same.
"""
