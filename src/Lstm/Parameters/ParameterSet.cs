using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Runtime;
using Lstm.Texts;

namespace Lstm.Parameters;

/// <summary>
/// The values of a network's parameters, the version of the values, and the locks of the calls that write to them.
/// </summary>
internal sealed unsafe class ParameterSet<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T> _values;
    private readonly Use _writing = new();

    /// <summary>Makes the values of a complete layout, all zero.</summary>
    public ParameterSet(ParameterLayout layout)
    {
        Layout = layout;
        _values = new AlignedBuffer<T>(layout.Length);
        HasStatistics = layout.All.Any(parameter => parameter.IsStatistic);
    }

    public ParameterLayout Layout { get; }

    /// <summary>Whether there are running averages: those of batch norm.</summary>
    public bool HasStatistics { get; }

    /// <summary>Counts the writes to the values.</summary>
    public long Version { get; private set; }

    /// <summary>
    /// Held by a call that writes to the values and by one that copies all of them: a copy has the values of one version. Passes
    /// do not take it.
    /// </summary>
    public Lock Lock { get; } = new();

    /// <summary>The values, padding included. Whoever writes calls <see cref="Touch"/>.</summary>
    public Span<T> Flat => _values.Span[..Layout.Length];

    // SAFETY: the buffer has Layout.Length values and is never reserved again, so that the pointer stays valid as long as this
    // object is reachable; passes keep their network, which holds it, alive.
    /// <summary>The first of the values.</summary>
    public T* Pointer => _values.Pointer;

    /// <summary>Copies out one parameter, in PyTorch's layout.</summary>
    /// <exception cref="ArgumentException">There is no such parameter.</exception>
    public Tensor<T> Read(string name) => Layout.Read<T>(name, Flat);

    /// <summary>Overwrites one parameter, given in PyTorch's layout.</summary>
    /// <exception cref="ArgumentException">There is no such parameter, or the tensor has another shape.</exception>
    /// <exception cref="InvalidOperationException">Another call is writing.</exception>
    public void Write(string name, in ReadOnlyTensorSpan<T> tensor)
    {
        using Use.Taking writing = TakeForWriting();
        lock (Lock)
        {
            Layout.Write(name, tensor, Flat);
            Touch();
        }
    }

    /// <summary>Copies out one parameter, in PyTorch's layout, row by row.</summary>
    /// <exception cref="ArgumentException">There is no such parameter, or the room is not as long as it.</exception>
    public void Read(string name, Span<T> destination) => Layout.Read(name, Flat, destination);

    /// <summary>Overwrites one parameter, given in PyTorch's layout, row by row.</summary>
    /// <exception cref="ArgumentException">There is no such parameter, or there are more or fewer values.</exception>
    /// <exception cref="InvalidOperationException">Another call is writing.</exception>
    public void Write(string name, ReadOnlySpan<T> values)
    {
        using Use.Taking writing = TakeForWriting();
        lock (Lock)
        {
            Layout.Write(name, values, Flat);
            Touch();
        }
    }

    /// <summary>Freezes a parameter or lets it be trained.</summary>
    /// <exception cref="ArgumentException">There is no such parameter, or it is a statistic that is to be trained.</exception>
    public void SetTrainable(string name, bool trainable)
    {
        Parameter parameter = Layout.Find(name);
        if (trainable && parameter.IsStatistic)
        {
            throw new ArgumentException(
                $"Parameter '{Shortened.Text(name)}' is a running average of batch norm and cannot be trained.",
                nameof(trainable));
        }

        parameter.Trainable = trainable;
    }

    /// <summary>A copy of the values, of one version.</summary>
    public T[] Copy()
    {
        lock (Lock)
        {
            return Flat.ToArray();
        }
    }

    /// <summary>Overwrites all values.</summary>
    public void Set(ReadOnlySpan<T> values)
    {
        lock (Lock)
        {
            values.CopyTo(Flat);
            Touch();
        }
    }

    /// <summary>Takes the values, of one version, and the frozen parameters of another set of the same layout.</summary>
    public void CopyFrom(ParameterSet<T> source)
    {
        lock (source.Lock)
        {
            source.Flat.CopyTo(Flat);
        }

        Touch();
        for (int i = 0; i < Layout.All.Count; i++)
        {
            Layout.All[i].Trainable = source.Layout.All[i].Trainable;
        }
    }

    /// <summary>Takes the parameters for a call that writes to them. Passes do not ask: they read what is there.</summary>
    /// <exception cref="InvalidOperationException">Another call is writing.</exception>
    public Use.Taking TakeForWriting() => Use.Take(
        _writing, "The network",
        "Only one call at a time can write to the parameters: train a network on one thread, and use a Clone on other threads.");

    /// <summary>Notes that the values have changed.</summary>
    public void Touch() => Version++;
}
