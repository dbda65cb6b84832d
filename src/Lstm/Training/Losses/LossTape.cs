using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Training.Losses;

/// <summary>What a <see cref="LossLayer{T}"/> is told of a pass, and keeps of it for the backward pass.</summary>
/// <param name="dense">The tape of the dense layer, which holds the gradient of the logits by panels.</param>
internal sealed unsafe class LossTape<T>(DenseLayer<T>.DenseTape dense) : LayerTape<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Loss<T>? _loss;
    private NetworkTarget<T> _target;
    private TargetReading<T> _reading;
    private double? _divisor;
    private (ContentVersion<T> Values, ContentVersion<int> Labels, ContentVersion<T> Weights) _versions;
    private LossBlock<T> _all;
    private LossTotals _totals;
    private LayerGradients<T>? _between;
    private int _place;
    private T* _inputGradient;

    /// <summary>The sums of the pass, and of what was added up before it.</summary>
    public ref LossTotals Totals => ref _totals;

    /// <summary>
    /// The gradient that the forward pass adds, or has added, the dense layer's part to; null if Backward adds it.
    /// </summary>
    public Gradient<T>? Swept { get; private set; }

    /// <summary>The rows' arithmetic of the pass.</summary>
    public RowLoss<T> Rows => _loss!.Rows!;

    public DenseLayer<T>.DenseTape Dense => dense;

    /// <summary>Logits of some rows, and their gradient, row by row.</summary>
    public AlignedBuffer<T> Logits { get; } = new();

    public AlignedBuffer<T> Gradients { get; } = new();

    /// <summary>w·l of each row of a sweep.</summary>
    public AlignedBuffer<double> Losses { get; } = new();

    /// <summary>What the arithmetic of some rows needs besides.</summary>
    public AlignedBuffer<byte> Scratch { get; } = new();

    /// <summary>The blocks of the pass's steps.</summary>
    public RowBlocks Blocks { get; } = new();

    /// <summary>Tells the layer, before its forward pass, what the loss is computed of.</summary>
    /// <param name="loss">A loss whose rows are independent.</param>
    /// <param name="target">The target.</param>
    /// <param name="reading">The target while the forward pass reads it.</param>
    /// <param name="divisor">Divides the gradient of the sum; null for what the reduction divides by.</param>
    /// <param name="before">Sums that those of the pass are added to.</param>
    public void Begin(
        Loss<T> loss, NetworkTarget<T> target, in TargetReading<T> reading, double? divisor, in LossTotals before = default)
    {
        Clear();
        (_loss, _target, _reading, _divisor, _totals) = (loss, target, reading, divisor, before);
    }

    /// <summary>
    /// Lets the forward pass do the dense layer's backward pass as well, if the loss can: it adds into the gradient, and writes
    /// the gradient of x.
    /// </summary>
    /// <param name="gradient">The gradient that Backward will be given; null to leave all to Backward.</param>
    /// <param name="between">The gradients between layers.</param>
    /// <param name="place">The place of the loss layer in its run.</param>
    /// <param name="inputGradient">The gradient of x where the loss layer is the only one; null when nobody asks for it.</param>
    // SAFETY: LayerGradients.Of and Tape.ReserveInputGradient make room for all rows of x; both buffers are the tape's, which
    // this pass has taken, and are not reserved again before Backward.
    public void SweepInto(Gradient<T>? gradient, LayerGradients<T> between, int place, T* inputGradient)
    {
        Swept = Rows is LabelRows<T> ? gradient : null;
        (_between, _place) = (between, place);
        _inputGradient = inputGradient;
    }

    /// <summary>Checks the target and gives the rows of the pass, without output and gradient.</summary>
    /// <exception cref="ArgumentException">The target does not fit the output or the loss.</exception>
    public LossBlock<T> Start(SequenceShape shape, int features)
    {
        LossBlock<T> all = LossRun<T>.Begin(_loss!, _target, _reading, shape, features, _divisor, out LossTotals own);
        _totals.Normalizer += own.Normalizer;
        _totals.Divisor = own.Divisor;
        return all;
    }

    /// <summary>Makes room for the gradient of x in a sweep; null when nobody asks for it.</summary>
    public T* ReserveInputGradient(Rows<T> x)
    {
        _inputGradient = _place == 0 ? _inputGradient : _between!.Of(_place, x);
        return _inputGradient;
    }

    /// <summary>
    /// Whether a sweep has written the gradient of x to <paramref name="inputGradient"/>, or nobody asks for it.
    /// </summary>
    public bool HasWritten(T* inputGradient) => inputGradient == null || inputGradient == _inputGradient;

    /// <summary>Ends the forward pass: of a swept one the target is no longer needed.</summary>
    public void End()
    {
        if (Swept is null)
        {
            _versions = (new(_reading.Values), new(_reading.Labels), new(_reading.Weights));
        }
        else
        {
            (_loss, _target) = (null, default);
        }

        _reading = default;
    }

    /// <summary>Forgets the pass.</summary>
    public void Clear() => (_loss, _target, _reading, Swept) = (null, default, default, null);

    /// <summary>Reads the target again for the backward pass; nothing if that does not need it.</summary>
    public TargetReading<T> ReadTarget() => new(_target);

    /// <summary>Refuses a target that has been refilled since the forward pass, or that the loss no longer takes.</summary>
    /// <exception cref="InvalidOperationException">It has been refilled.</exception>
    /// <exception cref="ArgumentException">The loss does not take it.</exception>
    public void PrepareBackward(in TargetReading<T> reading, SequenceShape shape, int features)
    {
        if (_loss is null)
        {
            return;
        }

        if (!_versions.Values.IsThatOf(reading.Values) || !_versions.Labels.IsThatOf(reading.Labels)
            || !_versions.Weights.IsThatOf(reading.Weights))
        {
            throw new InvalidOperationException(
                "The target or its weights were refilled after ForwardLoss, and Backward reads them again. Run ForwardLoss " +
                "again, or refill other batches.");
        }

        _all = LossRun<T>.Begin(_loss, _target, reading, shape, features, _divisor, out _);
    }

    /// <summary>Some of the rows that <see cref="PrepareBackward"/> has checked.</summary>
    public LossBlock<T> Slice(int row, int count) => _all.Slice(row, count);
}
