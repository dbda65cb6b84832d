using System.Numerics;
using Lstm.Cells;
using Lstm.Specs;

namespace Lstm.Tests.Training;

/// <summary>Numbers that are given in double and computed with in float: none becomes 0 or infinite unseen.</summary>
public class NumberRangeTests
{
    [Theory]
    [InlineData(1e-60)]
    [InlineData(1e300)]
    public void Losses_refuse_what_float_has_no_number_for(double value)
    {
        Refuse("delta", () => new HuberLoss<float>(value));
        Refuse("classWeights", () => new SoftmaxCrossEntropy<float>(1, value));
        Refuse("positiveWeights", () => new BinaryCrossEntropyWithLogits<float>(1, value));
        Assert.Equal(value, new HuberLoss<double>(value).Delta);
        _ = new SoftmaxCrossEntropy<double>(1, value, 0);
        _ = new BinaryCrossEntropyWithLogits<double>(value);
    }

    [Theory]
    [InlineData(1e-60)]
    [InlineData(1e300)]
    public void Optimizers_refuse_what_float_has_no_number_for(double value)
    {
        Refuse("learningRate", () => new Sgd<float>(value));
        Refuse("weightDecay", () => new Sgd<float>(0.1, weightDecay: value));
        Refuse("epsilon", () => new Adam<float>(epsilon: value));
        Refuse("epsilon", () => new AdamW<float>(epsilon: value));
        Refuse("epsilon", () => new RMSprop<float>(epsilon: value));
        Refuse("factor", () => new Sgd<float>(0.1).SetLearningRateFactor("dense.bias", value));
        Refuse("weightDecay", () => new Sgd<float>(0.1).SetWeightDecay("dense.bias", value));
        _ = new Adam<double>(learningRate: value, epsilon: value, weightDecay: value);
    }

    [Theory]
    [InlineData(1e-60)]
    [InlineData(0.99999999999)]
    public void Optimizers_refuse_fractions_that_are_0_or_1_in_float(double value)
    {
        Refuse("beta1", () => new Adam<float>(beta1: value));
        Refuse("beta2", () => new AdamW<float>(beta2: value));
        Refuse("alpha", () => new RMSprop<float>(alpha: value));
        Refuse("momentum", () => new Sgd<float>(0.1, momentum: value));
        Refuse("dampening", () => new Sgd<float>(0.1, momentum: 0.5, dampening: value));
        Assert.Equal(value, new Adam<double>(beta1: value).Beta1);
    }

    [Fact]
    public void LearningRate_that_a_schedule_made_tiny_is_allowed_and_an_infinite_one_is_not()
    {
        Sgd<float> optimizer = new(0.1) { LearningRate = 1e-60 };
        Assert.Equal(1e-60, optimizer.LearningRate);
        Assert.Throws<ArgumentOutOfRangeException>(() => optimizer.LearningRate = 1e300);
        Assert.Throws<ArgumentOutOfRangeException>(() => optimizer.LearningRate = double.NaN);
        Assert.Equal(1e-60, optimizer.LearningRate);
    }

    [Fact]
    public void Clips_refuse_a_limit_that_is_nothing_in_float_and_leave_the_gradient()
    {
        Check<float>(GradientClip.ByValue(1e-60), isRefused: true);
        Check<float>(GradientClip.ByValue(1e300), isRefused: true);
        Check<float>(GradientClip.ByGlobalNorm(1e-60), isRefused: true);
        Check<float>(GradientClip.ByTensorNorm(1e-60), isRefused: true);
        Check<float>(GradientClip.ByGlobalNorm(1e300), isRefused: false);
        Check<double>(GradientClip.ByValue(1e-60), isRefused: false);
        Check<double>(GradientClip.ByValue(1e300), isRefused: false);

        static void Check<T>(GradientClip clip, bool isRefused)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            Network<T> network = Network.Create<T>(1, new DenseSpec(1));
            Gradient<T> gradient = network.CreateGradient();
            gradient.Flat[0] = T.One;
            if (isRefused)
            {
                Assert.Contains(
                    typeof(T) == typeof(float) ? "float" : "double",
                    Assert.Throws<ArgumentException>(() => clip.Apply(gradient)).Message);
                Assert.Equal(T.One, gradient.Flat[0]);
            }
            else
            {
                clip.Apply(gradient);
                Assert.NotEqual(T.Zero, gradient.Flat[0]);
            }
        }
    }

    [Fact]
    public void Specs_refuse_what_float_has_no_number_for()
    {
        LayerSpec[] specs =
        [
            new LstmSpec(1) { ForgetBias = 1e300 },
            new LstmSpec(1) { ForgetBias = -1e-60 },
            new LstmSpec(1) { Normalization = new BatchNormalization { Momentum = 1e-60 } },
            new LstmSpec(1) { Regularization = new() { CellZoneout = 0.99999999999 } },
            new LstmSpec(1) { Cell = new LstmEquations { GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, 1e-60) } },
            new LstmSpec(1) { Cell = new LstmEquations { CellActivation = new(LstmActivationFunction.LeakyRelu, 1e-60) } },
            new DropoutSpec(0.99999999999),
        ];
        Assert.All(specs, spec => Assert.Throws<ArgumentException>(() => Network.Create<float>(1, spec)));
    }

    private static void Refuse(string argument, Func<object> make) => Refuse(argument, () => { _ = make(); });

    private static void Refuse(string argument, Action make)
    {
        ArgumentException thrown = Assert.ThrowsAny<ArgumentException>(make);
        Assert.Equal(argument, thrown.ParamName);
        Assert.Contains("float", thrown.Message);
    }
}
