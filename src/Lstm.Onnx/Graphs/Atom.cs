namespace Lstm.Onnx.Graphs;

/// <summary>What an axis is to a network.</summary>
internal enum AxisRole
{
    /// <summary>Not known yet: the first layer that needs to know says it.</summary>
    Unknown,

    /// <summary>The sequences.</summary>
    Batch,

    /// <summary>The steps.</summary>
    Time,

    /// <summary>The values of a step.</summary>
    Feature,

    /// <summary>The directions of an LSTM; its hidden units are the feature that follows.</summary>
    Direction,
}

/// <summary>
/// An axis that no operator divides. Axes of tensors are lists of atoms: reshaping only puts the brackets elsewhere.
/// </summary>
/// <param name="size">The number of its values; null if the file leaves it open.</param>
internal sealed class Atom(long? size)
{
    public long? Size => size;

    public AxisRole Role { get; set; }

    public static Atom Feature(long size) => new(size) { Role = AxisRole.Feature };
}

/// <summary>A number in a shape: a known one, or the size of axes.</summary>
/// <param name="Known">The number, if it is known.</param>
/// <param name="Atoms">The axes whose sizes' product it is, if not.</param>
internal readonly record struct Dim(long? Known, Atom[] Atoms)
{
    public static Dim Of(Atom[] group)
    {
        long product = 1;
        foreach (Atom atom in group)
        {
            if (atom.Size is not { } size || product > int.MaxValue)
            {
                return new Dim(null, group);
            }

            product *= size;
        }

        return new Dim(product, group);
    }

    public static Dim Of(long number) => new(number, []);
}
