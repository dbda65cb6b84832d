using Lstm.Parameters;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>Optimizers as programs outside the library write them.</summary>
internal static class CustomOptimizers
{
    /// <summary>Momentum with Adam's correction, and the arithmetic of <see cref="Sgd{T}"/> where μ is 0.</summary>
    internal sealed class Momentum(double learningRate, double momentum, double weightDecay = 0, bool whole = false)
        : CustomOptimizer<double>(learningRate, weightDecay, ["velocity"], [("power", 1), ("steps", 0)])
    {
        public WeightDecayKind DecaysBy { get; init; }

        /// <summary>Called in each update.</summary>
        public Action<Parameter>? Then { get; set; }

        public override string Kind => "momentum";

        protected override IReadOnlyList<(string Name, string Value)> Settings
            => [("momentum", momentum.ToString("R", System.Globalization.CultureInfo.InvariantCulture))];

        protected override bool IsElementwise => !whole;

        protected override WeightDecayKind WeightDecayKind => DecaysBy;

        protected override void Advance(Parameter parameter, Span<double> scalars)
        {
            scalars[0] *= momentum;
            scalars[1]++;
        }

        protected override void Update(in ParameterUpdate<double> update)
        {
            Span<double> values = update.Values, velocity = update.Buffer(0);
            double rate = update.LearningRate / (1 - update.Scalar(0));
            for (int i = 0; i < values.Length; i++)
            {
                velocity[i] = (momentum * velocity[i]) + ((1 - momentum) * update.Gradient[i]);
                values[i] = double.FusedMultiplyAdd(-velocity[i], rate, values[i]);
            }

            Then?.Invoke(update.Parameter);
        }
    }

    /// <summary>Sets everything, padding included, to a number that grows.</summary>
    internal sealed class Filler() : CustomOptimizer<double>(1, 0, ["seen"])
    {
        public override string Kind => "filler";

        protected override void Update(in ParameterUpdate<double> update)
        {
            update.Values.Fill(3);
            update.Buffer(0).Fill(double.NaN);
        }
    }

    /// <summary>LARS without momentum: a step as long as a share of the parameter's norm; needs the whole parameter.</summary>
    internal sealed class Lars(double learningRate) : CustomOptimizer<double>(learningRate, 0)
    {
        public List<string> Seen { get; } = [];

        public override string Kind => "lars";

        protected override bool IsElementwise => false;

        protected override void Update(in ParameterUpdate<double> update)
        {
            Seen.Add($"{update.Parameter} {update.Values.Length}");
            double values = 0, slopes = 0;
            for (int i = 0; i < update.Values.Length; i++)
            {
                values += update.Values[i] * update.Values[i];
                slopes += update.Gradient[i] * update.Gradient[i];
            }

            double rate = slopes == 0 ? 0 : update.LearningRate * Math.Sqrt(values / slopes);
            for (int i = 0; i < update.Values.Length; i++)
            {
                update.Values[i] -= rate * update.Gradient[i];
            }
        }
    }

    internal sealed class Named(string[] buffers, (string, double)[] scalars) : CustomOptimizer<double>(0.1, 0, buffers, scalars)
    {
        public override string Kind => "named";

        protected override void Advance(Parameter parameter, Span<double> scalars) => scalars.Fill(double.NaN);

        protected override void Update(in ParameterUpdate<double> update)
            => throw new InvalidOperationException("The numbers are checked first.");
    }
}
