using System.Diagnostics;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Kernels.Products;

/// <summary>
/// A weight matrix, transposed for the backward pass: panels of its inputs, one row for each of its output columns.
/// </summary>
/// <remarks>The panels are reused until the parameters have another version.</remarks>
internal sealed unsafe class TransposedWeights<T>(PanelLayout outputs, int inputs)
    where T : unmanaged
{
    private readonly AlignedBuffer<T> _panels = new();
    private long _version = -1;

    /// <summary>The columns: the matrix's inputs.</summary>
    public PanelLayout Columns { get; } = PanelLayout.Plain<T>(inputs);

    /// <summary>The transposed weights, valid after <see cref="Update"/>.</summary>
    public T* Pointer => _panels.Pointer;

    /// <summary>Makes the next <see cref="Update"/> transpose its weights, whatever their version.</summary>
    public void Invalidate() => _version = -1;

    /// <summary>Transposes the weights if their version differs from that of the last call.</summary>
    // source: by panels of outputs [panel, inputs, width]. Result: [panel, padded outputs, width].
    public void Update(T* source, long version, WorkerTeam team)
    {
        if (version == _version)
        {
            return;
        }

        Debug.Assert(source != null, "There are no weights.");
        _panels.Reserve((long)Columns.PaddedColumns * outputs.PaddedColumns);
        Job job = new() { Inputs = inputs, Columns = Columns, Outputs = outputs, Source = source, Target = _panels.Pointer };
        team.Run(ref job);
        _version = version;
    }

    private struct Job : IJob
    {
        public required int Inputs;
        public required PanelLayout Columns;
        public required PanelLayout Outputs;
        public required T* Source;
        public required T* Target;

        public readonly long Work => (long)Columns.PaddedColumns * Outputs.PaddedColumns * JobWork.Element;

        public readonly int SharesFor(int workers) => Math.Min(workers, Outputs.PanelCount);

        // A share is a range of the outputs' panels.
        public readonly void Run(WorkShare share)
        {
            // SAFETY: the source is a parameter packed by Outputs with Inputs rows, PaddedColumns × Inputs values long; Update
            // has reserved the target for as many panels of Columns with a row for each padded output. Shares write disjoint rows
            // of it.
            (int first, int end) = share.Of(Outputs.PanelCount);
            for (int q = 0; q < Columns.PanelCount; q++)
            {
                int firstInput = Columns.Start(q);
                int width = Columns.Width(q);
                int real = Math.Min(width, Inputs - firstInput);
                for (int p = first; p < end; p++)
                {
                    int firstOutput = Outputs.Start(p);
                    int outputWidth = Outputs.Width(p);
                    T* from = Source + ((long)firstOutput * Inputs) + ((long)firstInput * outputWidth);
                    T* to = Target + ((long)firstInput * Outputs.PaddedColumns) + ((long)firstOutput * width);
                    Transposition<T>.Run(from, outputWidth, to, width, real, outputWidth);
                    for (int o = 0; real < width && o < outputWidth; o++)
                    {
                        new Span<T>(to + ((nint)o * width) + real, width - real).Clear();
                    }
                }
            }
        }
    }
}
