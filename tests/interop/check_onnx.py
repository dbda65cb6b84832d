"""Checks exported ONNX files with the checker of the onnx package, shape inference included.

    python3 check_onnx.py FOLDER

The package may be older than the files: Debian 12 has onnx 1.12, of IR version 8 and operator set 17, beside IR 10 and
operator set 22. Its checker refuses a newer IR version, so that the number, and only that, is lowered in memory. It accepts a
newer operator set, and checks each node against the newest definition that it knows. Of the operators in these files one kind
changed its form in between: since operator set 18 the axes of ReduceMean, ReduceMax and ReduceProd are an input, as those of
ReduceSum are since 13. For a package that does not know this yet, they become the attribute that they were.
"""
import pathlib
import sys

import onnx
from onnx import checker, helper, numpy_helper

IR_VERSION, OPERATOR_SET = 10, 22
CHANGED = {"ReduceMean", "ReduceMax", "ReduceProd"}


def lower(model):
    """The same model as the package at hand can check."""
    model.ir_version = min(model.ir_version, onnx.IR_VERSION)
    if onnx.defs.onnx_opset_version() < 18:
        constants = {tensor.name: tensor for tensor in model.graph.initializer}
        for node in model.graph.node:
            if node.op_type in CHANGED and len(node.input) == 2:
                axes = numpy_helper.to_array(constants[node.input.pop()])
                node.attribute.append(helper.make_attribute("axes", axes.tolist()))
    return model


def check(path):
    model = onnx.load(str(path))
    versions = [(entry.domain, entry.version) for entry in model.opset_import]
    assert model.ir_version == IR_VERSION, f"IR version {model.ir_version}"
    assert versions == [("", OPERATOR_SET)], f"operator sets {versions}"
    checker.check_model(lower(model), full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    for declared, found in zip(model.graph.output, inferred.graph.output):
        ranks = [len(value.type.tensor_type.shape.dim) for value in (declared, found)]
        assert ranks[0] == ranks[1], f"output {declared.name}: {ranks[0]} axes declared, {ranks[1]} inferred"
    return len(model.graph.node)


def main(folder):
    files = sorted(pathlib.Path(folder).glob("*.onnx"))
    broken = 0
    for path in files:
        try:
            check(path)
        except Exception as error:  # the checker's errors have no common base
            broken += 1
            print(f"{path.name}: {type(error).__name__}: {error}")
    print(f"onnx {onnx.__version__}: {len(files)} files checked, {broken} refused")
    return 0 if files and not broken else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
