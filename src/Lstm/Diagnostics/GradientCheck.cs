using Lstm.Kernels.Elementwise;
using Lstm.Parameters;
using Lstm.Simd;

namespace Lstm.Diagnostics;

/// <summary>Compares analytic gradients with numeric gradients, central differences in double.</summary>
/// <remarks>
/// The differences are of fourth order, (8(f(x + ε) − f(x − ε)) − (f(x + 2ε) − f(x − 2ε))) / 12ε. Their truncation error is of
/// the order of ε⁴, so ε can be large enough to keep rounding out of the first nine digits. Where the two gradients differ, ε/8
/// and ε/64 are tried as well, as far as rounding leaves seven digits: a function may bend within ε, as the normalisation of an
/// almost constant row does, but a wrong gradient is wrong at every ε. A difference within the effect of rounding on the
/// quotient, 8·2⁻⁵²·|f|/ε, is not an error, unless differences over 8ε and 64ε, where rounding has less effect, contradict the
/// gradient. Dropout draws the same masks in each evaluation. Clip gradients after the check, not before. At kinks (ReLU at 0,
/// ties of a maximum, δ of the Huber loss) no difference quotient equals the gradient.
/// </remarks>
public static class GradientCheck
{
    /// <summary>
    /// The default ε, 3·10⁻⁴, at which truncation and rounding errors are below 10⁻¹² for functions of order 1.
    /// </summary>
    public const double DefaultStep = 3e-4;

    // The smallest part of a tensor's largest value that errors are relative to.
    private const double SmallPart = 1e-3;

    /// <summary>Checks the gradient of a function of a span of values.</summary>
    /// <param name="name">The name of the values in the result.</param>
    /// <param name="values">The values that the function depends on; they are changed in place and restored.</param>
    /// <param name="function">A delegate that evaluates the function at the current values.</param>
    /// <param name="gradient">The analytic gradient, as long as <paramref name="values"/>.</param>
    /// <param name="step">The step ε, above 0. Default <see cref="DefaultStep"/>.</param>
    /// <exception cref="ArgumentException">The lengths of values and gradient differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is not above 0.</exception>
    public static GradientCheckEntry Function(
        string name, Span<double> values, Func<double> function, ReadOnlySpan<double> gradient, double step = DefaultStep)
    {
        ArgumentNullException.ThrowIfNull(function);
        if (!(step > 0))
        {
            throw new ArgumentOutOfRangeException(nameof(step), step, "The step has to be above 0; leave it out for 3e-4.");
        }

        if (values.Length != gradient.Length)
        {
            throw new ArgumentException(
                $"The gradient has {gradient.Length} values for {values.Length} parameters; give one for each.",
                nameof(gradient));
        }

        double least = SmallPart * LargestOf(gradient);
        DifferenceQuotient[] numeric = new DifferenceQuotient[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            double analytic = gradient[i], kept = values[i];
            try
            {
                numeric[i] = DifferenceQuotient.Nearest(function, ref values[i], step, analytic, least);
            }
            finally
            {
                values[i] = kept;
            }
        }

        return Compare(name, gradient, numeric);
    }

    /// <summary>Checks the gradients of a loss by the input and by all parameters of a network except running averages.</summary>
    /// <param name="network">The network, in double. It is not changed.</param>
    /// <param name="loss">The loss to differentiate.</param>
    /// <param name="batch">An input with its target. Values are changed during the check and restored.</param>
    /// <param name="training">
    /// Whether dropout is on, with the same masks throughout, and batch norm measures the batch. Default false.
    /// </param>
    /// <param name="step">The step ε, above 0. Default <see cref="DefaultStep"/>.</param>
    /// <exception cref="ArgumentException">The batch does not fit the network or the loss.</exception>
    public static GradientCheckResult Network(
        Network<double> network, Loss<double> loss, TrainingBatch<double> batch, bool training = false, double step = DefaultStep)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(batch);
        Network<double> copy = network.Clone();
        using Tape<double> tape = copy.CreateTape();
        tape.Training = training;
        Gradient<double> gradient = copy.CreateGradient();
        Evaluate();
        copy.Backward(tape, gradient);
        double[] inputGradient = batch.Input.Features is null ? [] : tape.InputGradient.Rows.ToArray();
        List<GradientCheckEntry> entries = Parameters(copy, gradient, Evaluate, step);
        if (batch.Input.Features is { } input)
        {
            entries.Add(Function("input", input.Rows, Evaluate, inputGradient, step));
        }

        return new GradientCheckResult(entries);

