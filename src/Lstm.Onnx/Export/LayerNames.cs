using System.Globalization;
using Lstm.Parameters;
using Lstm.Specs;

namespace Lstm.Onnx.Export;

/// <summary>Names of layers, as their parameters have them, and of what a file has for them.</summary>
internal static class LayerNames
{
    /// <summary>The names of a network's layers; layers without parameters need no unique one.</summary>
    public static string[] Of(IReadOnlyList<LayerSpec> specs, IReadOnlyList<Parameter> parameters)
    {
        string[] names = new string[specs.Count];
        int at = 0;
        for (int i = 0; i < names.Length; i++)
        {
            if (specs[i] is LstmSpec or DenseSpec or EmbeddingSpec or LayerNormSpec)
            {
                string prefix = parameters[at].Name[..(parameters[at].Name.IndexOf('.') + 1)];
                names[i] = prefix[..^1];
                while (at < parameters.Count && parameters[at].Name.StartsWith(prefix, StringComparison.Ordinal))
                {
                    at++;
                }
            }
            else
            {
                names[i] = specs[i].Name ?? specs[i].GetType().Name;
            }
        }

        return names;
    }

    /// <summary>The input with a state, <c>h</c> or <c>c</c>, of a layer of a stack.</summary>
    public static string State(string name, int layer, string state)
        => string.Create(CultureInfo.InvariantCulture, $"{name}_l{layer}_{state}");
}
