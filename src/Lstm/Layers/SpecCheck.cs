



using Lstm.Texts;

namespace Lstm.Layers;

/// <summary>Refuses values of a layer's spec, naming the layer, the property and what it has to be.</summary>
internal static class SpecCheck
{
    /// <summary>Most layers of a network, those of stacks counted one by one: what a file may ask for.</summary>
    public const int MaxLayers = 10_000;

    /// <summary>Most characters of a layer's name, which is a part of the names of all its parameters.</summary>
    public const int MaxNameLength = 256;

    public static void Rate(double rate, string layer, string property)
        => Check(
            rate is 0 || (rate >= 1e-30 && (float)rate < 1), layer, property, rate,
            "in 0 ≤ p < 1, as a float too, and not under 1e-30 unless 0");

    public static void Check(bool valid, string layer, string property, object? value, string wanted)
    {
        if (!valid)
        {
            throw new ArgumentException(
                InvariantText.Of(
                    $"{property} of layer '{Shortened.Text(layer)}' is {value ?? "null"}; it has to be {wanted}."), "layers");
        }
    }

    public static void Defined<TEnum>(TEnum value, string layer, string property)
        where TEnum : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            Check(false, layer, property, value, $"one of {string.Join(", ", Enum.GetNames<TEnum>())}");
        }
    }
}