        double Evaluate()
        {
            tape.DropoutDraw = 0;
            SequenceBatch<double> output = copy.Forward(batch.Input, tape);
            return loss.EvaluateTotals(output, batch.Target, tape.OutputGradient, null, null, SimdDispatch.Best).Value;
        }
    }

    /// <summary>
    /// Checks the gradients of one step of a cell by its parameters, x, h and c. The function is a sum of the new states with
    /// random weights.
    /// </summary>
    /// <param name="cell">The cell, in double. It is not changed.</param>
    /// <param name="count">The number of rows B of the step, at least 1. Default 3.</param>
    /// <param name="seed">The seed of the random inputs and weights. Default 0.</param>
    /// <param name="training">Whether dropout and zoneout are on, with the same masks throughout. Default false.</param>
    /// <param name="step">The step ε, above 0. Default <see cref="DefaultStep"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="count"/> is less than 1, or <paramref name="step"/> is not above 0.
    /// </exception>
    public static GradientCheckResult Cell(
        LstmCell<double> cell, int count = 3, long seed = 0, bool training = false, double step = DefaultStep)
    {
        ArgumentNullException.ThrowIfNull(cell);
        LstmCell<double> copy = new(cell.Network.Clone());
        RandomBits random = new((ulong)seed);
        double[] x = Draw(ref random, count * cell.InputSize);
        double[] h = Draw(ref random, count * cell.HiddenSize);
        double[] c = Draw(ref random, count * cell.CellSize);
        double[] dh = Draw(ref random, count * cell.HiddenSize);
        double[] dc = Draw(ref random, count * cell.CellSize);
        LstmStep<double> record = copy.CreateStep(count);
        record.Training = training;
        Gradient<double> gradient = copy.CreateGradient();
        Evaluate();
        copy.Backward(record, dh, dc, gradient);
        double[] dx = record.InputGradient.ToArray();
        double[] dhBefore = record.HiddenGradient.ToArray();
        double[] dcBefore = record.CellGradient.ToArray();
        List<GradientCheckEntry> entries = Parameters(copy.Network, gradient, Evaluate, step);
        entries.Add(Function("x", x, Evaluate, dx, step));
        entries.Add(Function("h", h, Evaluate, dhBefore, step));
        entries.Add(Function("c", c, Evaluate, dcBefore, step));
        return new GradientCheckResult(entries);

        double Evaluate()
        {
            copy.Forward(x, h, c, record);
            return WeightedSum(dh, record.Hidden) + WeightedSum(dc, record.Cell);
        }
    }

    private static List<GradientCheckEntry> Parameters(
        Network<double> network, Gradient<double> gradient, Func<double> evaluate, double step)
    {
        List<GradientCheckEntry> entries = [];
        foreach (Parameter parameter in network.Parameters.Where(parameter => !parameter.IsStatistic))
        {
            double[] values = new double[parameter.Count];
            double[] analytic = new double[parameter.Count];
            parameter.Unpack<double>(network.Flat, values);
            parameter.Unpack<double>(gradient.Flat, analytic);
            entries.Add(Function(parameter.Name, values, EvaluateChanged, analytic, step));
            EvaluateChanged();

            double EvaluateChanged()
            {
                parameter.Pack<double>(values, network.Flat);
                network.Touch();
                return evaluate();
            }
        }

        return entries;
    }

    private static double WeightedSum(ReadOnlySpan<double> weights, ReadOnlySpan<double> values)
    {
        double sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            sum += weights[i] * values[i];
        }

        return sum;
    }

    private static double[] Draw(ref RandomBits random, int count)
    {
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (2 * random.NextUnit()) - 1;
        }

        return values;
    }

    private static GradientCheckEntry Compare(string name, ReadOnlySpan<double> analytic, DifferenceQuotient[] numeric)
    {
        double least = SmallPart * Math.Max(LargestOf(analytic), LargestOf([.. numeric.Select(quotient => quotient.Value)]));
        GradientCheckEntry worst = analytic.Length == 0 ? new(name, 0, 0, 0, 0) : new(name, 0, 0, analytic[0], numeric[0].Value);
        for (int i = 0; i < analytic.Length && !double.IsNaN(worst.Error); i++)
        {
            double error = numeric[i].ErrorOf(analytic[i], least);
            if (!(error <= worst.Error))
            {
                worst = new GradientCheckEntry(name, error, i, analytic[i], numeric[i].Value);
            }
        }

        return worst;
    }

    private static double LargestOf(ReadOnlySpan<double> values)
    {
        double largest = 0;
        foreach (double value in values)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        return largest;
    }
}
