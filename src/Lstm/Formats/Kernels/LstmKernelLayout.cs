using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>
/// How another program lays out the kernels of an LSTM layer: the order of the gates, and which axis the gates lie on.
/// </summary>
/// <remarks>
/// PyTorch writes <c>ifgo</c>, gates by inputs; Keras <c>ifco</c>, inputs by gates; ONNX <c>iofc</c>, gates by inputs; TensorFlow
/// 1's LSTMCell <c>ijfo</c>, inputs by gates, one joined kernel, a forget bias of 1 added at run time; haste <c>igfo</c>, inputs
/// by gates.
/// </remarks>
public sealed record LstmKernelLayout
{
    /// <summary>The gates by inputs, in the order i f g o: PyTorch's layout, and that of this library's parameters.</summary>
    public static LstmKernelLayout PyTorch { get; } = new();

    /// <summary>The inputs by gates, in the order i f c o: Keras's layout.</summary>
    public static LstmKernelLayout Keras { get; } = new() { Gates = "ifco", InputsByGates = true };

    /// <summary>The gates by inputs, in the order i o f c: ONNX's layout. Peepholes are in the order i o f.</summary>
    public static LstmKernelLayout Onnx { get; } = new() { Gates = "iofc" };

    /// <summary>
    /// The order of the gates: a permutation of <c>i</c> (input), <c>f</c> (forget), <c>g</c> (candidate) and <c>o</c> (output).
    /// <c>c</c> and <c>j</c> are other names of <c>g</c>. Peepholes have the same order without the candidate. Default
    /// <c>ifgo</c>.
    /// </summary>
    public string Gates { get; init; } = "ifgo";

    /// <summary>
    /// Whether a kernel is [inputs, 4H] instead of [4H, inputs]; for separate gates [inputs, H] instead of [H, inputs]. A
    /// projection is then [H, P] instead of [P, H]. Default false.
    /// </summary>
    public bool InputsByGates { get; init; }

    /// <summary>
    /// A forget bias that the other program adds at run time and does not store. It is added to the forget gate's bias when
    /// kernels are written, and subtracted when they are read. Default 0.
    /// </summary>
    public double ForgetBias { get; init; }

    /// <summary>The properties that differ from their defaults, as C#.</summary>
    public override string ToString() => new CodeText(nameof(LstmKernelLayout))
        .Add(nameof(Gates), Gates, "ifgo")
        .Add(nameof(InputsByGates), InputsByGates, false)
        .Add(nameof(ForgetBias), ForgetBias, 0)
        .ToString();

    /// <summary>Where each of the gates i f g o stands in <see cref="Gates"/>; null if that is no permutation of them.</summary>
    internal int[]? Places()
    {
        string gates = (Gates ?? string.Empty).Replace('c', 'g').Replace('j', 'g');
        int[] places = [gates.IndexOf('i'), gates.IndexOf('f'), gates.IndexOf('g'), gates.IndexOf('o')];
        return gates.Length == 4 && Array.TrueForAll(places, place => place >= 0) ? places : null;
    }

    /// <summary>Where each of the gates i f o stands among the peepholes.</summary>
    internal static int[] PeepholePlaces(int[] places)
    {
        int candidate = places[2];
        return [After(places[0]), After(places[1]), After(places[3])];

        int After(int place) => place > candidate ? place - 1 : place;
    }
}
