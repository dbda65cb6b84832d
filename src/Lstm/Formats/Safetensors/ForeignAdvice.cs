namespace Lstm.Formats.Safetensors;

/// <summary>How to get at the contents of other programs' files.</summary>
internal static class ForeignAdvice
{
    public const string Arrays =
        "ModelImport.Load and LoadStateDict read arrays that have the names of the parameters; write them from Python with "
        + "numpy.savez or safetensors.numpy.save_file.";

    public const string PyTorch =
        "ModelImport.Load and LoadStateDict read a module's state_dict: write one from Python with "
        + "torch.save(module.state_dict(), \"model.pt\") or "
        + "safetensors.torch.save_file(module.state_dict(), \"model.safetensors\").";

    public const string TorchScript =
        "A program would have to be executed. Write its tensors from Python with torch.save(torch.jit.load(path).state_dict(), "
        + "\"model.pt\"); ModelImport.Load and LoadStateDict read that file.";

    public const string Keras =
        "Read it with KerasModel.Import of the package Lstm.Keras; or write its weights from Python under the network's "
        + "parameter names with safetensors.numpy.save_file: weight_ih_l0 is the transposed kernel, weight_hh_l0 the transposed "
        + "recurrent kernel, bias_ih_l0 the bias (the gates' order is the same); LoadStateDict reads that file.";

    public const string TensorFlowJs =
        "Read model.json, with its .bin files beside it, by KerasModel.Import of the package Lstm.Keras.";

    public const string Onnx =
        "Read it with OnnxModel.Import of the package Lstm.Onnx; or write the tensors W, R and B of its LSTM nodes with "
        + "safetensors.numpy.save_file (ONNX has the gates in the order i o f c, this library i f g o); LoadStateDict reads that "
        + "file.";

    public const string TfLite =
        "Give the model that it was converted from. If there is only this one, convert it in Python with "
        + "tf2onnx.convert.from_tflite(path, output_path=\"model.onnx\"); OnnxModel.Import of the package Lstm.Onnx reads that "
        + "file.";

    public const string SavedModel =
        "Convert it in Python: tf.keras.models.load_model(folder).save(\"model.h5\") with TensorFlow up to 2.15, for "
        + "KerasModel.Import of the package Lstm.Keras; or python -m tf2onnx.convert --saved-model folder --output model.onnx, "
        + "for OnnxModel.Import of the package Lstm.Onnx.";

    public const string CoreMl =
        "Give the model that it was converted from. If there is only this one, convert it in Python with "
        + "onnxmltools.convert_coreml(coremltools.utils.load_spec(path)); OnnxModel.Import of the package Lstm.Onnx reads the "
        + "result.";

    public const string Gguf =
        "Write its tensors from Python under the network's parameter names: gguf.GGUFReader(path).tensors gives them, "
        + "safetensors.numpy.save_file writes the file that LoadStateDict reads.";

    public const string Json =
        "A description or an index has no tensors: give the safetensors file that belongs to it.";
}
