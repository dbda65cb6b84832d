using System.Numerics;
using Lstm.Specs;

namespace Lstm.Formats.Foreign.Json;

/// <summary>A stack of LSTM layers.</summary>
/// <param name="source">Its name in the file.</param>
/// <param name="inputs">Values per step that it takes.</param>
/// <param name="units">H of each layer and direction.</param>
/// <param name="stack">The kernels of each layer, forward and, if there is one, reverse.</param>
internal sealed class JsonLstmLayer<T>(string source, int inputs, int units, IReadOnlyList<JsonKernels<T>[]> stack)
    : JsonLayer<T>(source, inputs, stack[0].Length * (stack[0][0].Projection?.Shape[0] ?? units))
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private bool Learns => stack[0][0].InitialHidden is not null;

    public int Layers => stack.Count;

    public bool IsProjected => stack[0][0].Projection is not null;

    /// <summary>Whether each layer's input follows its output, so that the network's input reaches the last layer.</summary>
    public bool CarriesInput { get; set; }

    /// <summary>How many inputs follow those of the file: values that passed by the layers before.</summary>
    public int Carried { get; set; }

    public override LayerSpec ToSpec() => new LstmSpec(units)
    {
        Layers = stack.Count,
        Direction = stack[0].Length == 2 ? LstmDirection.Bidirectional : LstmDirection.Forward,
        Bias = stack[0][0].Biases,
        LearnInitialState = Learns,
        Projection = stack[0][0].Projection is { } projection ? new LstmProjection(projection.Shape[0]) : null,
        Shortcut = CarriesInput ? LstmShortcut.Concatenate : LstmShortcut.None,
    };

    public override void Write(NetworkDraft<T> draft, string name)
    {
        // A layer's input is the output of the layer before, then all that passed by that one.
        int carried = Carried, passing = CarriesInput ? Inputs + Carried : 0;
        for (int layer = 0; layer < stack.Count; layer++)
        {
            for (int direction = 0; direction < stack[layer].Length; direction++)
            {
                stack[layer][direction].Write(draft, name, layer, direction == 1, Learns, carried);
            }

            carried = passing;
            passing += CarriesInput ? Outputs : 0;
        }
    }
}
