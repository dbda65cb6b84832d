using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>
/// One layer of a stack of LSTMs, in one or both directions, each in its own columns of the output. <see cref="LstmSpec"/> has
/// its equations.
/// </summary>
// SAFETY: LstmTape.Prepare reserves the slots of the output, and DirectionTape.Prepare what a direction keeps, for the rows of
// the input; a direction's columns of the output and of its gradient begin HiddenSize apart, within OutputSize.
internal sealed unsafe class LstmLayer<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly DirectionLayer<T>[] _directions;

    /// <summary>Makes a layer.</summary>
    /// <param name="spec">The spec of its stack.</param>
    /// <param name="layer">Its place in the stack.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="name">The stack's name.</param>
    /// <param name="index">Its <see cref="Layer{T}.Index"/>.</param>
    /// <param name="firstState">Its <see cref="FirstState"/>.</param>
    /// <param name="parameters">Where it declares its parameters.</param>
    public LstmLayer(LstmSpec spec, int layer, int inputSize, string name, int index, int firstState, ParameterLayout parameters)
    {
        Spec = spec;
        FirstState = firstState;
        PanelLayout gates = PanelLayout.Gates<T>(spec.HiddenSize);
        _directions = new DirectionLayer<T>[spec.Direction == LstmDirection.Bidirectional ? 2 : 1];
        for (int d = 0; d < _directions.Length; d++)
        {
            bool reverse = d == 1 || spec.Direction == LstmDirection.Reverse;
            string suffix = $"_l{layer}{(d == 1 ? "_reverse" : string.Empty)}";
            LstmWeights weights = new(spec, reverse, inputSize, $"{name}.", suffix, gates, parameters);
            _directions[d] = new DirectionLayer<T>(spec, weights, gates, inputSize, index, d, firstState + d);
        }
    }

    public LstmSpec Spec { get; }

    public ReadOnlySpan<DirectionLayer<T>> Directions => _directions;

    public override int OutputSize => _directions.Length * HiddenSize;

    public override int FirstState { get; }

    public override int StateCount => _directions.Length;

    public override StateSize StateSize => new(
        Spec.Equations.GateRecurrence ? HiddenSize + (3 * Spec.HiddenSize) : HiddenSize, Spec.StateVectors * Spec.HiddenSize);

    public override bool NormalizesBatch => Spec.Normalization is BatchNormalization;

    public override string? WholeSequenceReason => Spec.Direction != LstmDirection.Forward ? "reads in reverse" : null;

    /// <summary>How many of the output's features come from reading forward; the rest come from reading in reverse.</summary>
    public override int? FeaturesReadForward => Spec.Direction == LstmDirection.Reverse ? 0 : HiddenSize;

    /// <summary>Values of a direction's h: P with a projection, else H.</summary>
    public int HiddenSize => Spec.StateSize;

    public override LayerTape<T> CreateTape() => new LstmTape<T>(_directions, HiddenSize);

    public override void Initialize(ParameterStart<T> start)
        => Array.ForEach(_directions, direction => direction.Initialize(start));

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        LstmTape<T> own = (LstmTape<T>)tape;
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        own.Prepare(input.Shape, isSegmented: NeedsWholeSequence && pass.Cuts(input.Shape));
        for (int d = 0; d < _directions.Length; d++)
        {
            if (own.IsSegmented)
            {
                own.Segments[d].Forward(pass, input, own.Columns(d).At(input.Shape.Count));
            }
            else
            {
                own.Directions[d].Prepare(pass, input.Shape, own.Columns(d));
                _directions[d].Forward(pass, input, own.Directions[d]);
            }
        }
    }

    public override void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        LstmTape<T> own = (LstmTape<T>)tape;
        Debug.Assert(input.Features == InputSize, "The rows are not of this layer's input.");
        Debug.Assert(outputGradient != null || input.Count == 0, "There is no gradient of the output.");
        for (int d = 0; d < _directions.Length; d++)
        {
            T* dh = outputGradient + (d * HiddenSize);
            if (own.IsSegmented)
            {
                own.Segments[d].Backward(pass, input, dh, inputGradient, gradient);
            }
            else
            {
                _directions[d].Backward(pass, input, own.Directions[d], dh, OutputSize, inputGradient, gradient);
            }
        }
    }

    // A layer that reads forward in one direction; the others have no single step.
    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state)
        => _directions[0].BindStep(pass, state.HiddenPointer(FirstState), state.CellPointer(FirstState))
            ?? new BatchOfOneStep<T>(this, pass, state);

    public override void TakeFinalState(LayerTape<T> tape, NetworkState<T> state, int* stateRows)
    {
        LstmTape<T> own = (LstmTape<T>)tape;
        for (int d = 0; d < _directions.Length; d++)
        {
            if (own.IsSegmented)
            {
                own.Segments[d].TakeFinalState(state);
            }
            else
            {
                _directions[d].States.TakeFinal(own.Directions[d], state, stateRows);
            }
        }
    }

    public override void SetLearnedState(T* parameters, NetworkState<T> state, int first, int count)
    {
        foreach (DirectionLayer<T> direction in _directions)
        {
            direction.States.SetLearned(parameters, state, first, count);
        }
    }

    public override void AddInitialGradient(NetworkState<T> initial, T* gradient)
    {
        foreach (DirectionLayer<T> direction in _directions)
        {
            direction.States.AddInitialGradient(initial, gradient);
        }
    }

    public override void MoveStatistics(LayerTape<T> tape, Span<T> flat)
    {
        foreach (DirectionTape<T> direction in ((LstmTape<T>)tape).Directions)
        {
            direction.Recurrence.MoveStatistics(flat);
        }
    }
}
