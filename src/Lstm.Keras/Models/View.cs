namespace Lstm.Keras.Models;

/// <summary>
/// Where the values of a tensor of Keras are among the values that our network carries at this place: in their order, in parts,
/// or as sums of parts. It makes skip connections a matter of the next kernel's rows.
/// </summary>
internal sealed class View
{
    /// <summary>Parts and their summands, at most.</summary>
    private const int MostParts = 4096;

    private View(IReadOnlyList<(int Length, int[] Offsets)> parts)
    {
        Parts = parts;
        long length = 0;
        foreach ((int part, _) in parts)
        {
            length += part;
        }

        if (length > int.MaxValue || parts.Sum(part => (long)part.Offsets.Length) > MostParts)
        {
            throw new InvalidDataException(
                $"A tensor of the model has {length} values of {parts.Count} parts by its skip connections; {MostParts} parts " +
                $"can be read.");
        }

        Length = (int)length;
    }

    /// <summary>Parts in the tensor's order: how long each is, and where its summands start.</summary>
    public IReadOnlyList<(int Length, int[] Offsets)> Parts { get; }

    /// <summary>Values of the tensor.</summary>
    public int Length { get; }

    /// <summary>Values that lie one after the other.</summary>
    public static View Of(int length, int offset = 0) => new([(length, [offset])]);

    public static View Concatenate(IEnumerable<View> views) => new([.. views.SelectMany(view => view.Parts)]);

    /// <summary>The sum of tensors of the same length.</summary>
    public static View Add(View one, View other)
    {
        List<(int, int[])> parts = [];
        (int i, int j, int inOne, int inOther) = (0, 0, 0, 0);
        while (i < one.Parts.Count && j < other.Parts.Count)
        {
            int length = Math.Min(one.Parts[i].Length - inOne, other.Parts[j].Length - inOther);
            (int a, int b) = (inOne, inOther);
            parts.Add((length, [.. one.Parts[i].Offsets.Select(at => at + a), .. other.Parts[j].Offsets.Select(at => at + b)]));
            (inOne, inOther) = (inOne + length, inOther + length);
            (i, inOne) = inOne == one.Parts[i].Length ? (i + 1, 0) : (i, inOne);
            (j, inOther) = inOther == other.Parts[j].Length ? (j + 1, 0) : (j, inOther);
        }

        return new View(parts);
    }

    /// <summary>The same values after others have been put in front of them.</summary>
    public View Behind(int count)
        => new([.. Parts.Select(part => (part.Length, Array.ConvertAll(part.Offsets, at => checked(at + count))))]);

    /// <summary>Whether the tensor is the first or all of the values, in their order.</summary>
    public bool IsFirst => Parts.Count == 1 && Parts[0].Offsets is [0];

    /// <summary>Whether none of its values is among the first ones.</summary>
    public bool IsBehind(int count) => Parts.All(part => part.Offsets.All(at => at >= count));

    /// <summary>Whether the tensor is all of so many values, in their order.</summary>
    public bool IsAll(int count) => IsFirst && Length == count;

    /// <summary>Whether the tensor is all of so many values, each once, in any order.</summary>
    public bool IsPermutation(int count)
    {
        if (Length != count || Parts.Any(part => part.Offsets.Length != 1))
        {
            return false;
        }

        int next = 0;
        foreach ((int length, int[] offsets) in Parts.Where(part => part.Length > 0).OrderBy(part => part.Offsets[0]))
        {
            if (offsets[0] != next)
            {
                return false;
            }

            next += length;
        }

        return true;
    }

    /// <summary>A kernel's rows for the tensor as rows for all of so many values; rows of other values are 0.</summary>
    /// <param name="kernel">[Length, columns].</param>
    /// <param name="columns">Values of a row.</param>
    /// <param name="count">Rows of the result.</param>
    public T[] Rows<T>(T[] kernel, int columns, int count)
        where T : unmanaged, System.Numerics.INumber<T>
    {
        if (IsAll(count))
        {
            return kernel;
        }

        T[] rows = new T[checked(count * columns)];
        int from = 0;
        foreach ((int length, int[] offsets) in Parts)
        {
            foreach (int offset in offsets)
            {
                for (int i = 0; i < length * columns; i++)
                {
                    rows[(offset * columns) + i] += kernel[(from * columns) + i];
                }
            }

            from += length;
        }

        return rows;
    }
}
