using Lstm.Kernels.Normalization;
using Lstm.Kernels.Recurrence;
using Lstm.Sequences;
using Lstm.Specs;

namespace Lstm.Layers;

// Recurrent batch normalisation: steps, not stretches of them, are what is divided among workers.
internal sealed unsafe partial class LstmLayer<T>
{
    public bool NormalizesBatch => _spec.Normalization == LstmNormalization.Batch;

    /// <summary>Moves the running averages, in flat parameters, towards what the last pass has measured.</summary>
    public void MoveStatistics(LayerRecord<T> record, Span<T> flat)
    {
        LstmRecord<T> tape = (LstmRecord<T>)record;
        for (int d = 0; d < _directions.Length; d++)
        {
            tape.Directions[d].BatchNorm?.MoveRunning(flat, _directions[d].Statistics);
        }
    }

    private void RunBatchNorm(Pass<T> pass, DirectionRecord<T> kept, int d, in RecurrentForward<T> recurrence)
    {
        BatchNormForward<T> work = new() { Layer = recurrence, Norm = kept.BatchNorm!.ForPass(pass, _directions[d], kept.Gates.Pointer) };
        for (int step = recurrence.FirstStep; step < recurrence.EndStep; step++)
        {
            work.Step = step;
            work.AfterUnits = false;
            _kernels[d].Run(pass.Team, ref work);
            if (recurrence.Path.Exists)
            {
                work.AfterUnits = true;
                _kernels[d].Run(pass.Team, ref work);
            }
        }
    }

    private void RunBatchNorm(Pass<T> pass, DirectionRecord<T> kept, int d, in RecurrentBackward<T> recurrence, T* gradient)
    {
        LstmWeights weights = _directions[d];
        BatchNormBackward<T> work = new()
        {
            Layer = recurrence,
            Norm = kept.BatchNorm!.ForPass(pass, weights, kept.Gates.Pointer),
            OutputGateGradient = kept.BatchNorm.OutputGateGradient.Pointer,
            InputScaleGradient = gradient + weights.NormIh!.Offset,
            HiddenScaleGradient = gradient + weights.NormHh!.Offset,
            CellScaleGradient = gradient + weights.NormC!.Offset,
            CellShiftGradient = gradient + weights.NormCBias!.Offset,
        };
        for (int step = kept.Plan.StepCount - 1; step >= 0; step--)
        {
            work.Step = step;
            work.Part = BatchNormBackward<T>.Job.Receive;
            if (recurrence.Hidden.Path.Exists || SomeEndAt(kept.Plan.Step(step)))
            {
                _kernels[d].Run(pass.Team, ref work);
            }

            work.Part = BatchNormBackward<T>.Job.Units;
            _kernels[d].Run(pass.Team, ref work);
            work.Part = BatchNormBackward<T>.Job.Propagate;
            _kernels[d].Run(pass.Team, ref work);
        }
    }

    private static bool SomeEndAt(ReadOnlySpan<RecurrenceBlock> blocks) => blocks[^1].Continuing < blocks[^1].First + blocks[^1].Count;
}
