using Lstm.Diagnostics;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm;

public sealed unsafe partial class Network<T>
{
    /// <summary>Runs a batch forward from the zero or learned state, and leaves on the tape what Backward needs.</summary>
    /// <param name="batch">
    /// Sequences of <see cref="InputSize"/> features, or of ids 0 … <see cref="InputSize"/> − 1; not to be changed until Backward has returned.
    /// </param>
    /// <param name="tape">A tape of this network.</param>
    /// <returns>The output: a view, valid until the tape's next forward pass.</returns>
    /// <exception cref="ArgumentException">The batch or the tape does not fit this network, or the batch is the tape's own.</exception>
    /// <exception cref="InvalidOperationException">The tape is in use, or the batch is being refilled.</exception>
    public SequenceBatch<T> Forward(NetworkInput<T> batch, Tape<T> tape) => RunForward(batch, null, tape);

    /// <summary>Runs a batch forward from a state, which is overwritten with the state after each sequence's last step.</summary>
    /// <param name="batch">
    /// Sequences of <see cref="InputSize"/> features, or of ids 0 … <see cref="InputSize"/> − 1; not to be changed until Backward has returned.
    /// </param>
    /// <param name="state">Read, and written back on success; no gradient flows into a learned initial state.</param>
    /// <param name="tape">A tape of this network.</param>
    /// <returns>The output: a view, valid until the tape's next forward pass.</returns>
    /// <exception cref="ArgumentException">The batch, the state or the tape does not fit this network, or the batch or the state is the tape's own.</exception>
    /// <exception cref="InvalidOperationException">The tape or the state is in use, or the batch is being refilled.</exception>
    public SequenceBatch<T> Forward(NetworkInput<T> batch, NetworkState<T> state, Tape<T> tape)
    {
        ArgumentNullException.ThrowIfNull(state);
        return RunForward(batch, state, tape);
    }

    /// <summary>
    /// Back-propagates the tape's output gradient through the pass that is on it (BPTT, Werbos 1990), adds into
    /// <paramref name="gradient"/>, and sets the tape's gradients of the input and of the initial state.
    /// </summary>
    /// <param name="tape">The tape of a forward pass that has not been back-propagated yet.</param>
    /// <param name="gradient">A gradient of this network.</param>
    /// <exception cref="ArgumentException">The tape, the gradient or the final state's gradient is another network's, or is of other sizes.</exception>
    /// <exception cref="InvalidOperationException">
    /// There is no such forward pass, the parameters or the batch have changed since, or the tape or the gradient is in use.
    /// </exception>
    public void Backward(Tape<T> tape, Gradient<T> gradient)
    {
        CheckTape(tape);
        ArgumentNullException.ThrowIfNull(gradient);
        CheckGradient(gradient);
        using Use.Taking taken = tape.Take();
        using Use.Taking adding = Gradient<T>.Take(gradient);
        BackwardTaken(tape, gradient);
    }

    /// <summary><see cref="Backward"/> for whoever has taken the tape and the gradient.</summary>
    internal void BackwardTaken(Tape<T> tape, Gradient<T> gradient)
    {
        CheckPending(tape);
        NetworkState<T>? finalGradient = tape.FinalStateGradient;
        if (tape.Owns(finalGradient))
        {
            throw new ArgumentException(
                "The final state's gradient is the tape's own gradient of the initial state, which this pass overwrites; copy it with Clone.", nameof(tape.FinalStateGradient));
        }

        using Use.Reading reading = NetworkState<T>.Read(finalGradient);
        using InputReading<T> input = tape.ReadInput();
        using TargetReading<T> rows = tape.Fused.Read();
        using SequenceReading<T> upstream = SequenceBatch<T>.Read(tape.OutputGradient, "The output gradient");
        CheckBackward(tape, input, rows, upstream.Content!.Shape, gradient, finalGradient);
        tape.Pass = tape.Pass with
        {
            FinalGradient = finalGradient,
            InitialGradient = tape.PrepareInitialStateGradient(input.Shape.Count),
            Ids = input.IdPointer,
        };
        tape.IsPending = false;
        RunBackward(tape, RowsOf(input), upstream.Content.Pointer, gradient);
        tape.IsBackPropagated = true;
    }

