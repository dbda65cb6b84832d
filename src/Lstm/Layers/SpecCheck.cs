namespace Lstm.Layers;

/// <summary>Refuses values of a layer's spec, naming the layer, the property and what it has to be.</summary>
internal static class SpecCheck
{
    public static void Rate(double rate, string layer, string property)
        => Check(rate is 0 or (>= 1e-30 and < 1), layer, property, rate, "in 0 ≤ p < 1, and not under 1e-30 unless 0");

    public static void Check(bool valid, string layer, string property, object? value, string wanted)
    {
        if (!valid)
        {
            throw new ArgumentException($"{property} of layer '{layer}' is {value}; it has to be {wanted}.", "layers");
        }
    }
}
