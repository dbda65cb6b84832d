using System.Numerics;
using Lstm.Training.Batches;
using Lstm.Training.Losses;
using Lstm.Training.Models;

namespace Lstm.Training;

/// <summary>
/// Measures the loss of a model on batches: long sequences in pieces, large outputs a few hundred rows at a time.
/// </summary>
/// <remarks>
/// Memory follows the largest piece, not the longest sequence. The sums are those of whole batches: a dense batch gives the same
/// bits whether it is cut or not, a ragged one may differ in the last bits, since its pieces end within blocks of 64 rows.
/// </remarks>
internal sealed class Evaluation<T>(TrainableModel<T> model, Loss<T> loss, int workers) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Rows that fill the kernels' tiles many times over, and whose outputs still fit in the third-level cache.
    private const int PieceRows = 4096;

    // Blocks of the loss's sums: pieces of whole blocks of a dense batch leave its sums as they are.
    private const int StepsOfBlocks = LossBlock<T>.MaxRows;

    private readonly ModelPass<T> _pass = model.NewPass(new ModelPassOptions { Workers = workers });
    private readonly BatchSegment<T> _piece = new();

    // A loss of whole sequences, or a custom one, has to see them whole.
    private readonly bool _cuts = loss.Rows is not null && model.WholeSequenceReason is null;
    private NetworkState<T>? _state;

    /// <summary>Goes through the batches of an epoch, which has begun.</summary>
    /// <param name="batches">The batches.</param>
    /// <param name="carries">Whether each batch goes on from the states of the one before; null where the batches know.</param>
    /// <param name="cancellationToken">Looked at before each piece.</param>
    public EvaluationResult Run(BatchSource<T> batches, bool? carries, CancellationToken cancellationToken)
    {
        LossMeter meter = default;
        for (bool isFirst = true; batches.MoveNext(); isFirst = false)
        {
            TrainingBatch<T> batch = batches.Current;
            bool carried = carries ?? batch.Origin is { IsLanes: true };
            bool cut = _cuts && batch.InputShape.StepCount > PieceSteps(batch);
            if ((carried && isFirst) || (cut && !carried))
            {
                Reset(batch.InputShape.Count);
            }

            meter.Add(Evaluate(batch, carried || cut ? _state : null, cut ? PieceSteps(batch) : int.MaxValue, cancellationToken));
        }

        return new EvaluationResult(meter.Loss(loss.Reduction) ?? 0, meter.Accuracy);
    }

    /// <inheritdoc/>
    public void Dispose() => _pass.Dispose();

    private static int PieceSteps(TrainingBatch<T> batch)
        => Math.Max(1, PieceRows / batch.InputShape.Count / StepsOfBlocks) * StepsOfBlocks;

    private LossTotals Evaluate(TrainingBatch<T> batch, NetworkState<T>? state, int steps, CancellationToken cancellationToken)
    {
        LossTotals totals = default;
        cancellationToken.ThrowIfCancellationRequested();
        if (steps >= batch.InputShape.StepCount)
        {
            _pass.Evaluate(loss, new PassCall<T> { Input = batch.Input, Target = batch.Target, State = state }, ref totals);
            return totals;
        }

        for (int first = 0; first < batch.InputShape.StepCount; first += steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _piece.Set(batch, first, steps);
            _pass.Evaluate(loss, new PassCall<T> { Input = _piece.Input, Target = _piece.Target, State = state }, ref totals);
        }

        return totals;
    }

    private void Reset(int count)
    {
        if (_state?.Count == count)
        {
            model.Output.ResetState(_state);
        }
        else
        {
            _state = model.Output.CreateState(count);
        }
    }
}
