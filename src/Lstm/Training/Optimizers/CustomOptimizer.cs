using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Texts;
using Lstm.Training.Optimizers;

namespace Lstm.Training;

/// <summary>The base class of custom optimizers, which implement one method that updates spans of parameters.</summary>
/// <remarks>
/// <para>The constructor declares the state by name. A buffer has one element for each value of the parameters and starts at 0. A
/// scalar is one number for each parameter, such as a count of its steps. Checkpoints save both. Anything else that steps change
/// is lost when training is resumed.</para>
/// <para>Frozen parameters, learning rates, weight decays, workers, clipping, the check for gradients that are not finite, and
/// schedules work as for the built-in optimizers. A step is atomic: if a method throws, the parameters and the state are restored
/// from a copy that is made before the step.</para>
/// <para>During a step, methods that use the optimizer or write to the network throw
/// <see cref="InvalidOperationException"/>.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public abstract class CustomOptimizer<T> : Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private OptimizerCopy<T>[] _copies = [];
    private Dictionary<Parameter, int[]> _padding = [];
    private AlignedBuffer<T> _values = new();
    private AlignedBuffer<T> _gradient = new();
    private AlignedBuffer<T>[] _whole = [];

    /// <summary>Initializes the optimizer and declares its state.</summary>
    /// <param name="learningRate">The learning rate, finite and at least 0.</param>
    /// <param name="weightDecay">
    /// The weight decay of parameters for which <see cref="Optimizer{T}.SetWeightDecay"/> sets none, finite and at least 0.
    /// Default 0.
    /// </param>
    /// <param name="buffers">The names of the buffers, which have one element for each parameter value and start at 0.</param>
    /// <param name="scalars">
    /// The names of the scalars, one number for each parameter, and their finite values before the parameter's first step.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The learning rate or the weight decay is out of range.</exception>
    /// <exception cref="ArgumentException">
    /// A name occurs twice, is <c>learning_rate</c>, <c>learning_rate_factor</c> or <c>weight_decay</c>, or contains characters
    /// other than ASCII letters, digits and underscores; or a scalar's initial value is not finite.
    /// </exception>
    protected CustomOptimizer(
        double learningRate, double weightDecay = 0, ReadOnlySpan<string> buffers = default,
        ReadOnlySpan<(string Name, double Start)> scalars = default)
        : base(learningRate, weightDecay, buffers, scalars)
    {
        StateNames.Check([.. BufferNames, "learning_rate", "learning_rate_factor", "weight_decay"], nameof(buffers));
        StateNames.Check(
            [.. ScalarNames, .. BufferNames, "learning_rate", "learning_rate_factor", "weight_decay"], nameof(scalars));
        foreach ((string name, double start) in scalars)
        {
            if (!double.IsFinite(start))
            {
                throw new ArgumentException(
                    $"The scalar '{name}' starts at {start}; its initial value has to be finite.", nameof(scalars));
            }
        }
    }

    /// <summary>The optimizer's name in checkpoints. Keep the name when the type is renamed.</summary>
    public abstract string Kind { get; }

    /// <summary>
    /// The constructor's settings by name, as culture-independent text. A checkpoint with other settings is refused. Default
    /// none. Leave out the learning rate and weight decays: checkpoints save them separately.
    /// </summary>
    protected virtual IReadOnlyList<(string Name, string Value)> Settings => [];

    /// <summary>
    /// Whether each value's update depends only on the gradient and state of that value. If true, <see cref="Update"/> receives
    /// parameters in parts, on several threads at once; otherwise whole, row by row, on one thread. Default true.
    /// </summary>
    protected virtual bool IsElementwise => true;

    /// <summary>How weight decay is applied. Default <see cref="WeightDecayKind.Gradient"/>.</summary>
    protected virtual WeightDecayKind WeightDecayKind => WeightDecayKind.Gradient;

    internal sealed override IReadOnlyList<(string Name, string Value)> Description => [("kind", Kind), .. Settings];

    internal sealed override bool IsScalar(double value) => double.IsFinite(value);

    /// <summary>
    /// Advances a parameter's scalars by one step. Called once per step, before the parameter's first <see cref="Update"/>. By
    /// default the scalars do not change.
    /// </summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="scalars">The parameter's scalars, in the constructor's order. New values have to be finite.</param>
    protected virtual void Advance(Parameter parameter, Span<double> scalars)
    {
    }

    /// <summary>Updates a parameter, or a part of one, and its state.</summary>
    /// <param name="update">The values, their gradient, state and settings.</param>
    protected abstract void Update(in ParameterUpdate<T> update);

    private protected sealed override void UpdateAll(ReadOnlySpan<Gradient<T>> gradients, double learningRate, WorkerTeam? team)
    {
        foreach (OptimizerCopy<T> copy in _copies)
        {
            copy.Take();
        }

        try
        {
            base.UpdateAll(gradients, learningRate, team);
        }
        catch
        {
            foreach (OptimizerCopy<T> copy in _copies)
            {
                copy.PutBack();
            }

            throw;
        }
    }

    private protected sealed override void UpdateRange(
        OptimizerPart<T> part, Gradient<T> gradient, int first, int end, int from, int to, double learningRate,
        double weightDecay,
        WorkerTeam? team)
    {
        for (int i = first; i < end; i++)
        {
            AdvanceScalars(part, i);
            if (IsElementwise)
            {
                UpdateInParts(part, gradient, i, learningRate, weightDecay, team);
            }
            else
            {
                UpdateWhole(part, gradient, i, learningRate, weightDecay);
            }
        }
    }

    private protected sealed override void Reserve(OptimizerPart<T>[] parts)
    {
        Parameter[] parameters = [.. parts.SelectMany(part => part.Network.Parameters)];
        if (IsElementwise)
        {
            _padding = parameters.ToDictionary(parameter => parameter, PaddingOf);
            _gradient = new AlignedBuffer<T>(parts.Max(part => part.Network.Layout.Length));
        }
        else
        {
            int longest = parameters.Length == 0 ? 0 : parameters.Max(parameter => parameter.Count);
            _values = new AlignedBuffer<T>(longest);
            _gradient = new AlignedBuffer<T>(longest);
            _whole = [.. BufferNames.Select(_ => new AlignedBuffer<T>(longest))];
        }

        _copies = [.. parts.Select(part => new OptimizerCopy<T>(part))];
    }

    private static int[] PaddingOf(Parameter parameter)
    {
        bool[] real = new bool[parameter.PackedLength];
        for (int i = 0; i < parameter.Count; i++)
        {
            real[parameter.IndexOf(i)] = true;
        }

        return [.. Enumerable.Range(0, real.Length).Where(i => !real[i]).Select(i => parameter.Offset + i)];
    }

    private void AdvanceScalars(OptimizerPart<T> part, int index)
    {
        double[][] all = part.Scalars;
        Parameter parameter = part.Network.Parameters[index];
        Span<double> scalars = all.Length <= 16 ? stackalloc double[all.Length] : new double[all.Length];
        for (int s = 0; s < scalars.Length; s++)
        {
            scalars[s] = all[s][index];
        }

        Advance(parameter, scalars);
        for (int s = 0; s < scalars.Length; s++)
        {
            all[s][index] = double.IsFinite(scalars[s])
                ? scalars[s]
                : throw new InvalidOperationException(
                    $"The optimizer {Kind} set its scalar '{ScalarNames[s]}' of parameter {part.Prefix}{parameter.Name} to " +
                    $"{scalars[s]} in " +
                    $"step {Steps}; scalars have to be finite.");
        }
    }

    private void UpdateInParts(
        OptimizerPart<T> part, Gradient<T> gradient, int index, double learningRate, double weightDecay, WorkerTeam? team)
    {
        PartJob job = new()
        {
            Owner = this,
            Part = part,
            Gradient = gradient,
            Index = index,
            LearningRate = learningRate,
            WeightDecay = weightDecay,
        };
        if (team is null)
        {
            job.Run(WorkShare.Whole);
        }
        else
        {
            team.Run(ref job);
        }

        // The kernels rely on zeros there, and an update such as a sign or a quotient of zeros may make others.
        foreach (int i in _padding[part.Network.Parameters[index]])
        {
            part.Network.Flat[i] = T.Zero;
            foreach (AlignedBuffer<T> buffer in part.Buffers)
            {
                buffer.Span[i] = T.Zero;
            }
        }
    }

    private void UpdateWhole(OptimizerPart<T> part, Gradient<T> gradient, int index, double learningRate, double weightDecay)
    {
        Parameter parameter = part.Network.Parameters[index];
        Span<T> values = _values.Span[..parameter.Count], slopes = _gradient.Span[..parameter.Count];
        parameter.Unpack<T>(part.Network.Flat, values);
        parameter.Unpack<T>(gradient.Flat, slopes);
        for (int b = 0; b < part.Buffers.Length; b++)
        {
            parameter.Unpack<T>(part.Buffers[b].Span, _whole[b].Span);
        }

        ReadOnlySpan<T> decayed = Decay(values, slopes, slopes, learningRate, weightDecay);
        Update(new ParameterUpdate<T>(parameter, index, values, decayed, _whole, 0, part.Scalars, learningRate, weightDecay));
        parameter.Pack<T>(values, part.Network.Flat);
        for (int b = 0; b < part.Buffers.Length; b++)
        {
            parameter.Pack<T>(_whole[b].Span, part.Buffers[b].Span);
        }
    }

    private void UpdatePart(
        OptimizerPart<T> part, Gradient<T> gradient, int index, int from, int to, double learningRate, double weightDecay)
    {
        Span<T> values = part.Network.Flat[from..to];
        ReadOnlySpan<T> slopes = Decay(values, gradient.Flat[from..to], _gradient.Span[from..to], learningRate, weightDecay);
        Update(new ParameterUpdate<T>(
            part.Network.Parameters[index], index, values, slopes, part.Buffers, from, part.Scalars, learningRate, weightDecay));
    }

    /// <summary>
    /// Decays the values, or gives the gradient with the decay; as the other optimizers do, in the same bits. 0·∞ would be NaN.
    /// </summary>
    private ReadOnlySpan<T> Decay(
        Span<T> values, ReadOnlySpan<T> gradient, Span<T> destination, double learningRate, double weightDecay)
    {
        T decay = Number(weightDecay);
        if (decay != T.Zero && WeightDecayKind == WeightDecayKind.Gradient)
        {
            for (int i = 0; i < values.Length; i++)
            {
                destination[i] = SimdScalar<T>.MultiplyAdd(values[i], decay, gradient[i]);
            }

            return destination;
        }

        if (decay != T.Zero && WeightDecayKind == WeightDecayKind.Decoupled)
        {
            T keep = Number(1 - (learningRate * weightDecay));
            foreach (ref T value in values)
            {
                value *= keep;
            }
        }

        return gradient;
    }

    private struct PartJob : IJob
    {
        public required CustomOptimizer<T> Owner;
        public required OptimizerPart<T> Part;
        public required Gradient<T> Gradient;
        public required int Index;
        public required double LearningRate;
        public required double WeightDecay;

        public readonly long Work => (long)Part.Network.Parameters[Index].PackedLength * JobWork.HardElement;

        public readonly int SharesFor(int workers) => workers;

        public readonly void Run(WorkShare share)
        {
            // Shares begin on cache lines: no two workers write to one.
            Parameter parameter = Part.Network.Parameters[Index];
            int line = PanelLayout.LineOf<T>();
            (int first, int end) = share.Of((parameter.PackedLength + line - 1) / line);
            int to = Math.Min(parameter.PackedLength, end * line);
            Owner.UpdatePart(
                Part, Gradient, Index, parameter.Offset + (first * line), parameter.Offset + to, LearningRate, WeightDecay);
        }
    }
}
