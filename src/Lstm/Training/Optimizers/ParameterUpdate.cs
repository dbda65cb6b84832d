using System.Numerics;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Texts;

namespace Lstm.Training;

/// <summary>What a <see cref="CustomOptimizer{T}"/> changes in one call: a parameter, or a part of one, and its state.</summary>
/// <remarks>
/// All spans have one length and one order. If the optimizer is element by element, they are a part of the parameter in the
/// library's storage order and may contain padding: elements whose value, gradient and state are 0, and stay 0 whatever is
/// written. Otherwise they are the whole parameter, row by row, in the shape of <see cref="Parameter"/>.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public readonly ref struct ParameterUpdate<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T>[] _buffers;
    private readonly double[][] _scalars;
    private readonly int _index;
    private readonly int _first;

    internal ParameterUpdate(
        Parameter parameter,
        int index,
        Span<T> values,
        ReadOnlySpan<T> gradient,
        AlignedBuffer<T>[] buffers,
        int first,
        double[][] scalars,
        double learningRate,
        double weightDecay)
    {
        Values = values;
        Gradient = gradient;
        (Parameter, _index, _buffers, _first, _scalars) = (parameter, index, buffers, first, scalars);
        (LearningRate, WeightDecay) = (learningRate, weightDecay);
    }

    /// <summary>The parameter: its name and shape.</summary>
    public Parameter Parameter { get; }

    /// <summary>The parameter's values, to be changed in place.</summary>
    public Span<T> Values { get; }

    /// <summary>
    /// The gradient of each value, clipped; with the weight decay added under <see cref="WeightDecayKind.Gradient"/>.
    /// </summary>
    public ReadOnlySpan<T> Gradient { get; }

    /// <summary>The learning rate η: the optimizer's, times the schedule's factor, times the parameter's.</summary>
    public double LearningRate { get; }

    /// <summary>The parameter's weight decay λ.</summary>
    public double WeightDecay { get; }

    /// <summary>The state that belongs to the values, 0 at the start; to be changed in place.</summary>
    /// <param name="index">The buffer's index in the constructor's list of names.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such buffer.</exception>
    public Span<T> Buffer(int index)
        => _buffers[Checked(index, _buffers.Length)].Span.Slice(_first, Values.Length);

    /// <summary>The parameter's number, as <see cref="CustomOptimizer{T}.Advance"/> left it for this step.</summary>
    /// <param name="index">The number's index in the constructor's list of names.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such number.</exception>
    public double Scalar(int index) => _scalars[Checked(index, _scalars.Length)][_index];

    /// <summary>The parameter, the number of values, the learning rate and the weight decay.</summary>
    public override string ToString()
        => InvariantText.Of(
            $"{Parameter}: {Counted.Of(Values.Length, "value")}, learning rate {LearningRate}, weight decay {WeightDecay}");

    private static int Checked(int index, int count)
        => (uint)index < (uint)count
            ? index
            : throw new ArgumentOutOfRangeException(
                nameof(index), index, $"The optimizer's constructor named {count}; the index has to be below that.");
}
