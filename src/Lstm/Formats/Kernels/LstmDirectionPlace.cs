using Lstm.Parameters;
using Lstm.Texts;

namespace Lstm.Formats.Kernels;

/// <summary>The parameters of one direction of one LSTM layer of a network.</summary>
internal sealed class LstmDirectionPlace
{
    private LstmDirectionPlace(Dictionary<string, Parameter> parameters, string text) => (Parameters, Text) = (parameters, text);

    /// <summary>PyTorch's names of the parameters that kernels go to, without layer, number and direction.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_ch", "weight_hr"];

    /// <summary>By PyTorch's name without layer, number and direction: <c>weight_ih</c>.</summary>
    public Dictionary<string, Parameter> Parameters { get; }

    /// <summary>The direction, as messages name it.</summary>
    public string Text { get; }

    public int Inputs => Parameters["weight_ih"].Shape[1];

    public int Units => Parameters["weight_ih"].Shape[0] / 4;

    /// <summary>Values of the hidden state.</summary>
    public int Hidden => Parameters["weight_hh"].Shape[1];

    public int Biases => Parameters.ContainsKey("bias_hh") ? 2 : Parameters.ContainsKey("bias_ih") ? 1 : 0;

    /// <exception cref="ArgumentException">The network has no such direction.</exception>
    public static LstmDirectionPlace Find(IReadOnlyList<Parameter> parameters, string layer, int stackLayer, bool reverse)
    {
        ArgumentNullException.ThrowIfNull(layer);
        ArgumentOutOfRangeException.ThrowIfNegative(stackLayer);
        string end = InvariantText.Of($"_l{stackLayer}{(reverse ? "_reverse" : string.Empty)}"), start = layer + ".";
        Dictionary<string, Parameter> found = [];
        foreach (Parameter parameter in parameters)
        {
            if (parameter.Name.StartsWith(start, StringComparison.Ordinal)
                && parameter.Name.EndsWith(end, StringComparison.Ordinal))
            {
                found.TryAdd(parameter.Name[start.Length..^end.Length], parameter);
            }
            else if (found.Count > 0 && !parameter.Name.StartsWith(start, StringComparison.Ordinal))
            {
                // A layer's parameters follow each other.
                break;
            }
        }

        if (found.ContainsKey("weight_ih"))
        {
            return new(found, $"{layer}.*{end}");
        }

        string[] names =
        [
            .. parameters.Select(parameter => parameter.Name)
                .Where(name => name.Contains("weight_ih_l", StringComparison.Ordinal)),
        ];
        throw new ArgumentException(
            $"The network has no parameter '{Shortened.Text($"{start}weight_ih{end}")}'; its LSTM layers have "
            + $"{Shortened.List(names)}. "
            + "Give one of these layers, its number in its stack from 0 on, and its direction.", nameof(layer));
    }
}
