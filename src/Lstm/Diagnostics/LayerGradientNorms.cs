using System.Numerics;
using Lstm.Runtime;

namespace Lstm.Diagnostics;

/// <summary>The norms of the gradient at each step of one direction of an LSTM layer.</summary>
public sealed class LayerGradientNorms
{
    internal LayerGradientNorms(string name, Use owner) => (Name, Steps) = (name, new SequenceBatch<double>(1, owner));

    /// <summary>The direction's name, such as <c>lstm.l0</c>.</summary>
    public string Name { get; }

    /// <summary>The norm ‖∂loss/∂z‖ of each step of each sequence: <c>layer.Steps[sequence, step][0]</c>.</summary>
    public SequenceBatch<double> Steps { get; }

    /// <summary>The norm at a step over all sequences that have the step: the root of the sum of the squares.</summary>
    /// <param name="step">The step, 0 … number of steps − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is out of range.</exception>
    public double At(int step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(step, Steps.StepCount);
        double sum = 0;
        for (int b = 0; b < Steps.Count; b++)
        {
            double norm = step < Steps.Lengths[b] ? Steps[b, step][0] : 0;
            sum += norm * norm;
        }

        return Math.Sqrt(sum);
    }

    /// <summary>The layer's name, and the sizes of the pass that was read last.</summary>
    public override string ToString() => $"{Name}: {Steps.Shape}";

    internal void Read<T>(TapeView<T> tape, T[] scratch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Span<T> values = scratch.AsSpan(0, tape.Units);
        Steps.ReshapeLike(tape.Shape);
        for (int b = 0; b < tape.Shape.Count; b++)
        {
            for (int t = 0; t < tape.Shape.Lengths[b]; t++)
            {
                double sum = 0;
                for (int gate = 0; gate < 4; gate++)
                {
                    tape.CopyGate(gate, b, t, values);
                    foreach (T value in values)
                    {
                        double number = double.CreateChecked(value);
                        sum += number * number;
                    }
                }

                Steps[b, t][0] = Math.Sqrt(sum);
            }
        }
    }
}
