namespace Lstm.Benchmarks.Reproduce;

/// <summary>A goal that the most recent training sequences decide.</summary>
/// <param name="Criterion">When it counts as reached, in words.</param>
/// <param name="Published">What was published.</param>
/// <param name="WrongBelow">How many of them have to be wrong for it not to be reached.</param>
/// <param name="ErrorBelow">What their mean absolute error has to be below.</param>
internal sealed record LastStepGoal(
    string Criterion, string Published, int WrongBelow, double ErrorBelow = double.PositiveInfinity)
    : Goal(Criterion, Published)
{
    public bool IsMet(Recent recent) => recent.IsFull && recent.Wrong < WrongBelow && recent.MeanError < ErrorBelow;
}