    private void RunBackward(Tape<T> tape, Rows<T> first, T* outputGradient, Gradient<T> gradient)
    {
        (IReadOnlyList<Layer<T>> layers, LayerTape<T>[] tapes) = (tape.Run.Layers, tape.Run.Tapes);
        for (int i = layers.Count - 1; i >= 0; i--)
        {
            Rows<T> input = i > 0 ? tapes[i - 1].OutputRows(layers[i].InputSize) : first;
            T* inputGradient = InputGradient(tape, i, input);
            if (tape.Fused.Swept is not null)
            {
                // The loss has done this layer.
                tape.Fused.Clear();
            }
            else if (tape.Fused.IsPending)
            {
                tape.Fused.Backward((DenseLayer<T>)layers[i], tape.Pass, input, tapes[i], inputGradient, gradient.Buffer.Pointer);
            }
            else
            {
                layers[i].Backward(tape.Pass, input, tapes[i], outputGradient, inputGradient, gradient.Buffer.Pointer);
            }

            outputGradient = inputGradient;
        }

        GC.KeepAlive(gradient);
        GC.KeepAlive(tape);
        GC.KeepAlive(this);
    }

    /// <summary>
    /// After the backward pass of a forward pass that started from a state: adds the gradient of that state, which was the learned initial one.
    /// </summary>
    internal void AddInitialStateGradient(Tape<T> tape, Gradient<T> gradient)
    {
        for (int i = 0; i < Layers.Count; i++)
        {
            Layers[i].AddInitialGradient(tape.InitialStateGradient, gradient.Buffer.Pointer);
        }

        GC.KeepAlive(gradient);
    }

    /// <summary>Runs one sequence and returns the output of each step in one array, step after step.</summary>
    /// <param name="series">The steps of the sequence, <see cref="InputSize"/> values each; may be empty.</param>
    /// <returns><see cref="OutputSize"/> values per step (of one step in all after a pooling layer).</returns>
    /// <exception cref="ArgumentException">The values are no whole number of steps, or the network takes ids.</exception>
    public T[] Predict(ReadOnlySpan<T> series)
        => Predict(SequenceBatch.FromSequences<T>([series.ToArray()], TakesIds ? 1 : InputSize)).GetSequence(0);

    /// <summary>Runs a batch without a tape.</summary>
    /// <param name="batch">Sequences of <see cref="InputSize"/> features, or of ids 0 … <see cref="InputSize"/> − 1.</param>
    /// <param name="state">The state to start from, overwritten with the final one; null for the zero or learned one.</param>
    /// <param name="workspace">A workspace of this network, whose <see cref="Workspace{T}.Output"/> is returned; null to allocate the output.</param>
    /// <exception cref="ArgumentException">The batch, the state or the workspace does not fit this network, or the batch is the workspace's own.</exception>
    /// <exception cref="InvalidOperationException">The state or the workspace is in use, or the batch is being refilled.</exception>
    /// <exception cref="NonFiniteValueException">A value is not finite, and the workspace <see cref="Workspace{T}.ChecksFinite"/>.</exception>
    public SequenceBatch<T> Predict(NetworkInput<T> batch, NetworkState<T>? state = null, Workspace<T>? workspace = null)
        => RunPredict(batch, state, workspace);

    /// <summary>Completes the description of a pass and runs all layers; the result is on the last tape.</summary>
    internal Pass<T> RunLayers(Pass<T> pass, Rows<T> rows, int* ids, NetworkState<T>? state, LayerRun<T> run, int layers)
    {
        pass = pass with { Parameters = _parameters.Pointer, Version = Version, Initial = state, Ids = ids };
        for (int i = 0; i < layers; i++)
        {
            run.Layers[i].Forward(pass, rows, run.Tapes[i]);
            rows = run.Tapes[i].OutputRows(run.Layers[i].OutputSize);
        }

        return pass;
    }

    /// <summary>Writes the states after the last steps, once nothing can fail any more.</summary>
    internal static void TakeFinalState(LayerRun<T> run, NetworkState<T>? state, in Pass<T> pass, SequenceShape shape)
    {
        for (int b = 0; state is not null && b < shape.Count; b++)
        {
            state.Advance(pass.StateRows == null ? b : pass.StateRows[b], shape.Lengths[b]);
        }

        for (int i = 0; state is not null && i < run.Layers.Count; i++)
        {
            run.Layers[i].TakeFinalState(run.Tapes[i], state, pass.StateRows);
        }
    }

    private SequenceBatch<T> RunForward(NetworkInput<T> batch, NetworkState<T>? state, Tape<T> tape)
    {
        CheckForward(batch, state, tape);
        using Use.Taking taken = tape.Take();
        using Use.Taking writing = NetworkState<T>.Take(state);
        using Use.Taking upstream = TakeOutputGradient(tape);
        return ForwardTaken(batch, state, tape);
    }

