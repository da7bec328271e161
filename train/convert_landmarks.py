"""Convert MediaPipe's face detector and attention mesh from TFLite to ONNX.

    pip install ai-edge-litert onnx onnxruntime
    pip download --no-deps mediapipe==0.10.21 && unzip mediapipe-0.10.21-*.whl -d WHEEL
    python train/convert_landmarks.py --modules WHEEL/mediapipe/modules --out src/vasari/assets

Both graphs are translated operator by operator (activations go from NHWC to NCHW); weights keep
their half-precision storage. The three custom operators of the attention mesh (Grishchenko et al.,
"Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", 2020) are spelled in standard ONNX
operators. Beyond the original graphs, the files take ``uint8`` pictures, and the attention mesh returns
its refined points already put in their places in the mesh.

Outputs: ``face_detector.onnx`` and ``face_mesh.onnx``. The detector is checked against LiteRT on noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as tflite
from flatbuffers import flexbuffers
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 9
OPERATOR_NAMES = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}
N_MESH, N_IRIS = 468, 5


class Converter:
    """Builds one ONNX graph from the only subgraph of a TFLite file.

    Tensors of rank 4 are NCHW in the ONNX graph; all others keep their layout.
    """

    def __init__(self, path: Path) -> None:
        self.model = tflite.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
        self.graph = self.model.subgraphs[0]
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.constants: dict[int, np.ndarray] = {}  # tensor index -> value, TFLite layout
        self.names: dict[int, str] = {}  # tensor index -> ONNX value
        self.custom: list[tuple[str, dict[str, Any], list[int], list[int]]] = []

    # -- building blocks

    def node(self, op: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        """Append one node with one output and return the output's name."""
        out = out or f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [out], **attributes))
        return out

    def constant(self, value: np.ndarray, half: bool = False) -> str:
        """Add an initializer; half-precision ones are cast up when the graph is loaded."""
        name = f"constant_{len(self.initializers)}"
        stored = value.astype(np.float16) if half else value
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(stored), name))
        return self.node("Cast", name, to=TensorProto.FLOAT) if half else name

    def floats(self, *values: float) -> str:
        """Add a vector."""
        return self.constant(np.array(values, np.float32))

    def ints(self, *values: int) -> str:
        """Add a vector of whole numbers, as shapes and indices are."""
        return self.constant(np.array(values, np.int64))

    def _weights(self, index: int, *axes: int) -> str:
        """A weight tensor with its axes permuted, kept in half precision if that loses nothing."""
        value = self.constants[index]
        value = value.transpose(axes) if axes else value
        return self.constant(value, half=bool((value.astype(np.float16) == value).all()))

    def _shape(self, index: int) -> list[int]:
        return [int(n) for n in self.graph.tensors[index].shape]

    # -- the walk

    def read_constants(self) -> None:
        """Collect the weights."""
        for i, tensor in enumerate(self.graph.tensors):
            data = self.model.buffers[tensor.buffer].data
            if data is not None and len(data):
                self.constants[i] = np.frombuffer(bytes(data), DTYPES[tensor.type]).reshape(self._shape(i))

    def picture_input(self, scale: float, offset: float) -> onnx.ValueInfoProto:
        """Declare the input as one ``uint8`` RGB picture (H, W, 3), mapped to ``scale * value + offset``."""
        _, height, width, channels = self._shape(self.graph.inputs[0])
        picture = helper.make_tensor_value_info("picture", TensorProto.UINT8, [height, width, channels])
        value = self.node("Cast", "picture", to=TensorProto.FLOAT)
        value = self.node("Add", self.node("Mul", value, self.floats(scale)), self.floats(offset))
        value = self.node("Transpose", value, perm=[2, 0, 1])
        self.names[self.graph.inputs[0]] = self.node("Reshape", value, self.ints(1, channels, height, width))
        return picture

    def convert_operators(self) -> None:
        """Translate the operators in their order, after the input has been declared."""
        for op in self.graph.operators:
            code = self.model.operatorCodes[op.opcodeIndex]
            name = OPERATOR_NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
            if name == "CUSTOM":
                name = code.customCode.decode()
            inputs, outputs = [int(i) for i in op.inputs], [int(i) for i in op.outputs]
            if name == "DEQUANTIZE":
                self.constants[outputs[0]] = self.constants[inputs[0]].astype(np.float32)
                continue
            convert: Callable[..., str] = getattr(self, f"_op_{name.lower()}")
            options = op.builtinOptions
            if op.customOptions is not None and len(op.customOptions):
                options = flexbuffers.Loads(bytes(op.customOptions))
                self.custom.append((name, options, inputs, outputs))
            self.names[outputs[0]] = convert(inputs, outputs, options)

    def _fused(self, value: str, activation: int) -> str:
        if activation == tflite.ActivationFunctionType.NONE:
            return value
        assert activation == tflite.ActivationFunctionType.RELU, activation
        return self.node("Relu", value)

    def _same_pads(self, index: int, kernel: list[int], options: Any) -> list[int]:
        """ONNX pads (top, left, bottom, right) of TFLite's padding mode."""
        if options.padding == tflite.Padding.VALID:
            return [0, 0, 0, 0]
        begin, end = [], []
        for n, k, stride in zip(
            self._shape(index)[1:3], kernel, (options.strideH, options.strideW), strict=True
        ):
            total = max((-(-n // stride) - 1) * stride + k - n, 0)
            begin.append(total // 2)
            end.append(total - total // 2)
        return begin + end

    def _convolution(
        self, inputs: list[int], options: Any, weights: str, kernel: list[int], group: int
    ) -> str:
        out = self.node(
            "Conv",
            self.names[inputs[0]],
            weights,
            self._weights(inputs[2]),
            kernel_shape=kernel,
            group=group,
            strides=[options.strideH, options.strideW],
            pads=self._same_pads(inputs[0], kernel, options),
        )
        return self._fused(out, options.fusedActivationFunction)

    # -- operators

    def _op_conv_2d(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        kernel = self._shape(inputs[1])[1:3]  # (out, h, w, in) -> (out, in, h, w)
        return self._convolution(inputs, options, self._weights(inputs[1], 0, 3, 1, 2), kernel, 1)

    def _op_depthwise_conv_2d(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        _, *kernel, channels = self._shape(inputs[1])  # (1, h, w, c) -> (c, 1, h, w)
        return self._convolution(inputs, options, self._weights(inputs[1], 3, 0, 1, 2), kernel, channels)

    def _op_max_pool_2d(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        kernel = [options.filterHeight, options.filterWidth]
        return self.node(
            "MaxPool",
            self.names[inputs[0]],
            kernel_shape=kernel,
            strides=[options.strideH, options.strideW],
            pads=self._same_pads(inputs[0], kernel, options),
        )

    def _op_add(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        out = self.node("Add", *(self.names[i] for i in inputs))
        return self._fused(out, options.fusedActivationFunction)

    def _op_mul(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        return self.node("Mul", self.names[inputs[0]], self._weights(inputs[1]))

    def _op_relu(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        return self.node("Relu", self.names[inputs[0]])

    def _op_prelu(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        """Channels scaled twice, a x + (1 - a) max(x, 0): ONNX Runtime fuses that, and not PRelu."""
        value, slope = self.names[inputs[0]], self.constants[inputs[1]].reshape(-1, 1, 1, 1)
        scaled = self.node("Conv", value, self.constant(slope), group=len(slope))
        positive = self.node("Relu", value)
        return self.node(
            "Add", scaled, self.node("Conv", positive, self.constant(1 - slope), group=len(slope))
        )

    def _op_pad(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        """Zero channels appended, as a convolution with an identity (see :meth:`_op_prelu` for why)."""
        pads = self.constants[inputs[1]]  # (4, 2) before, after
        assert not pads[:3].any()
        assert not pads[3, 0]
        channels, padded = self._shape(inputs[0])[3], self._shape(outputs[0])[3]
        identity = np.eye(padded, channels, dtype=np.float32)[:, :, None, None]
        return self.node("Conv", self.names[inputs[0]], self.constant(identity, half=True))

    def _op_reshape(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        value, before, after = self.names[inputs[0]], self._shape(inputs[0]), self._shape(outputs[0])
        if len(before) == 4:
            value = self.node("Transpose", value, perm=[0, 2, 3, 1])
        value = self.node("Reshape", value, self.ints(*after))
        return self.node("Transpose", value, perm=[0, 3, 1, 2]) if len(after) == 4 else value

    def _op_concatenation(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        assert len(self._shape(outputs[0])) != 4
        return self.node("Concat", *(self.names[i] for i in inputs), axis=options.axis)

    def _op_strided_slice(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        assert self._shape(inputs[0]) == self._shape(outputs[0])  # an identity in these graphs
        return self.names[inputs[0]]

    def _op_landmarks2transformmatrix(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        """The 2x3 map from pixels of a cut-out to the feature map: a scaled box around some points,
        turned so that the line between two of them is level.

        (x, y) -> centre + R diag(scale) ((x, y) - size / 2); the original's 4x4 matrix has the same rows.
        """
        assert options["target_rotation_radians"] == 0
        points = self.node("Reshape", self.names[inputs[0]], self.ints(N_MESH, 3))
        xy = self.node("Slice", points, self.ints(0), self.ints(2), self.ints(1))  # (468, 2)
        left = self.node("Gather", xy, self.ints(options["left_rotation_idx"]))
        right = self.node("Gather", xy, self.ints(options["right_rotation_idx"]))
        along = self.node("Sub", right, left)  # (1, 2)
        along = self.node("Div", along, self.node("ReduceL2", along, axes=[1], keepdims=1))
        quarter = self.constant(np.array([[0, 1], [-1, 0]], np.float32))
        across = self.node("MatMul", along, quarter)  # (cos, sin) -> (-sin, cos)
        to_level = self.node("Concat", along, across, axis=0)  # rows (cos, sin), (-sin, cos)
        chosen = self.node("Gather", xy, self.ints(*options["subset_idxs"]))
        level = self.node("MatMul", chosen, self.node("Transpose", to_level, perm=[1, 0]))  # (n, 2)
        high = self.node("ReduceMax", level, axes=[0], keepdims=1)
        low = self.node("ReduceMin", level, axes=[0], keepdims=1)
        middle = self.node("Mul", self.node("Add", high, low), self.floats(0.5))
        centre = self.node("MatMul", middle, to_level)  # (1, 2), turned back
        size = np.array([options["output_width"], options["output_height"]], np.float32)
        factor = self.constant(np.array([options["scale_x"], options["scale_y"]], np.float32) / size)
        scale = self.node("Mul", self.node("Sub", high, low), factor)  # (1, 2)
        linear = self.node("Mul", self.node("Transpose", to_level, perm=[1, 0]), scale)  # (2, 2)
        half = self.constant((size / 2)[:, None])
        shift = self.node(
            "Sub", self.node("Transpose", centre, perm=[1, 0]), self.node("MatMul", linear, half)
        )
        zero = self.constant(np.zeros((2, 1), np.float32))
        rows = self.node("Concat", linear, zero, shift, axis=1)  # (2, 4)
        last = self.constant(np.eye(4, dtype=np.float32)[2:])
        return self.node("Unsqueeze", self.node("Concat", rows, last, axis=0), self.ints(0))

    def _op_transformtensorbilinear(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        """Sample a feature map at the pixels of a cut-out; zero where the centre falls outside."""
        _, height, width, _ = self._shape(inputs[0])
        out_h, out_w = options["output_height"], options["output_width"]
        y, x = np.mgrid[:out_h, :out_w].astype(np.float32) + 0.5
        pixels = np.stack([x, y, 0 * x, 0 * x + 1], -1).reshape(-1, 4)
        rows = self.node("Slice", self.names[inputs[1]], self.ints(0), self.ints(2), self.ints(1))
        where = self.node("MatMul", self.constant(pixels), self.node("Transpose", rows, perm=[0, 2, 1]))
        where = self.node("Sub", where, self.floats(0.5))  # (1, n, 2), in input pixels
        unit = self.constant(np.array([2 / (width - 1), 2 / (height - 1)], np.float32))
        grid = self.node("Sub", self.node("Mul", where, unit), self.floats(1))
        inside = self.node("LessOrEqual", self.node("Abs", grid), self.floats(1))
        inside = self.node("Cast", inside, to=TensorProto.FLOAT)
        inside = self.node("ReduceMin", inside, axes=[2], keepdims=0)  # (1, n)
        inside = self.node("Reshape", inside, self.ints(1, 1, out_h, out_w))
        grid = self.node("Reshape", grid, self.ints(1, out_h, out_w, 2))
        sampled = self.node("GridSample", self.names[inputs[0]], grid, align_corners=1)
        return self.node("Mul", sampled, inside)

    def _op_transformlandmarks(self, inputs: list[int], outputs: list[int], options: Any) -> str:
        """Points (1, n, 2) of a cut-out mapped by a matrix (1, 4, 4)."""
        matrix = self.names[inputs[1]]
        rows = self.node("Slice", matrix, self.ints(0), self.ints(2), self.ints(1))
        linear = self.node("Slice", rows, self.ints(0), self.ints(2), self.ints(2))
        shift = self.node("Slice", rows, self.ints(3), self.ints(4), self.ints(2))
        turned = self.node("MatMul", self.names[inputs[0]], self.node("Transpose", linear, perm=[0, 2, 1]))
        return self.node("Add", turned, self.node("Transpose", shift, perm=[0, 2, 1]))

    # -- results

    def output(self, name: str) -> tuple[int, str]:
        """Tensor index and ONNX value of the graph output called ``name``."""
        index = next(int(i) for i in self.graph.outputs if self.graph.tensors[i].name.decode() == name)
        return index, self.names[index]

    def save(
        self, path: Path, inputs: list[Any], outputs: dict[str, tuple[str, list[int]]], doc: str
    ) -> None:
        """Write the graph; ``outputs`` maps a public name to its value and shape."""
        infos = []
        for name, (value, shape) in outputs.items():
            self.node("Reshape", value, self.ints(*shape), out=name)
            infos.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        graph = helper.make_graph(self.nodes, path.stem, inputs, infos, self.initializers, doc_string=doc)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        onnx.save(model, path)


def convert_detector(source: Path, target: Path) -> None:
    """BlazeFace, short range: boxes (896, 16) in pixels from their anchors, scores (896,) as logits."""
    converter = Converter(source)
    converter.read_constants()
    picture = converter.picture_input(scale=2 / 255, offset=-1.0)
    converter.convert_operators()
    boxes, scores = converter.output("regressors")[1], converter.output("classificators")[1]
    outputs = {"boxes": (boxes, [896, 16]), "scores": (scores, [896])}
    converter.save(target, [picture], outputs, "BlazeFace short range, MediaPipe 0.10.21, Apache-2.0")


def convert_mesh(source: Path, target: Path) -> None:
    """Attention mesh: refined points (468, 3), irises (2, 5, 2), subject's left first, score (1,) 0..1."""
    converter = Converter(source)
    converter.read_constants()
    picture = converter.picture_input(scale=1 / 255, offset=0.0)
    converter.convert_operators()

    node = converter.node
    mesh = node("Reshape", converter.output("output_mesh_identity")[1], converter.ints(N_MESH, 3))
    parts = [node("Slice", mesh, converter.ints(0), converter.ints(2), converter.ints(1))]
    place = np.arange(N_MESH)  # row of the refined point in the stack of parts
    first = N_MESH
    regions = [options for name, options, *_ in converter.custom if name == "Landmarks2TransformMatrix"]
    for name, region in zip(("lips", "left_eye", "right_eye"), regions, strict=True):
        mesh_ids = region["subset_idxs"]
        parts.append(node("Reshape", converter.output(f"output_{name}")[1], converter.ints(len(mesh_ids), 2)))
        place[mesh_ids] = first + np.arange(len(mesh_ids))
        first += len(mesh_ids)
    xy = node("Gather", node("Concat", *parts, axis=0), converter.ints(*place))
    z = node("Slice", mesh, converter.ints(2), converter.ints(3), converter.ints(1))
    points = node("Concat", xy, z, axis=1)
    # The file names eyes as the viewer sees them; the subject's left eye is its right one.
    irises = [node("Reshape", converter.output(f"output_{side}_iris")[1], converter.ints(1, N_IRIS, 2))
              for side in ("right", "left")]  # fmt: skip
    score = node("Sigmoid", converter.output("conv_faceflag")[1])
    outputs = {
        "points": (points, [N_MESH, 3]),
        "irises": (node("Concat", *irises, axis=0), [2, N_IRIS, 2]),
        "score": (score, [1]),
    }
    converter.save(target, [picture], outputs, "Attention mesh, MediaPipe 0.10.21, Apache-2.0")


def check_detector(source: Path, target: Path) -> float:
    """Largest difference of any output between LiteRT and ONNX Runtime on noise pictures."""
    import onnxruntime
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(source))
    interpreter.allocate_tensors()
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    worst = 0.0
    for _ in range(5):
        picture = rng.integers(0, 256, (128, 128, 3), np.uint8)
        index = interpreter.get_input_details()[0]["index"]
        interpreter.set_tensor(index, (picture / np.float32(127.5) - 1)[None].astype(np.float32))
        interpreter.invoke()
        ours = dict(
            zip(("boxes", "scores"), session.run(["boxes", "scores"], {"picture": picture}), strict=True)
        )
        for detail in interpreter.get_output_details():
            name = "boxes" if detail["shape"][-1] == 16 else "scores"
            theirs = interpreter.get_tensor(detail["index"]).reshape(ours[name].shape)
            worst = max(worst, float(np.abs(theirs - ours[name]).max()))
    return worst


def main() -> None:
    """Convert both and check the detector."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--modules", type=Path, required=True, help="mediapipe/modules of the unpacked wheel")
    parser.add_argument("--out", type=Path, default=Path("src/vasari/assets"))
    args = parser.parse_args()
    detector = args.modules / "face_detection/face_detection_short_range.tflite"
    mesh = args.modules / "face_landmark/face_landmark_with_attention.tflite"
    convert_detector(detector, args.out / "face_detector.onnx")
    convert_mesh(mesh, args.out / "face_mesh.onnx")
    print(f"detector against LiteRT: {check_detector(detector, args.out / 'face_detector.onnx'):.2g}")


if __name__ == "__main__":
    main()
