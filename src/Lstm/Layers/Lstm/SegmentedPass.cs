using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>
/// Layers that work step by step, or one direction of an LSTM layer, over a batch cut into segments of steps: the forward pass keeps the
/// output's rows and the states between the segments, the backward pass computes each segment again before it goes back through it
/// (Chen et al. 2016, Gruslys et al. 2016).
/// </summary>
/// <remarks>
/// The bits are those of an uncut pass. States and dc cross a cut as values; dh, whose chain starts from an output's gradient
/// that is not known yet when the later segment is done, crosses as the dz that it goes on with
/// (<see cref="RecurrentBackward{T}"/>); the sums of parameters' gradients take the rows in the same order, last step first, and
/// the same blocks of them, since segments are whole blocks.
/// </remarks>
internal sealed unsafe class SegmentedPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Layer<T>[] _layers;
    private readonly LayerTape<T>[] _tapes;
    private readonly int? _direction;
    private readonly bool _reverse;
    private readonly int _firstState;
    private readonly int _stateCount;
    private readonly AlignedBuffer<T>[] _gradients = [new(), new()];

    /// <summary>The states before each segment in reading order, and after the last one.</summary>
    private readonly AlignedBuffer<T> _states = new();
    private readonly SequenceShape _segment = new();
    private readonly RowBlocks _segments = new();

    /// <summary>Makes one for layers that read forward, with room for a segment of each.</summary>
    public SegmentedPass(Layer<T>[] layers, LayerTape<T>[] tapes)
    {
        (_layers, _tapes) = (layers, tapes);
        _firstState = layers.First(layer => layer.StateCount > 0).FirstState;
        _stateCount = layers.Sum(layer => layer.StateCount);
    }

    /// <summary>Makes one for a direction of a layer, with room for a segment, which may be shared with the other direction.</summary>
    public SegmentedPass(LstmLayer<T> layer, LayerTape<T> tape, int direction)
    {
        (_layers, _tapes, _direction) = ([layer], [tape], direction);
        _reverse = ((LstmTape<T>)tape).Directions[direction].Plan.Reverse;
        (_firstState, _stateCount) = (layer.FirstState + direction, 1);
    }

    private int OutputSize => _layers[^1].OutputSize;

    // Sequences without steps are a segment too.
    private int SegmentCount => Math.Max(1, _segments.Count);

    /// <summary>Writes the output's rows; those of a direction only in its columns.</summary>
    public void Forward(in Pass<T> pass, Rows<T> input, T* output)
    {
        NetworkState<T> carried = pass.Resources.ReserveCarriedState(input.Shape.Count);
        Span<T> states = carried.Entries(_firstState, _stateCount);
        _segments.Set(input.Shape, 0, input.Shape.StepCount, pass.SegmentSteps!.Value);
        _states.Reserve((SegmentCount + 1L) * states.Length);
        pass.Initial?.Entries(_firstState, _stateCount).CopyTo(State(0, states.Length));
        for (int s = 0; s < SegmentCount; s++)
        {
            Part part = PartOf(pass, input, s);
            RunLayers(part.Pass, part.Rows);
            CopyOutput(output + ((nint)part.FirstRow * OutputSize));
            TakeState(carried);
            states.CopyTo(State(s + 1, states.Length));
        }
    }

    /// <summary>As <see cref="Layer{T}.Backward"/>.</summary>
    public void Backward(in Pass<T> pass, Rows<T> input, T* outputGradient, T* inputGradient, T* gradient)
    {
        for (int s = SegmentCount - 1; s >= 0; s--)
        {
            Part part = PartOf(pass, input, s);

            // The last segment is still there, unless the other direction has had its room since.
            if (s < SegmentCount - 1 || _direction is not null)
            {
                RunLayers(part.Pass, part.Rows);
            }

            T* dy = outputGradient + ((nint)part.FirstRow * OutputSize);
            for (int i = _layers.Length - 1; i >= 0; i--)
            {
                Rows<T> x = i > 0 ? _tapes[i - 1].OutputRows(_layers[i].InputSize) : part.Rows;
                T* dx = i > 0 ? Gradient(i, (long)x.Count * x.Features)
                    : inputGradient == null ? null : inputGradient + ((nint)part.FirstRow * x.Features);
                _layers[i].Backward(part.Pass, x, _tapes[i], dy, dx, gradient);
                dy = dx;
            }
        }
    }

    /// <summary>Writes the states after each sequence's last step.</summary>
    public void TakeFinalState(NetworkState<T> state)
    {
        Span<T> target = state.Entries(_firstState, _stateCount);
        State(SegmentCount, target.Length).CopyTo(target);
    }

    private Span<T> State(int segment, int length) => _states.Span.Slice(segment * length, length);

    /// <summary>A segment, the <paramref name="index"/>-th in reading order: its rows, the state before it, what lies on both sides.</summary>
    private Part PartOf(in Pass<T> pass, Rows<T> input, int index)
    {
        SequenceShape whole = input.Shape;
        int place = _reverse ? SegmentCount - 1 - index : index;
        int first = _segments.Start(place);
        _segment.SetSteps(whole, first, (place < _segments.Count ? _segments.Start(place + 1) : first) - first);
        int before = first == 0 ? 0 : whole.Live(first);
        int after = whole.Live(first + _segment.StepCount);
        NetworkState<T>? initial = null;
        if (index > 0 || pass.Initial is not null)
        {
            initial = pass.Resources.ReserveCarriedState(whole.Count);
            Span<T> states = initial.Entries(_firstState, _stateCount);
            State(index, states.Length).CopyTo(states);
        }

        int row = whole.Offset(first);
        Pass<T> part = pass with
        {
            Initial = initial,
            Ids = pass.Ids == null ? null : pass.Ids + row,
            Segment = _reverse ? new Segment(after, before) : new Segment(before, after),
            Direction = _direction,
        };
        T* x = input.Pointer == null ? null : input.Pointer + ((nint)row * input.Features);
        return new Part(part, new Rows<T>(x, input.Features, _segment), row);
    }

    private void RunLayers(in Pass<T> pass, Rows<T> rows)
    {
        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i].Forward(pass, rows, _tapes[i]);
            rows = _tapes[i].OutputRows(_layers[i].OutputSize);
        }
    }

    private void TakeState(NetworkState<T> state)
    {
        if (_direction is { } d)
        {
            ((LstmLayer<T>)_layers[0]).TakeFinalState((LstmTape<T>)_tapes[0], d, state, null);
            return;
        }

        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i].TakeFinalState(_tapes[i], state, null);
        }
    }

    private void CopyOutput(T* output)
    {
        Rows<T> rows = _tapes[^1].OutputRows(OutputSize);
        if (_direction is not { } d)
        {
            new ReadOnlySpan<T>(rows.Pointer, checked(rows.Count * OutputSize)).CopyTo(new Span<T>(output, rows.Count * OutputSize));
            return;
        }

        int size = ((LstmLayer<T>)_layers[0]).HiddenSize;
        for (nint place = d * size; place < (nint)rows.Count * OutputSize; place += OutputSize)
        {
            new ReadOnlySpan<T>(rows.Pointer + place, size).CopyTo(new Span<T>(output + place, size));
        }
    }

    private T* Gradient(int layer, long length)
    {
        AlignedBuffer<T> buffer = _gradients[layer & 1];
        buffer.Reserve(length);
        return buffer.Pointer;
    }

    /// <summary>A segment: its pass and rows, and the first of these in the whole batch.</summary>
    private readonly struct Part(Pass<T> pass, Rows<T> rows, int firstRow)
    {
        public Pass<T> Pass => pass;

        public Rows<T> Rows => rows;

        public int FirstRow => firstRow;
    }
}
