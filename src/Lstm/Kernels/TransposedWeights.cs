namespace Lstm.Kernels;

/// <summary>A weight matrix turned for the backward pass: panels of its inputs, one row for each of its output columns.</summary>
/// <remarks>Kept until the parameters' version differs.</remarks>
internal sealed unsafe class TransposedWeights<T>(PanelLayout outputs, int inputs)
    where T : unmanaged
{
    private readonly AlignedBuffer<T> _panels = new();
    private long _version = -1;

    /// <summary>The columns: the matrix's inputs.</summary>
    public PanelLayout Columns { get; } = PanelLayout.Plain<T>(inputs);

    public T* Pointer => _panels.Pointer;

    // source: by panels of outputs [panel, inputs, width]. Result: [panel, padded outputs, width].
    public void Update(T* source, long version)
    {
        if (version == _version)
        {
            return;
        }

        _panels.Reserve((long)Columns.PaddedColumns * outputs.PaddedColumns);
        for (int q = 0; q < Columns.PanelCount; q++)
        {
            int firstInput = Columns.Start(q);
            int width = Columns.Width(q);
            int real = Math.Min(width, inputs - firstInput);
            for (int p = 0; p < outputs.PanelCount; p++)
            {
                int firstOutput = outputs.Start(p);
                int outputWidth = outputs.Width(p);
                T* from = source + ((long)firstOutput * inputs) + ((long)firstInput * outputWidth);
                T* to = _panels.Pointer + ((long)firstInput * outputs.PaddedColumns) + ((long)firstOutput * width);
                Turn(from, outputWidth, to, width, real);
            }
        }

        _version = version;
    }

    // to[o, i] = from[i, o], four outputs (of which there are whole lines) at a time; zeros beyond the real inputs.
    private static void Turn(T* from, nint outputs, T* to, nint width, nint real)
    {
        for (nint o = 0; o < outputs; o += 4, to += 4 * width, from += 4)
        {
            T* row1 = to + width;
            T* row2 = row1 + width;
            T* row3 = row2 + width;
            T* source = from;
            for (nint i = 0; i < real; i++, source += outputs)
            {
                to[i] = source[0];
                row1[i] = source[1];
                row2[i] = source[2];
                row3[i] = source[3];
            }

            for (nint i = real; i < width; i++)
            {
                to[i] = row1[i] = row2[i] = row3[i] = default;
            }
        }
    }
}
