using System.Numerics;
using Lstm.Tests.Cases;
using Lstm.Tests.Support;

namespace Lstm.Tests.Training;

/// <summary>The loss of every case: in one call with the pass, and on its own behind it.</summary>
public abstract class CaseLossTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] Lengths = [5, 0, 9, 1];

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void ForwardLoss_gives_the_bits_of_forward_and_evaluate_on_any_number_of_workers(string name)
    {
        NetworkCase tested = NetworkCases.Get(name);
        Network<T> network = tested.Create<T>();
        Loss<T> loss = tested.Loss.Create<T>();
        NetworkInput<T> batch = tested.Input<T>(1, Lengths);
        NetworkTarget<T> target = tested.Target<T>(4, network.OutputSize, Lengths);
        using Tape<T> separate = network.CreateTape();
        Gradient<T> expected = network.CreateGradient();
        SequenceBatch<T> output = network.Forward(batch, separate);
        double value = target.Labels is { } labels
            ? loss.Evaluate(output, labels, separate.OutputGradient)
            : loss.Evaluate(output, target.Values!, separate.OutputGradient);
        network.Backward(separate, expected);
        for (int workers = 1; workers <= 2; workers++)
        {
            using Tape<T> tape = network.CreateTape(workers).SharesAll();
            Gradient<T> gradient = network.CreateGradient();
            Assert.Equal(value, network.ForwardLoss(batch, target, loss, tape, gradient: gradient));
            network.Backward(tape, gradient);
            Close.SameBits<T>(expected.Flat, gradient.Flat, $"gradient, {workers} workers");
            if (!tested.TakesIds)
            {
                Close.SameBits<T>(separate.InputGradient.Rows, tape.InputGradient.Rows, $"input gradient, {workers} workers");
            }
        }
    }
}

public sealed class CaseLossDoubleTests : CaseLossTests<double>;

public sealed class CaseLossFloatTests : CaseLossTests<float>;
