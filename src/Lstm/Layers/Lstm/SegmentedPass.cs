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
    private readonly LayerRecord<T>[] _records;
    private readonly int? _direction;
    private readonly bool _reverse;
    private readonly int _firstState;
    private readonly int _stateCount;
    private readonly AlignedBuffer<T>[] _gradients = [new(), new()];

    /// <summary>The states before each segment in reading order, and after the last one.</summary>
    private readonly AlignedBuffer<T> _states = new();
    private readonly SequenceShape _segment = new();
    private readonly RowBlocks _segments = new();

    /// <summary>First row of the segment at hand.</summary>
    private int _row;

    /// <summary>Whether the pass starts from a state of the caller's.</summary>
    private bool _startsFromState;

    /// <summary>The input's ids and the caller's state, put back when all segments are done.</summary>
    private int* _ids;
    private NetworkState<T>? _initial;

    /// <summary>Makes one for layers that read forward, with room for a segment of each.</summary>
    public SegmentedPass(Layer<T>[] layers, LayerRecord<T>[] records)
    {
        (_layers, _records) = (layers, records);
        _firstState = layers.First(layer => layer.Recurrent is not null).Recurrent!.FirstState;
        _stateCount = layers.Sum(layer => layer.StateCount);
    }

    /// <summary>Makes one for a direction of a layer, with room for a segment, which may be shared with the other direction.</summary>
    public SegmentedPass(LstmLayer<T> layer, LayerRecord<T> record, int direction)
    {
        (_layers, _records, _direction) = ([layer], [record], direction);
        _reverse = ((LstmRecord<T>)record).Directions[direction].Plan.Reverse;
        (_firstState, _stateCount) = (layer.FirstState + direction, 1);
    }

    private int OutputSize => _layers[^1].OutputSize;

    // Sequences without steps are a segment too.
    private int SegmentCount => Math.Max(1, _segments.Count);

    /// <summary>Writes the output's rows; those of a direction only in its columns.</summary>
    public void Forward(Pass<T> pass, Rows<T> input, T* output)
    {
        Begin(pass, input.Shape);
        try
        {
            NetworkState<T> carried = pass.CarriedState(input.Shape.Count);
            Span<T> states = carried.Entries(_firstState, _stateCount);
            _states.Reserve((SegmentCount + 1L) * states.Length);
            _startsFromState = _initial is not null;
            if (_startsFromState)
            {
                _initial!.Entries(_firstState, _stateCount).CopyTo(State(0, states.Length));
            }

            for (int s = 0; s < SegmentCount; s++)
            {
                Rows<T> rows = Enter(pass, input, s);
                RunLayers(pass, rows);
                CopyOutput(output + ((nint)_row * OutputSize));
                TakeState(carried);
                states.CopyTo(State(s + 1, states.Length));
            }
        }
        finally
        {
            End(pass);
        }
    }

    /// <summary>As <see cref="Layer{T}.Backward"/>.</summary>
    public void Backward(Pass<T> pass, Rows<T> input, T* outputGradient, T* inputGradient, T* gradient)
    {
        Begin(pass, input.Shape);
        try
        {
            for (int s = SegmentCount - 1; s >= 0; s--)
            {
                Rows<T> rows = Enter(pass, input, s);

                // The last segment is still there, unless the other direction has had its room since.
                if (s < SegmentCount - 1 || _direction is not null)
                {
                    RunLayers(pass, rows);
                }

                T* dy = outputGradient + ((nint)_row * OutputSize);
                for (int i = _layers.Length - 1; i >= 0; i--)
                {
                    Rows<T> x = i > 0 ? _records[i - 1].OutputRows(_layers[i].InputSize) : rows;
                    T* dx = i > 0 ? Gradient(i, (long)x.Count * x.Features)
                        : inputGradient == null ? null : inputGradient + ((nint)_row * x.Features);
                    _layers[i].Backward(pass, x, _records[i], dy, dx, gradient);
                    dy = dx;
                }
            }
        }
        finally
        {
            End(pass);
        }
    }

    /// <summary>Writes the states after each sequence's last step.</summary>
    public void TakeFinalState(NetworkState<T> state)
    {
        Span<T> target = state.Entries(_firstState, _stateCount);
        State(SegmentCount, target.Length).CopyTo(target);
    }

    private Span<T> State(int segment, int length) => _states.Span.Slice(segment * length, length);

    private void Begin(Pass<T> pass, SequenceShape shape)
    {
        _segments.Set(shape, 0, shape.StepCount, pass.SegmentSteps);
        _initial = pass.Initial;
        _ids = pass.Ids;
        pass.Direction = _direction;
    }

    /// <summary>Sets the pass to a segment, the <paramref name="index"/>-th in reading order: its rows, the state before it, what lies on both sides.</summary>
    private Rows<T> Enter(Pass<T> pass, Rows<T> input, int index)
    {
        SequenceShape whole = input.Shape;
        int place = _reverse ? SegmentCount - 1 - index : index;
        int first = _segments.Start(place);
        _segment.SetSteps(whole, first, (place < _segments.Count ? _segments.Start(place + 1) : first) - first);
        int before = first == 0 ? 0 : whole.Live(first);
        int after = whole.Live(first + _segment.StepCount);
        (pass.Earlier, pass.Later) = _reverse ? (after, before) : (before, after);
        pass.Initial = null;
        if (index > 0 || _startsFromState)
        {
            pass.Initial = pass.CarriedState(whole.Count);
            Span<T> states = pass.Initial.Entries(_firstState, _stateCount);
            State(index, states.Length).CopyTo(states);
        }

        _row = whole.Offset(first);
        pass.Ids = _ids == null ? null : _ids + _row;
        return new Rows<T>(input.Pointer == null ? null : input.Pointer + ((nint)_row * input.Features), input.Features, _segment);
    }

    private void End(Pass<T> pass)
    {
        pass.Initial = _initial;
        pass.Ids = _ids;
        pass.Direction = null;
        pass.Earlier = pass.Later = 0;
        _initial = null;
        _ids = null;
    }

    private void RunLayers(Pass<T> pass, Rows<T> rows)
    {
        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i].Forward(pass, rows, _records[i]);
            rows = _records[i].OutputRows(_layers[i].OutputSize);
        }
    }

    private void TakeState(NetworkState<T> state)
    {
        if (_direction is { } d)
        {
            _layers[0].Recurrent!.TakeFinalState((LstmRecord<T>)_records[0], d, state, null);
            return;
        }

        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i].TakeFinalState(_records[i], state, null);
        }
    }

    private void CopyOutput(T* output)
    {
        Rows<T> rows = _records[^1].OutputRows(OutputSize);
        if (_direction is not { } d)
        {
            new ReadOnlySpan<T>(rows.Pointer, checked(rows.Count * OutputSize)).CopyTo(new Span<T>(output, rows.Count * OutputSize));
            return;
        }

        int size = _layers[0].Recurrent!.HiddenSize;
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
}
