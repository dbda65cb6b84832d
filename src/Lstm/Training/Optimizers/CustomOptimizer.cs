using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Texts;
using Lstm.Training.Optimizers;

namespace Lstm.Training;

/// <summary>The base of optimizers outside this library: one method that changes spans of parameters.</summary>
/// <remarks>
/// <para>The state is declared by name in the constructor: buffers have a value for each value of the parameters and start at 0;
/// scalars are numbers of each parameter, such as a count of its steps. Checkpoints save both. Anything else that steps change is
/// lost when a training is resumed.</para>
/// <para>Frozen parameters, learning rates, weight decays, workers, clipping, the check for gradients that are not finite, and
/// schedules work as for the other optimizers. A step is all or nothing: where a method throws, parameters and state are those
/// before the step, for which a copy of both is kept.</para>
/// <para>While a step is being made, methods that use the optimizer or write to the network throw
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

    /// <summary>Makes the optimizer.</summary>
    /// <param name="learningRate">The learning rate, finite and at least 0.</param>
    /// <param name="weightDecay">
    /// The weight decay of parameters without a setting of their own, finite and at least 0. Default 0.
    /// </param>
    /// <param name="buffers">Names of the state that has a value for each value of a parameter. It starts at 0.</param>
    /// <param name="scalars">
    /// Names of the numbers of each parameter, and their finite values before the parameter's first step.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The learning rate or the weight decay is out of range.</exception>
    /// <exception cref="ArgumentException">
    /// A name is there twice, is <c>learning_rate</c>, <c>learning_rate_factor</c> or <c>weight_decay</c>, or has other
    /// characters than ASCII letters, digits and underscores; or a start is not finite.
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
                throw new ArgumentException($"The number '{name}' starts at {start}; it has to be finite.", nameof(scalars));
            }
        }
    }

    /// <summary>The optimizer's name in checkpoints; keep it when the type is renamed.</summary>
    public abstract string Kind { get; }

    /// <summary>
    /// The constructor's settings by name, as text that is the same in every culture; a checkpoint of other settings is refused.
    /// By default none. The learning rate and weight decays do not belong here: checkpoints save them.
    /// </summary>
    protected virtual IReadOnlyList<(string Name, string Value)> Settings => [];

    /// <summary>
    /// Whether each value's update depends on nothing but that value's own gradient and state. Then <see cref="Update"/> gets
    /// parameters in parts, on several threads at once; otherwise whole, row by row, on one. Default true.
    /// </summary>
    protected virtual bool IsElementwise => true;

    /// <summary>How weights decay. Default <see cref="WeightDecayKind.Gradient"/>.</summary>
    protected virtual WeightDecayKind WeightDecayKind => WeightDecayKind.Gradient;

    internal sealed override IReadOnlyList<(string Name, string Value)> Description => [("kind", Kind), .. Settings];

    internal sealed override bool IsScalar(double value) => double.IsFinite(value);

    /// <summary>
    /// Moves a parameter's numbers one step on, once before each <see cref="Update"/> of all of it. By default they stay.
    /// </summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="scalars">Its numbers, in the order of the constructor; they have to stay finite.</param>
    protected virtual void Advance(Parameter parameter, Span<double> scalars)
    {
    }

    /// <summary>Changes a parameter, or a part of one, and its state.</summary>
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
                    $"The optimizer {Kind} made its number '{ScalarNames[s]}' of parameter {part.Prefix}{parameter.Name} " +
                    $"{scalars[s]} in " +
                    $"step {Steps}; it has to stay finite.");
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
