using Lstm.Simd;

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
            if (real < width)
            {
                ClearPadding(_panels.Pointer + ((long)firstInput * outputs.PaddedColumns), width, real);
            }

            for (int p = 0; p < outputs.PanelCount; p++)
            {
                int firstOutput = outputs.Start(p);
                int outputWidth = outputs.Width(p);
                T* from = source + ((long)firstOutput * inputs) + ((long)firstInput * outputWidth);
                T* to = _panels.Pointer + ((long)firstInput * outputs.PaddedColumns) + ((long)firstOutput * width);
                Transposition<T>.Run(from, outputWidth, to, width, real, outputWidth);
            }
        }

        _version = version;
    }

    private void ClearPadding(T* panel, int width, int real)
    {
        for (int o = 0; o < outputs.PaddedColumns; o++)
        {
            new Span<T>(panel + ((nint)o * width) + real, width - real).Clear();
        }
    }
}
