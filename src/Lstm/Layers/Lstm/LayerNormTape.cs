using System.Numerics;
using Lstm.Kernels.Normalization;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>What a direction of a layer-normalised LSTM keeps beside its gates: what was normalised, each row's mean and scale, and room to work in.</summary>
internal sealed unsafe class LayerNormTape<T>(PanelLayout gates, LstmSpec spec)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Of each of the three normalisations: μ, s, mean(a), mean(a⊙v̂).
    private const int StatisticsPerNorm = 4;

    private readonly AlignedBuffer<T> _mask = MaskOf(gates, spec.HiddenSize);
    private readonly AlignedBuffer<T> _statistics = new();
    private readonly AlignedBuffer<T> _sums = new();
    private int _rows;

    /// <summary>W_ih·x, and after a backward pass its gradient: [panels, GateRows, 4·line].</summary>
    public AlignedBuffer<T> Inputs { get; } = new();

    /// <summary>W_hh·s, and after a backward pass its gradient. When nothing is kept it has the gates' own place.</summary>
    public AlignedBuffer<T> Recurrents { get; } = new();

    /// <summary>The c that a panel shows, by rank, [B, line].</summary>
    public AlignedBuffer<T> Shown { get; } = new();

    /// <summary>The gradient of what was shown: [panels, R, line].</summary>
    public AlignedBuffer<T> ShownGradient { get; } = new();

    /// <summary>The gradient of W_hh·s at the step that is under way, by rank: [panels, B, 4·line].</summary>
    public AlignedBuffer<T> StepGradient { get; } = new();

    /// <summary>Makes room for a pass.</summary>
    /// <param name="shape">The rows.</param>
    /// <param name="keeps">Whether a backward pass may follow.</param>
    /// <param name="gateRows">Rows of the gates.</param>
    public void Prepare(SequenceShape shape, bool keeps, int gateRows)
    {
        _rows = gateRows;
        Inputs.Reserve((long)gates.PaddedColumns * gateRows);
        Recurrents.Reserve(keeps ? (long)gates.PaddedColumns * gateRows : 0);
        Shown.Reserve((long)shape.Count * gates.Line);
        _sums.Reserve(2L * shape.Count * gates.Line);
        _statistics.Reserve(3L * StatisticsPerNorm * gateRows);
    }

    /// <summary>Makes room for its backward pass.</summary>
    public void PrepareBackward(SequenceShape shape)
    {
        ShownGradient.Reserve((long)gates.PaddedColumns / 4 * shape.RowCount);
        StepGradient.Reserve((long)gates.PaddedColumns * shape.Count);
    }

    /// <summary>The normalisation of W_ih·x (0), W_hh·s (1) or c (2).</summary>
    public RowNorm<T> Norm(int index, T* gamma, T* values, int valueRows)
    {
        T* statistics = _statistics.Pointer + ((nint)index * StatisticsPerNorm * _rows);
        return new RowNorm<T>
        {
            Units = spec.HiddenSize,
            Lines = index == 2 ? 1 : 4,
            Epsilon = T.CreateChecked(spec.NormalizationEpsilon),
            Mask = _mask.Pointer,
            Gamma = gamma,
            Values = values,
            ValueRows = valueRows,
            Mean = statistics,
            Scale = statistics + _rows,
            SlopeMean = statistics + (2 * (nint)_rows),
            ProductMean = statistics + (3 * (nint)_rows),
            Sums = _sums.Pointer,
        };
    }

    private static AlignedBuffer<T> MaskOf(PanelLayout gates, int units)
    {
        AlignedBuffer<T> mask = new(2 * gates.Line);
        mask.Span[..gates.Line].Fill(T.One);
        mask.Span.Slice(gates.Line, units % gates.Line).Fill(T.One);
        return mask;
    }
}
