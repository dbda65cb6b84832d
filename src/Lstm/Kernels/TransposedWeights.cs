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
                for (int o = 0; o < outputWidth; o++, to += width)
                {
                    for (int i = 0; i < real; i++)
                    {
                        to[i] = from[((nint)i * outputWidth) + o];
                    }

                    for (int i = real; i < width; i++)
                    {
                        to[i] = default;
                    }
                }
            }
        }

        _version = version;
    }
}
