using Lstm.Kernels.Normalization;
using Lstm.Kernels.Recurrence;
using Lstm.Sequences;
using Lstm.Specs;

namespace Lstm.Layers;

// Recurrent batch normalisation: steps, not stretches of them, are what is divided among workers.
internal sealed unsafe partial class LstmLayer<T>
{
    public override bool NormalizesBatch => _spec.Normalization == LstmNormalization.Batch;

    public override void MoveStatistics(LayerTape<T> tape, Span<T> flat)
    {
        LstmTape<T> own = (LstmTape<T>)tape;
        for (int d = 0; d < _directions.Length; d++)
        {
            own.Directions[d].BatchNorm?.MoveRunning(flat, _directions[d].Statistics);
        }
    }

    private void RunBatchNorm(in Pass<T> pass, DirectionTape<T> kept, int d, in RecurrentForward<T> recurrence)
    {
        BatchNormForward<T> work =
            new() { Layer = recurrence, Norm = kept.BatchNorm!.ForPass(pass, _directions[d], kept.Gates.Pointer) };
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

    private void RunBatchNorm(in Pass<T> pass, DirectionTape<T> kept, int d, in RecurrentBackward<T> recurrence, T* gradient)
    {
        LstmWeights weights = _directions[d];
        BatchNormRecord<T> norm = kept.BatchNorm!;
        T* sums = norm.BlockGradient.Pointer;
        int scales = _gates.PaddedColumns, units = _gates.PaddedColumns / 4;
        BatchNormBackward<T> work = new()
        {
            Layer = recurrence,
            Norm = norm.ForPass(pass, weights, kept.Gates.Pointer),
            OutputGateGradient = norm.OutputGateGradient.Pointer,
            InputScaleGradient = sums,
            HiddenScaleGradient = sums + scales,
            CellScaleGradient = sums + (2 * scales),
            CellShiftGradient = sums + (2 * scales) + units,
        };
        int blocks = norm.Blocks.Count;
        for (int i = 0; i < blocks; i++)
        {
            int block = kept.Plan.Reverse ? i : blocks - 1 - i;
            (int first, int end) = kept.Plan.WalkSteps(norm.Blocks.Start(block), norm.Blocks.Start(block + 1));
            norm.BlockGradient.Span.Clear();
            for (work.Step = end - 1; work.Step >= first; work.Step--)
            {
                StepBack(pass, kept, d, ref work);
            }

            Add(work.InputScaleGradient, gradient + weights.NormIh!.Offset, scales);
            Add(work.HiddenScaleGradient, gradient + weights.NormHh!.Offset, scales);
            Add(work.CellScaleGradient, gradient + weights.NormC!.Offset, units);
            Add(work.CellShiftGradient, gradient + weights.NormCBias!.Offset, units);
        }

        static void Add(T* sums, T* gradient, int count)
        {
            for (int i = 0; i < count; i++)
            {
                gradient[i] += sums[i];
            }
        }
    }

    private void StepBack(in Pass<T> pass, DirectionTape<T> kept, int d, ref BatchNormBackward<T> work)
    {
        work.Part = BatchNormBackward<T>.Job.Receive;
        if (work.Layer.Hidden.Path.Exists || SomeEndAt(kept.Plan.Step(work.Step)))
        {
            _kernels[d].Run(pass.Team, ref work);
        }

        work.Part = BatchNormBackward<T>.Job.Units;
        _kernels[d].Run(pass.Team, ref work);
        work.Part = BatchNormBackward<T>.Job.Propagate;
        _kernels[d].Run(pass.Team, ref work);
    }

    private static bool SomeEndAt(ReadOnlySpan<RecurrenceBlock> blocks)
        => blocks[^1].Continuing < blocks[^1].First + blocks[^1].Count;
}
