using System.Numerics;
using Lstm.Formats;
using Lstm.Onnx.Graphs;

namespace Lstm.Onnx;

/// <summary>A network read from an ONNX file, and how the file's inputs and outputs belong to it.</summary>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class OnnxImport<T> : ModelImport<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Func<IReadOnlyList<OnnxTensor>, OnnxTensor[]> _run;

    internal OnnxImport(Network<T> network, ImportReport report, GraphSignature signature)
        : base(network, report)
    {
        _run = new GraphRun<T>(network, signature).Run;
        InputName = signature.Input.Name;
        LengthsName = signature.Lengths;
        OutputNames = [.. signature.Sequences.Select(output => output.Name), .. signature.States.Select(output => output.Name)];
    }

    internal OnnxImport(
        Network<T> network, ImportReport report, string input, string? lengths, IReadOnlyList<string> outputs,
        Func<IReadOnlyList<OnnxTensor>, OnnxTensor[]> run)
        : base(network, report)
    {
        (InputName, LengthsName, OutputNames, _run) = (input, lengths, outputs, run);
    }

    /// <summary>The name of the graph's input that the network reads.</summary>
    public string InputName { get; }

    /// <summary>
    /// The name of the graph's tensor with the lengths of the sequences, an input or one that the graph computes; null if it has
    /// none.
    /// </summary>
    public string? LengthsName { get; }

    /// <summary>The names of the graph's outputs that <see cref="Run"/> gives: the network's output, and final states.</summary>
    public IReadOnlyList<string> OutputNames { get; }

    /// <summary>Runs the network on tensors in the form of the file's graph, for comparisons with other programs.</summary>
    /// <remarks>
    /// Rows past a sequence's length are 0. After a sequence of length 0 the final state is the initial one, where ONNX Runtime
    /// gives zeros.
    /// </remarks>
    /// <param name="inputs">
    /// The inputs by name: the sequences, and lengths and initial states if the graph has them. Others are not read.
    /// </param>
    /// <returns>The outputs of <see cref="OutputNames"/>.</returns>
    /// <exception cref="ArgumentException">An input is missing or has a wrong shape.</exception>
    public IReadOnlyList<OnnxTensor> Run(params IReadOnlyList<OnnxTensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return _run(inputs);
    }
}
