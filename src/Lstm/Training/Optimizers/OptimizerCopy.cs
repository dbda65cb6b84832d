using System.Numerics;
using Lstm.Runtime;

namespace Lstm.Training.Optimizers;

/// <summary>The parameters of one network and an optimizer's state as they were before a step, to return to.</summary>
internal sealed class OptimizerCopy<T>(OptimizerPart<T> part)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _parameters = new T[part.Network.Flat.Length];
    private readonly T[][] _buffers = [.. part.Buffers.Select(_ => new T[part.Network.Flat.Length])];
    private readonly double[] _scalars = new double[part.Scalars.Length * part.Network.Parameters.Count];

    public void Take()
    {
        part.Network.Flat.CopyTo(_parameters);
        AlignedBuffer<T>[] buffers = part.Buffers;
        for (int b = 0; b < buffers.Length; b++)
        {
            buffers[b].Span[.._parameters.Length].CopyTo(_buffers[b]);
        }

        double[][] scalars = part.Scalars;
        for (int s = 0; s < scalars.Length; s++)
        {
            scalars[s].CopyTo(_scalars.AsSpan(s * scalars[s].Length));
        }
    }

    public void PutBack()
    {
        _parameters.CopyTo(part.Network.Flat);
        AlignedBuffer<T>[] buffers = part.Buffers;
        for (int b = 0; b < buffers.Length; b++)
        {
            _buffers[b].CopyTo(buffers[b].Span);
        }

        double[][] scalars = part.Scalars;
        for (int s = 0; s < scalars.Length; s++)
        {
            _scalars.AsSpan(s * scalars[s].Length, scalars[s].Length).CopyTo(scalars[s]);
        }
    }
}
