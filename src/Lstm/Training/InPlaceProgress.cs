namespace Lstm.Training;

/// <summary>Calls a function for each report, on the thread that reports.</summary>
internal sealed class InPlaceProgress(Action<TrainingProgress> report) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value) => report(value);
}
