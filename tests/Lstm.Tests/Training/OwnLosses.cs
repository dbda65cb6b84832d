


using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>Custom losses, one for each unit.</summary>
internal static class OwnLosses
{
    public static Loss<double> Make(LossUnit unit, Reduction reduction = Reduction.Mean) => unit switch
    {
        LossUnit.Element => new SquaredByElement { Reduction = reduction },
        LossUnit.Row => new GaussianByRow { Reduction = reduction },
        _ => new SumBySequence { Reduction = reduction },
    };

    /// <summary>l = (y − t)² of each value.</summary>
    internal sealed class SquaredByElement : Loss<double>
    {
        public override LossUnit Unit => LossUnit.Element;

        protected override double SumOf(
            SequenceBatch<double> output, SequenceBatch<double> target, SequenceBatch<double>? outputGradient,
            SequenceBatch<double>? weights)
        {
            double sum = 0;
            for (int i = 0; i < output.Rows.Length; i++)
            {
                double weight = weights is null ? 1 : weights.Rows[i / output.FeatureSize];
                double d = output.Rows[i] - target.Rows[i];
                sum += weight * d * d;
                if (outputGradient is not null)
                {
                    outputGradient.Rows[i] = 2 * weight * d;
                }
            }

            return sum;
        }
    }

    /// <summary>
    /// A mean and the logarithm s of a deviation for one value: l = s + ½·((t − m)·e⁻ˢ)². A target of NaN is missing and does not
    /// count.
    /// </summary>
    internal sealed class GaussianByRow : Loss<double>
    {
        public override LossUnit Unit => LossUnit.Row;

        protected override double SumOf(
            SequenceBatch<double> output, SequenceBatch<double> target, SequenceBatch<double>? outputGradient,
            SequenceBatch<double>? weights)
        {
            double sum = 0;
            for (int row = 0; row < output.RowCount; row++)
            {
                double weight = weights is null ? 1 : weights.Rows[row];
                (double m, double s, double t) = (output.Rows[2 * row], output.Rows[(2 * row) + 1], target.Rows[row]);
                if (double.IsNaN(t))
                {
                    continue;
                }

                double z = (t - m) * Math.Exp(-s);
                sum += weight * (s + (0.5 * z * z));
                if (outputGradient is not null)
                {
                    outputGradient.Rows[2 * row] = -weight * z * Math.Exp(-s);
                    outputGradient.Rows[(2 * row) + 1] = weight * (1 - (z * z));
                }
            }

            return sum;
        }

        protected override double WeightOf(SequenceBatch<double> target, SequenceBatch<double>? weights)
        {
            double sum = 0;
            for (int row = 0; row < target.RowCount; row++)
            {
                sum += double.IsNaN(target.Rows[row]) ? 0 : weights is null ? 1 : weights.Rows[row];
            }

            return sum;
        }
    }

    /// <summary>The sum of a sequence's outputs is to be its label, whatever its length: l = (Σ y − label)².</summary>
    internal sealed class SumBySequence : Loss<double>
    {
        public override LossUnit Unit => LossUnit.Sequence;

        protected override double SumOf(
            SequenceBatch<double> output, SequenceBatch<int> labels, SequenceBatch<double>? outputGradient,
            SequenceBatch<double>? weights)
        {
            double sum = 0;
            for (int b = 0; b < output.Count; b++)
            {
                double weight = weights is null ? 1 : weights[b, 0][0];
                double d = output.GetSequence(b).Sum() - labels.GetSequence(b).Sum();
                sum += weight * d * d;
                for (int t = 0; outputGradient is not null && t < output.Lengths[b]; t++)
                {
                    outputGradient[b, t].Fill(2 * weight * d);
                }
            }

            return sum;
        }
    }
}
