using System.Numerics;
using Lstm.Runtime;

namespace Lstm.Training.Optimizers;

/// <summary>Parameters and optimizer state as they were before a step, to go back to.</summary>
/// <param name="length">Length of the flat buffers.</param>
/// <param name="buffers">How many buffers of state there are.</param>
/// <param name="scalars">How many numbers there are in all.</param>
internal sealed class OptimizerCopy<T>(int length, int buffers, int scalars)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _parameters = new T[length];
    private readonly T[][] _buffers = [.. Enumerable.Range(0, buffers).Select(_ => new T[length])];
    private readonly double[] _scalars = new double[scalars];

    public void Take(ReadOnlySpan<T> parameters, AlignedBuffer<T>[] buffers, double[][] scalars)
    {
        parameters.CopyTo(_parameters);
        for (int b = 0; b < buffers.Length; b++)
        {
            buffers[b].Span[.._parameters.Length].CopyTo(_buffers[b]);
        }

        for (int s = 0; s < scalars.Length; s++)
        {
            scalars[s].CopyTo(_scalars.AsSpan(s * scalars[s].Length));
        }
    }

    public void PutBack(Span<T> parameters, AlignedBuffer<T>[] buffers, double[][] scalars)
    {
        _parameters.CopyTo(parameters);
        for (int b = 0; b < buffers.Length; b++)
        {
            _buffers[b].CopyTo(buffers[b].Span);
        }

        for (int s = 0; s < scalars.Length; s++)
        {
            _scalars.AsSpan(s * scalars[s].Length, scalars[s].Length).CopyTo(scalars[s]);
        }
    }
}
