namespace Lstm.Training;

/// <summary>Adds up the losses of several passes.</summary>
internal struct LossMeter
{
    private double _sum;
    private double _normalizer;
    private long _right;
    private long _decisions;
    private long _passes;

    public void Add(LossTotals totals)
    {
        _sum += totals.Sum;
        _normalizer += totals.Normalizer;
        _right += totals.Right;
        _decisions += totals.Decisions;
        _passes++;
    }

    public void Add(LossMeter other)
    {
        _sum += other._sum;
        _normalizer += other._normalizer;
        _right += other._right;
        _decisions += other._decisions;
        _passes += other._passes;
    }

    public readonly double Accuracy => _decisions == 0 ? double.NaN : (double)_right / _decisions;

    /// <summary>The loss; NaN when nothing was added.</summary>
    public readonly double Loss(Reduction reduction)
        => _passes == 0 ? double.NaN : reduction == Reduction.Sum ? _sum : _normalizer == 0 ? 0 : _sum / _normalizer;
}
