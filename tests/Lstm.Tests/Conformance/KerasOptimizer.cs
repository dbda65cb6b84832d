using System.Numerics;
using System.Text.Json;

namespace Lstm.Tests.Conformance;

/// <summary>An optimizer of Keras as one of ours.</summary>
/// <remarks>
/// Keras decays weights by p ← p − η·λ·p before the step, whatever the optimizer: AdamW's way, and that of SGD without momentum.
/// Its Adam adds ε to √v before v is corrected: ε/√(1 − β₂ᵗ) in ours. The ε given is that of the first step, ε/√(1 − β₂), where v
/// is least exact; for the later steps it is too large, which matters only to an ε that is not small beside √v.
/// </remarks>
internal sealed class KerasOptimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double LargestAdamEpsilon = 1e-6;

    private static readonly string[] Common =
    [
        "name", "learning_rate", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum",
        "ema_overwrite_frequency",
        "loss_scale_factor", "gradient_accumulation_steps",
    ];

    private readonly JsonElement config;
    private readonly Optimizer<T> optimizer;
    private readonly GradientClip clip;
    private readonly int accumulated;
    private int calls;

    public KerasOptimizer(string kind, JsonElement config)
    {
        if (WhyNot(kind, config) is { } reason)
        {
            throw new NotSupportedException(reason);
        }

        this.config = config;
        accumulated = (int)Number("gradient_accumulation_steps", 1);
        double decay = Number("weight_decay", 0);
        optimizer = kind == "SGD" ? new Sgd<T>(0, Number("momentum", 0), KerasConfig.Flag(config, "nesterov"), decay)
            : decay > 0 ? new AdamW<T>(0, Number("beta_1", 0.9), Number("beta_2", 0.999), AdamEpsilon(config), decay)
            : new Adam<T>(0, Number("beta_1", 0.9), Number("beta_2", 0.999), AdamEpsilon(config));
        clip = !KerasConfig.IsUnset(config, "clipnorm") ? GradientClip.ByTensorNorm(Number("clipnorm", 0))
            : !KerasConfig.IsUnset(config, "global_clipnorm") ? GradientClip.ByGlobalNorm(Number("global_clipnorm", 0))
            : !KerasConfig.IsUnset(config, "clipvalue") ? GradientClip.ByValue(Number("clipvalue", 0))
            : GradientClip.None;
    }

    /// <summary>
    /// What a gradient is multiplied by before it is handed in: the loss's scale, and the mean over those accumulated.
    /// </summary>
    public double GradientFactor => 1 / (Number("loss_scale_factor", 1) * accumulated);

    /// <summary>Why the optimizer cannot be expressed with those of the library; null if it can.</summary>
    /// <exception cref="InvalidDataException">
    /// Keras has no such optimizer, or it has an option that nobody has thought of.
    /// </exception>
    public static string? WhyNot(string kind, JsonElement config)
    {
        string[] own = kind switch
        {
            "SGD" => ["momentum", "nesterov"],
            "RMSprop" => ["rho", "momentum", "epsilon", "centered"],
            "Adam" or "AdamW" => ["beta_1", "beta_2", "epsilon", "amsgrad"],
            "Nadam" or "Adamax" or "Adagrad" or "Adadelta" or "Lion" or "Ftrl" or "Adafactor" or "Lamb" or "Muon" => [],
            _ => throw new InvalidDataException($"Keras has no optimizer {kind}."),
        };
        if (own.Length == 0)
        {
            return "no such optimizer";
        }

        KerasConfig.Check(config, kind, [.. Common, .. own]);
        return kind == "RMSprop" ? "ε stands inside the root"
            : !KerasConfig.IsUnset(config, "ema_overwrite_frequency") && KerasConfig.Flag(config, "use_ema")
                ? "an average overwrites the parameters"
            : kind == "SGD" && Decays(config) && KerasConfig.Number(config, "momentum", 0) > 0
                ? "weight decay beside the momentum"
            : kind == "SGD" && KerasConfig.Number(config, "momentum", 0) > 0
                && config.TryGetProperty("learning_rate", out JsonElement rate)
                && rate.ValueKind != JsonValueKind.Number ? "a schedule beside the momentum, which contains the rate"
            : KerasConfig.Flag(config, "amsgrad") ? "no AMSGrad"
            : kind != "SGD" && KerasConfig.Number(config, "epsilon", 1e-7) > LargestAdamEpsilon
                ? "ε is added before the correction of the second moment"
            : null;
    }

    /// <summary>One call of Keras's <c>apply</c>; the gradient is cleared whenever a step is made.</summary>
    /// <param name="network">What is trained.</param>
    /// <param name="gradient">The sum of the gradients since the last step, each times <see cref="GradientFactor"/>.</param>
    public void Apply(Network<T> network, Gradient<T> gradient)
    {
        if (++calls % accumulated == 0)
        {
            optimizer.LearningRate = Rate((calls / accumulated) - 1);
            clip.Apply(gradient);
            optimizer.Step(network, gradient);
            gradient.Clear();
        }
    }

    private static bool Decays(JsonElement config) => KerasConfig.Number(config, "weight_decay", 0) > 0;

    private static double AdamEpsilon(JsonElement config)
        => KerasConfig.Number(config, "epsilon", 1e-7) / Math.Sqrt(1 - KerasConfig.Number(config, "beta_2", 0.999));

    private double Number(string name, double usual) => KerasConfig.Number(config, name, usual);

    // A number, or a schedule over the steps made.
    private double Rate(int step)
    {
        JsonElement rate = config.GetProperty("learning_rate");
        if (rate.ValueKind == JsonValueKind.Number)
        {
            return rate.GetDouble();
        }

        JsonElement schedule = rate.GetProperty("config");
        string name = rate.GetProperty("class_name").GetString()!;
        if (name != "ExponentialDecay")
        {
            throw new InvalidDataException($"The schedule {name} has no mapping.");
        }

        KerasConfig.Check(schedule, name, "name", "initial_learning_rate", "decay_steps", "decay_rate", "staircase");
        double decays = step / schedule.GetProperty("decay_steps").GetDouble();
        decays = KerasConfig.Flag(schedule, "staircase") ? Math.Floor(decays) : decays;
        return schedule.GetProperty("initial_learning_rate").GetDouble()
            * Math.Pow(schedule.GetProperty("decay_rate").GetDouble(), decays);
    }
}
