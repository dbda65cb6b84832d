using Lstm.Specs;
using Lstm.Tests.Support;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Lstm.Onnx.Tests;

/// <summary>A layer normalisation of the first values alone, as skip connections need it, in ONNX Runtime.</summary>
public class PartialNormTests
{
    [Fact]
    public void Values_behind_the_normalised_ones_pass_in_ONNX_Runtime_too()
    {
        Network<float> network = Network.Create(
            3, seed: 5, new LstmSpec(4) { Shortcut = LstmShortcut.Concatenate },
            new LayerNormSpec { Features = 4, Epsilon = 0.01 }, new DenseSpec(2));
        network.WriteParameter("norm.weight", new float[] { 1, 2, -1, 0.5f }.AsSpan());
        network.WriteParameter("norm.bias", new float[] { 0.1f, 0.2f, 0.3f, 0.4f }.AsSpan());
        MemoryStream file = new();
        OnnxModel.Export(network, file);
        float[] x = [.. Enumerable.Range(0, 15).Select(i => MathF.Sin(i))];
        using InferenceSession session = new(file.ToArray());
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs =
            session.Run([NamedOnnxValue.CreateFromTensor("input", new DenseTensor<float>(x, [1, 5, 3]))]);
        double[] expected = [.. outputs[0].AsTensor<float>().Select(value => (double)value)];
        Close.Within<float>(
            expected, network.Predict(SequenceBatch.FromSequences<float>([x], 3)).GetSequence(0), new(1e-5), "output");
    }
}