    /// <summary>Forward for whoever has taken the tape, its output gradient and the state.</summary>
    internal SequenceBatch<T> ForwardTaken(NetworkInput<T> batch, NetworkState<T>? state, Tape<T> tape)
    {
        using InputReading<T> input = new(batch);
        Rows<T> rows = BeginForward(input, state, tape);
        tape.SetInput(batch, input);
        RunToOutput(input, rows, state, tape);
        EndForward(state, tape);
        return tape.Output;
    }

    private void CheckForward(NetworkInput<T> batch, NetworkState<T>? state, Tape<T> tape)
    {
        CheckTape(tape);
        batch.Require(nameof(batch));
        CheckNotOwn(tape, batch.Features, nameof(batch), "The batch");
        CheckNotOwn(tape, state);
    }

    private static Use.Taking TakeOutputGradient(Tape<T> tape)
        => Use.Take(tape.OutputGradient.Use, "The tape's output gradient", "A loss writes it between two passes on the tape: give each thread a tape of its own.");

    private void RunToOutput(in InputReading<T> input, Rows<T> rows, NetworkState<T>? state, Tape<T> tape)
    {
        tape.ChooseRun(fuses: false);
        tape.Pass = RunLayers(tape.Pass, rows, input.IdPointer, state, tape.Run, tape.Run.Layers.Count);
        LayerTape<T> last = tape.Run.Tapes[^1];
        tape.Output.View(last.OutputShape, last.Output, last.OutputStart);
        tape.OutputGradient.ReshapeLike(last.OutputShape, blank: true);
        tape.HasOutput = true;
        GC.KeepAlive(this);
    }

    // The first change to the tape: nothing is refused for its form any more.
    private Rows<T> BeginForward(in InputReading<T> input, NetworkState<T>? state, Tape<T> tape)
    {
        Rows<T> rows = CheckInput(input, state);
        CheckSteps(rows.Shape, state, tape);
        tape.IsPending = tape.IsBackPropagated = tape.HasOutput = tape.HasStatistics = false;
        tape.Fused.Clear();

        // Kept for Backward, which draws the same masks whatever is set on the tape meanwhile.
        tape.Pass = new Pass<T>
        {
            Resources = tape.Resources,
            Training = tape.Training,
            Seed = (ulong)tape.DropoutSeed,
            Draw = tape.DropoutDraw,
        };
        return rows;
    }

    // Only here does the caller see that a pass has been made: a loss that refuses its target has changed nothing.
    private void EndForward(NetworkState<T>? state, Tape<T> tape)
    {
        TakeFinalState(tape.Run, state, tape.Pass, tape.InputShape);
        tape.IsPending = true;
        tape.HasStatistics = tape.Pass.Training;
        if (tape.Pass.Training)
        {
            tape.DropoutDraw++;
        }
    }

    private SequenceBatch<T> RunPredict(NetworkInput<T> batch, NetworkState<T>? state, Workspace<T>? workspace)
    {
        if (workspace is null)
        {
            using Workspace<T> own = CreateWorkspace();
            SequenceBatch<T> view = RunPredict(batch, state, own);
            SequenceBatch<T> copy = new(OutputSize);
            copy.Reshape(view.Lengths);
            view.Rows.CopyTo(copy.Rows);
            return copy;
        }

        if (!ReferenceEquals(workspace.Network, this))
        {
            throw new ArgumentException("The workspace belongs to another network; use one that CreateWorkspace of this network has made.", nameof(workspace));
        }

        workspace.Pass.Team.ThrowIfDisposed(workspace);
        batch.Require(nameof(batch));
        CheckNotOwn(workspace, batch.Features);
        using Use.Taking taken = workspace.Take();
        using Use.Taking writing = NetworkState<T>.Take(state);
        using InputReading<T> input = new(batch);
        Rows<T> rows = CheckInput(input, state);
        RunLayers(workspace.Pass, rows, input.IdPointer, state, workspace.Run, Layers.Count);
        if (workspace.ChecksFinite)
        {
            FiniteCheck.Check(workspace, rows, batch, state);
        }

        TakeFinalState(workspace.Run, state, workspace.Pass, rows.Shape);
        LayerTape<T> last = workspace.Run.Tapes[^1];
        workspace.Output.View(last.OutputShape, last.Output, last.OutputStart);
        GC.KeepAlive(this);
        return workspace.Output;
    }

    /// <summary>Where the gradient of a layer's input goes; null when nobody asks for it.</summary>
    private T* InputGradient(Tape<T> tape, int layer, Rows<T> input)
    {
        if (layer > 0)
        {
            return tape.GradientBuffer(layer, (long)input.Count * input.Features).Pointer;
        }

        if (!tape.ComputesInputGradient || TakesIds)
        {
            return null;
        }

        tape.InputGradient.ReshapeLike(input.Shape);
        return tape.InputGradient.Content.Pointer;
    }
}
