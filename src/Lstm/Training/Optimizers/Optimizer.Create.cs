namespace Lstm;

/// <summary>
/// Creates optimizers for networks of <see cref="float"/>. For <see cref="double"/> use the constructors, such as
/// <c>new Adam&lt;double&gt;()</c>.
/// </summary>
public static class Optimizer
{
    /// <inheritdoc cref="Adam{T}(double, double, double, double, double)"/>
    public static Adam<float> Adam(
        double learningRate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0)
        => new(learningRate, beta1, beta2, epsilon, weightDecay);

    /// <inheritdoc cref="AdamW{T}(double, double, double, double, double)"/>
    public static AdamW<float> AdamW(
        double learningRate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 1e-2)
        => new(learningRate, beta1, beta2, epsilon, weightDecay);

    /// <inheritdoc cref="RMSprop{T}(double, double, double, double, bool, double)"/>
    public static RMSprop<float> RMSprop(
        double learningRate = 1e-2,
        double alpha = 0.99,
        double epsilon = 1e-8,
        double momentum = 0,
        bool centered = false,
        double weightDecay = 0)
        => new(learningRate, alpha, epsilon, momentum, centered, weightDecay);

    /// <inheritdoc cref="Sgd{T}(double, double, bool, double, double)"/>
    public static Sgd<float> Sgd(
        double learningRate, double momentum = 0, bool nesterov = false, double weightDecay = 0, double dampening = 0)
        => new(learningRate, momentum, nesterov, weightDecay, dampening);
}
