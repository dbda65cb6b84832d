namespace Lstm.Formats.Kernels;

/// <summary>
/// Where the values of gates lie in another program's arrays: the only place that knows an order or a transposition.
/// </summary>
/// <param name="places">Where each of our gates stands among the other program's.</param>
/// <param name="inputsByGates">Whether the matrices are [inputs, gates].</param>
/// <param name="isSeparate">Whether each gate has an array of its own.</param>
/// <param name="units">Units H of a gate.</param>
/// <param name="inputs">All inputs of the matrix.</param>
internal readonly struct KernelIndex(int[] places, bool inputsByGates, bool isSeparate, int units, int inputs)
{
    /// <summary>Values in each of the arrays.</summary>
    public long Length => (long)(isSeparate ? 1 : places.Length) * units * inputs;

    /// <summary>How many arrays there are.</summary>
    public int Arrays => isSeparate ? places.Length : 1;

    /// <summary>The array of one of our gates, and the index of one of its values.</summary>
    public (int Array, int Index) Of(int gate, int unit, int input)
    {
        int row = (isSeparate ? 0 : places[gate] * units) + unit;
        int rows = (isSeparate ? 1 : places.Length) * units;
        return (isSeparate ? places[gate] : 0, inputsByGates ? (input * rows) + row : (row * inputs) + input);
    }

    /// <summary>The shape of all gates, as messages name it.</summary>
    public string Shape(string name)
    {
        int rows = (isSeparate ? 1 : places.Length) * units;
        string shape = inputs == 1 && name.Contains("ias", StringComparison.Ordinal) || name == "Peephole" ? $"[{rows}]"
            : inputsByGates ? $"[{inputs}, {rows}]" : $"[{rows}, {inputs}]";
        return isSeparate ? $"{places.Length} spans of {shape}" : shape;
    }
}
