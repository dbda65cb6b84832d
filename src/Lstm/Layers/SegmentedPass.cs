using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>
/// A forward and a backward pass over a batch cut into segments of steps: the forward pass keeps the output's rows and the states
/// between the segments, the backward pass computes each segment again before it goes back through it (Chen et al. 2016, Gruslys
/// et al. 2016).
/// </summary>
/// <remarks>
/// The bits are those of an uncut pass. States and dc cross a cut as values; dh, whose chain starts from an output's gradient
/// that is not known yet when the later segment is done, crosses as the dz that it goes on with
/// (<see cref="RecurrentBackward{T}"/>); the chains of parameters' gradients take the rows in the same order, last step first.
/// </remarks>
/// <param name="firstState">Index of the first state of what is cut.</param>
/// <param name="stateCount">How many states it has.</param>
/// <param name="reverse">Whether it reads from the last step to the first.</param>
// SAFETY: RowBlocks.Set cuts the steps of the input's shape, so that RowsOf gives rows of the input. RecomputedLayers and
// LstmLayer, which run it, pass an output and gradients with all of the input's rows, OutputStride and Features values apart.
internal abstract unsafe class SegmentedPass<T>(int firstState, int stateCount, bool reverse)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The states before each segment in reading order, and after the last one.</summary>
    private readonly AlignedBuffer<T> _states = new();
    private readonly SequenceShape _segment = new();
    private readonly RowBlocks _segments = new();

    // Sequences without steps are a segment too.
    private int Count => Math.Max(1, _segments.Count);

    /// <summary>Values from one row of the output to the next.</summary>
    protected abstract int OutputStride { get; }

    /// <summary>Writes the output's rows.</summary>
    public void Forward(in Pass<T> pass, Rows<T> input, T* output)
    {
        Debug.Assert(output != null || input.Count == 0, "There is no room for the output.");
        NetworkState<T> carried = pass.Resources.ReserveCarriedState(input.Shape.Count);
        Span<T> states = carried.Entries(firstState, stateCount);
        _segments.Set(input.Shape, 0, input.Shape.StepCount, pass.SegmentSteps!.Value);
        _states.Reserve((Count + 1L) * states.Length);
        pass.Initial?.Entries(firstState, stateCount).CopyTo(State(0, states.Length));
        for (int s = 0; s < Count; s++)
        {
            Rows<T> rows = RowsOf(input, s, out int firstRow);
            ForwardSegment(PassOf(pass, input.Shape, s, firstRow), rows);
            CopyOutput(output + ((nint)firstRow * OutputStride));
            TakeState(carried);
            states.CopyTo(State(s + 1, states.Length));
        }
    }

    /// <summary>As <see cref="Layer{T}.Backward"/>.</summary>
    public void Backward(in Pass<T> pass, Rows<T> input, T* outputGradient, T* inputGradient, T* gradient)
    {
        Debug.Assert(outputGradient != null || input.Count == 0, "There is no gradient of the output.");
        for (int s = Count - 1; s >= 0; s--)
        {
            Rows<T> rows = RowsOf(input, s, out int firstRow);
            Pass<T> segment = PassOf(pass, input.Shape, s, firstRow);

            // The last segment is still there.
            if (s < Count - 1)
            {
                ForwardSegment(segment, rows);
            }

            T* dx = inputGradient == null ? null : inputGradient + ((nint)firstRow * input.Features);
            BackwardSegment(segment, rows, outputGradient + ((nint)firstRow * OutputStride), dx, gradient);
        }
    }

    /// <summary>Writes the states after each sequence's last step.</summary>
    public void TakeFinalState(NetworkState<T> state)
    {
        Span<T> target = state.Entries(firstState, stateCount);
        State(Count, target.Length).CopyTo(target);
    }

    protected abstract void ForwardSegment(in Pass<T> pass, Rows<T> rows);

    protected abstract void BackwardSegment(in Pass<T> pass, Rows<T> rows, T* outputGradient, T* inputGradient, T* gradient);

    /// <summary>Copies the output's rows of the segment at hand.</summary>
    protected abstract void CopyOutput(T* output);

    /// <summary>Copies the states after the segment at hand.</summary>
    protected abstract void TakeState(NetworkState<T> state);

    private Span<T> State(int segment, int length) => _states.Span.Slice(segment * length, length);

    // The place of the index-th segment in reading order.
    private int PlaceOf(int index) => reverse ? Count - 1 - index : index;

    private Rows<T> RowsOf(Rows<T> input, int index, out int firstRow)
    {
        int place = PlaceOf(index);
        int first = _segments.Start(place);
        _segment.SetSteps(input.Shape, first, (place < _segments.Count ? _segments.Start(place + 1) : first) - first);
        firstRow = input.Shape.Offset(first);
        T* rows = input.Pointer == null ? null : input.Pointer + ((nint)firstRow * input.Features);
        return new Rows<T>(rows, input.Features, _segment);
    }

    // The pass over it: the state before it, and what lies on both sides.
    private Pass<T> PassOf(in Pass<T> pass, SequenceShape whole, int index, int firstRow)
    {
        int first = _segments.Start(PlaceOf(index));
        int before = first == 0 ? 0 : whole.Live(first);
        int after = whole.Live(first + _segment.StepCount);
        NetworkState<T>? initial = null;
        if (index > 0 || pass.Initial is not null)
        {
            initial = pass.Resources.ReserveCarriedState(whole.Count);
            Span<T> states = initial.Entries(firstState, stateCount);
            State(index, states.Length).CopyTo(states);
        }

        return pass with
        {
            Initial = initial,
            Ids = pass.Ids == null ? null : pass.Ids + firstRow,
            Segment = reverse ? new Segment(after, before) : new Segment(before, after),
        };
    }
}
