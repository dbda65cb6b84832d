using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Recurrence;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Texts;

namespace Lstm;

/// <summary>Runs a network one step at a time, for one or several sessions that have separate states.</summary>
/// <remarks>
/// A step allocates nothing and, with one worker, takes no lock and makes no system call. Stepping gives the same bits as running
/// whole sequences. A stream belongs to one thread at a time, all its sessions together: a step or a reset of a stream that is in
/// use throws <see cref="InvalidOperationException"/>. Any number of streams may share one network. Dispose the stream to end its
/// worker threads; with one worker it has none.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed unsafe class NetworkStream<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string UseRemedy =
        "Sessions that threads step on their own need streams of their own: open one for each with network.OpenStream().";

    private readonly Network<T> _network;
    private readonly NetworkState<T> _start;
    private readonly PassResources<T> _resources;
    private readonly Pass<T> _pass;
    private readonly LayerRun<T> _run;
    private readonly SequenceShape _shape = new();
    private readonly Use _use;
    private readonly SessionChoice _sessions;
    private readonly int _inputSize;
    private readonly int _outputSize;
    private readonly bool _takesIds;

    // One session runs through steps bound beforehand, each with room for its output; several run as a batch of one step.
    private readonly StepKernel<T>[] _steps = [];
    private readonly AlignedBuffer<T>[] _outputs = [];
    private long _stepVersion;
    private long _startVersion;

    internal NetworkStream(Network<T> network, int sessions, int workers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sessions, 1);
        NetworkState<T>.RequireFits(network.StateSizes, sessions, nameof(sessions));
        foreach (Layer<T> layer in network.Layers)
        {
            if (layer.WholeSequenceReason is { } reason)
            {
                throw new NotSupportedException(
                    $"Layer '{Shortened.Text(layer.Name)}' {reason} and needs whole sequences: it cannot be run step by step.");
            }
        }

        _network = network;
        _inputSize = network.InputSize;
        _outputSize = network.OutputSize;
        _takesIds = network.TakesIds;
        _resources = new PassResources<T>(workers, keeps: false) { Width = network.Width };
        _pass = new Pass<T>
        {
            Resources = _resources,
            Parameters = network.ParameterSet.Pointer,
            Version = network.ParameterSet.Version
        };
        _run = new LayerRun<T>(network.Layers, [.. network.Layers.Select(layer => layer.CreateTape())]);
        _sessions = new SessionChoice(sessions);
        _start = network.CreateState(1);
        _startVersion = network.Version;
        State = network.CreateState(sessions);
        _use = State.Use;
        _shape.SetDense(sessions, 1);
        if (sessions == 1)
        {
            _steps = [.. network.Layers.Select(layer => layer.BindStep(_pass, State))];
            _outputs = [.. network.Layers.Select(layer => new AlignedBuffer<T>(layer.OutputSize))];
            _stepVersion = network.Version;
        }
    }

    /// <summary>The number of sessions.</summary>
    public int Sessions => State.Count;

    /// <summary>The states of the sessions. Read, store or overwrite them between steps; passes may use them too.</summary>
    public NetworkState<T> State { get; }

    /// <summary>The number of sessions, and the values of one session that a step reads and writes.</summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {Counted.Of(Sessions, "session")}, "
            + $"{(_takesIds ? "1 id" : Counted.Of(_inputSize, "value"))} -> {Counted.Of(_outputSize, "value")}";

    internal WorkerTeam Team => _resources.Team;

    /// <summary>Runs one step of every session.</summary>
    /// <param name="input">[sessions, input size]: a row for each session.</param>
    /// <param name="output">[sessions, output size]; may not overlap <paramref name="input"/>.</param>
    /// <exception cref="ArgumentException">A length does not fit, or the network takes ids; nothing has changed then.</exception>
    /// <exception cref="InvalidOperationException">The stream or its <see cref="State"/> is in use.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Step(ReadOnlySpan<T> input, Span<T> output) => StepFeatures([], Sessions, input, output);

    /// <summary>Runs one step of every session and returns the outputs in a new array.</summary>
    /// <param name="input">One row of input values per session, session 0 first.</param>
    /// <returns>One row of output values per session.</returns>
    /// <inheritdoc cref="Step(ReadOnlySpan{T}, Span{T})"/>
    public T[] Step(ReadOnlySpan<T> input)
    {
        T[] output = new T[checked(Sessions * _network.OutputSize)];
        Step(input, output);
        return output;
    }

    /// <summary>Runs one step of some sessions; the others stay as they are.</summary>
    /// <param name="sessions">The sessions to step, each at most once.</param>
    /// <param name="input">[sessions.Length, input size].</param>
    /// <param name="output">[sessions.Length, output size]; may not overlap <paramref name="input"/>.</param>
    /// <exception cref="ArgumentException">
    /// A length or session does not fit, or the network takes ids; nothing has changed then.
    /// </exception>
    /// <exception cref="InvalidOperationException">The stream or its <see cref="State"/> is in use.</exception>
    public void Step(ReadOnlySpan<int> sessions, ReadOnlySpan<T> input, Span<T> output)
    {
        if (sessions.Length > 0)
        {
            StepFeatures(sessions, sessions.Length, input, output);
        }
    }

    /// <summary>Runs one step of every session of a network fed with ids.</summary>
    /// <param name="ids">One id per session.</param>
    /// <param name="output">[sessions, output size].</param>
    /// <exception cref="ArgumentException">
    /// A length or id does not fit, or the network takes features; nothing has changed then.
    /// </exception>
    /// <exception cref="InvalidOperationException">The stream or its <see cref="State"/> is in use.</exception>
    public void StepIds(ReadOnlySpan<int> ids, Span<T> output) => StepIds([], Sessions, ids, output);

    /// <summary>Runs one step of some sessions of a network fed with ids; the others stay as they are.</summary>
    /// <param name="sessions">The sessions to step, each at most once.</param>
    /// <param name="ids">One id for each of these sessions.</param>
    /// <param name="output">[sessions.Length, output size].</param>
    /// <exception cref="ArgumentException">
    /// A length, session or id does not fit, or the network takes features; nothing has changed then.
    /// </exception>
    /// <exception cref="InvalidOperationException">The stream or its <see cref="State"/> is in use.</exception>
    public void StepIds(ReadOnlySpan<int> sessions, ReadOnlySpan<int> ids, Span<T> output)
    {
        if (sessions.Length > 0)
        {
            StepIds(sessions, sessions.Length, ids, output);
        }
    }

    /// <summary>Resets every session to the start: zero, or the learned initial state.</summary>
    /// <exception cref="InvalidOperationException">The stream or its <see cref="State"/> is in use.</exception>
    public void Reset()
    {
        using Use.Taking taken = Take();
        for (int session = 0; session < Sessions; session++)
        {
            ResetTaken(session);
        }
    }

    /// <summary>Resets one session to the start, so that another sequence can take its place.</summary>
    /// <param name="session">0 … <see cref="Sessions"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such session.</exception>
    /// <exception cref="InvalidOperationException">The stream or its <see cref="State"/> is in use.</exception>
    public void Reset(int session)
    {
        if ((uint)session >= (uint)Sessions)
        {
            throw new ArgumentOutOfRangeException(
                nameof(session), session,
                $"There is no session {session}; the stream has {Sessions} sessions, 0 … {Sessions - 1}.");
        }

        using Use.Taking taken = Take();
        ResetTaken(session);
    }

    /// <inheritdoc/>
    public void Dispose() => _resources.Dispose();

    private Use.Taking Take() => Use.Take(_use, "The stream", UseRemedy);

    private void ResetTaken(int session)
    {
        if (_startVersion != _network.Version)
        {
            _network.InitialStates.Reset(_start);
            _startVersion = _network.Version;
        }

        State.Steps[session] = 0;
        for (int entry = 0; entry < State.Sizes.Count; entry++)
        {
            _start.HiddenRow(entry, 0).CopyTo(State.HiddenRow(entry, session));
            _start.CellRow(entry, 0).CopyTo(State.CellRow(entry, session));
        }
    }

    // A step may be shorter than the calls it is made of. They are compiled in full at once, since a program that keeps its
    // only processor busy with steps never lets the runtime do it later.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void StepFeatures(ReadOnlySpan<int> sessions, int count, ReadOnlySpan<T> input, Span<T> output)
    {
        if (_takesIds)
        {
            throw new ArgumentException("The network starts with an embedding and takes ids: use StepIds.", nameof(input));
        }

        CheckLength(input.Length, count, _inputSize, nameof(input));
        CheckLength(output.Length, count, _outputSize, nameof(output));
        fixed (T* x = input)
        {
            Run(sessions, count, x, output);
        }
    }

    private void StepIds(ReadOnlySpan<int> sessions, int count, ReadOnlySpan<int> ids, Span<T> output)
    {
        if (!_takesIds)
        {
            throw new ArgumentException("The network has no embedding and takes values: use Step.", nameof(ids));
        }

        CheckLength(ids.Length, count, 1, nameof(ids));
        CheckLength(output.Length, count, _outputSize, nameof(output));
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)_inputSize)
            {
                throw new ArgumentException(
                    $"The id {id} is unknown; the network knows 0 … {_inputSize - 1} (its InputSize is {_inputSize}).",
                    nameof(ids));
            }
        }

        fixed (int* x = ids)
        {
            Run(sessions, count, x, output);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run(ReadOnlySpan<int> sessions, int count, void* input, Span<T> output)
    {
        _resources.Team.ThrowIfDisposed(this);
        if (!_use.TryTake())
        {
            _use.Refuse("The stream", UseRemedy);
        }

        try
        {
            if (_steps.Length > 0)
            {
                RunSteps(sessions, input, output);
            }
            else
            {
                RunBatch(sessions, count, input, output);
            }
        }
        finally
        {
            _use.Release();
        }

        GC.KeepAlive(this);
    }

    // SAFETY: StepFeatures and StepIds compare the lengths of input and output with the sizes of the sessions' rows, and ids with
    // InputSize, before they fix them. Each output between layers has the layer's OutputSize values. The pass points to the
    // network's parameters, whose buffer is never reserved again; Run keeps this stream, which holds the network, alive.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunSteps(ReadOnlySpan<int> sessions, void* x, Span<T> output)
    {
        if (sessions.Length > 0)
        {
            _ = _sessions.Take(sessions);
        }

        Debug.Assert(output.Length == _outputSize && _outputs.Length == _steps.Length);
        StepKernel<T>[] steps = _steps;
        if (_stepVersion != _network.Version)
        {
            long version = _network.Version;
            Array.ForEach(steps, step => step.Refresh(version));
            _stepVersion = version;
        }

        fixed (T* last = output)
        {
            for (int i = 0; i < steps.Length; i++)
            {
                T* y = i == steps.Length - 1 ? last : _outputs[i].Pointer;
                steps[i].Run(x, y);
                x = y;
            }
        }

        State.Advance(0, 1);
    }

    private void RunBatch(ReadOnlySpan<int> sessions, int count, void* input, Span<T> output)
    {
        Debug.Assert(
            count is > 0 && output.Length == (long)count * _outputSize && (sessions.Length == 0 || sessions.Length == count));
        ReadOnlySpan<int> chosen = _sessions.Take(sessions);
        if (_shape.Count != count)
        {
            _shape.SetDense(count, 1);
        }

        fixed (int* rows = chosen)
        {
            T* x = _takesIds ? null : (T*)input;
            Pass<T> pass = (_pass with { StateRows = rows }).Over(_network.ParameterSet, State, _takesIds ? (int*)input : null);
            _run.Forward(pass, new Rows<T>(x, _inputSize, _shape));
            _run.TakeFinalState(State, pass, _shape);
        }

        LayerTape<T> last = _run.Tapes[^1];
        new ReadOnlySpan<T>(last.Output.Pointer + last.OutputStart, output.Length).CopyTo(output);
    }

    private static void CheckLength(int length, int count, int size, string argument)
    {
        if (length != (long)count * size)
        {
            string what = argument == "output" ? "an output" : "an input";
            throw new ArgumentException(
                $"There are {length} values in '{argument}'; a step of {count} {(count == 1 ? "session" : "sessions")} with " +
                $"{what} of {size} {(size == 1 ? "value" : "values")} each takes {(long)count * size}. "
                + $"Give [sessions, {size}] values, session by session.", argument);
        }
    }
}
