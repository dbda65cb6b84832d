using System.Numerics;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Texts;

namespace Lstm.Training;

/// <summary>The parameter, or part of a parameter, that a <see cref="CustomOptimizer{T}"/> updates in one call.</summary>
/// <remarks>
/// All spans have the same length and order. For an optimizer that is element by element, the spans are a part of the parameter
/// in the library's storage order and may contain padding: elements whose value, gradient and state are 0, and stay 0 whatever
/// is written. For other optimizers, the spans are the whole parameter, row by row, in the shape of <see cref="Parameter"/>.
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

    /// <summary>The name and the shape of the parameter.</summary>
    public Parameter Parameter { get; }

    /// <summary>The parameter's values, which the update changes in place.</summary>
    public Span<T> Values { get; }

    /// <summary>
    /// The clipped gradient of each value. Under <see cref="WeightDecayKind.Gradient"/> it includes the weight decay.
    /// </summary>
    public ReadOnlySpan<T> Gradient { get; }

    /// <summary>The learning rate η: the optimizer's, times the schedule's factor, times the parameter's.</summary>
    public double LearningRate { get; }

    /// <summary>The parameter's weight decay λ.</summary>
    public double WeightDecay { get; }

    /// <summary>Gets a state buffer, one element for each value, which starts at 0 and is changed in place.</summary>
    /// <param name="index">The buffer's index in the constructor's list of names.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such buffer.</exception>
    public Span<T> Buffer(int index)
        => _buffers[Checked(index, _buffers.Length)].Span.Slice(_first, Values.Length);

    /// <summary>Gets a scalar of the parameter, as <see cref="CustomOptimizer{T}.Advance"/> set it for this step.</summary>
    /// <param name="index">The scalar's index in the constructor's list of names.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such scalar.</exception>
    public double Scalar(int index) => _scalars[Checked(index, _scalars.Length)][_index];

    /// <summary>Returns the parameter, the number of values, the learning rate and the weight decay as text.</summary>
    public override string ToString()
        => InvariantText.Of(
            $"{Parameter}: {Counted.Of(Values.Length, "value")}, learning rate {LearningRate}, weight decay {WeightDecay}");

    private static int Checked(int index, int count)
        => (uint)index < (uint)count
            ? index
            : throw new ArgumentOutOfRangeException(
                nameof(index), index, $"The optimizer's constructor declared {count} names; the index has to be below {count}.");
}
