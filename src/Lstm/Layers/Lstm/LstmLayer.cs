using System.Numerics;
using Lstm.Cells;
using Lstm.Kernels;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>One layer of a stack of LSTMs, in one or both directions. <see cref="LstmSpec"/> has its equations.</summary>
internal sealed unsafe partial class LstmLayer<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // The pre-activations of a stretch of steps: what the second-level cache holds beside the weights until the recurrence
    // comes for them. Fewer rows than that would have a large layer's weights fetched too often.
    private const int StretchBytes = 1024 * 1024;
    private const int StretchRows = 256;

    // A layer with weights up to this size takes the input's product into the recurrent step: the weights stay in or
    // near the second-level cache, from where they are fetched a panel ahead, and z need not be written and read back.
    private const int FusedBytes = 2048 * 1024;

    // So does one with a few inputs only, whatever its size.
    private const int FusedInputs = 32;

    private readonly LstmSpec _spec;
    private readonly LstmWeights[] _directions;
    private readonly CellKernels<T>[] _kernels;
    private readonly PanelLayout _gates;

    public LstmLayer(LstmSpec spec, int layer, int inputSize, string name, ParameterLayout parameters)
    {
        _spec = spec;
        _gates = PanelLayout.Gates<T>(spec.HiddenSize);
        int count = spec.Direction == LstmDirection.Bidirectional ? 2 : 1;
        _directions = new LstmWeights[count];
        _kernels = new CellKernels<T>[count];
        for (int d = 0; d < count; d++)
        {
            bool reverse = d == 1 || spec.Direction == LstmDirection.Reverse;
            _directions[d] = new LstmWeights(spec, reverse, inputSize, $"{name}.", $"_l{layer}{(d == 1 ? "_reverse" : string.Empty)}", _gates, parameters);
            _kernels[d] = LstmCells<T>.Kernels(spec, d == 1);
        }
    }

    public override int OutputSize => _directions.Length * HiddenSize;

    public override int StateCount => _directions.Length;

    public override StateSize StateSize => new(_spec.GateRecurrence ? HiddenSize + (3 * Units) : HiddenSize, Units);

    public LstmSpec Spec => _spec;

    public override string? WholeSequenceReason => _spec.Direction != LstmDirection.Forward ? "reads in reverse" : null;

    /// <summary>How many of the output's features come from reading forward; the rest come from reading in reverse.</summary>
    public int ForwardFeatures => _spec.Direction == LstmDirection.Reverse ? 0 : HiddenSize;

    public override int FirstState => StateIndex;

    /// <summary>Index of this layer's first state in a <see cref="NetworkState{T}"/>.</summary>
    public required int StateIndex { get; init; }

    /// <summary>H.</summary>
    public int Units => _spec.HiddenSize;

    /// <summary>Values of a direction's h: P with a projection, else H.</summary>
    public int HiddenSize => _spec.ProjectionSize ?? Units;

    /// <summary>The LSTM layer that a layer is or has inside; null if there is none.</summary>
    public static LstmLayer<T>? In(Layer<T> layer)
    {
        LstmLayer<T>? found = layer as LstmLayer<T>;
        foreach (Layer<T> inner in layer.Inner)
        {
            found ??= In(inner);
        }

        return found;
    }

    /// <summary>The name of a direction, in the manner of its parameters': <c>lstm.l0</c>, <c>lstm.l0_reverse</c>.</summary>
    public string NameOf(int d) => _directions[d].WeightIh.Name.Replace("weight_ih_", string.Empty, StringComparison.Ordinal);

    private int RowsPerStretch => Math.Clamp(StretchBytes / (_gates.PaddedColumns * sizeof(T)), StretchRows, 4 * StretchRows);

    public override LayerTape<T> CreateTape() => new LstmTape<T>([.. _directions.Select(d => d.Reverse)], _gates, InputSize, _spec, RowsPerStretch);

    public override void Initialize(ParameterStart<T> start)
    {
        foreach (LstmWeights direction in _directions)
        {
            direction.Initialize(start, _spec);
        }
    }

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        LstmTape<T> own = (LstmTape<T>)tape;
        if (IsCut(pass, input.Shape))
        {
            ForwardInSegments(pass, input, own);
            return;
        }

        own.Prepare(pass, input.Shape);
        for (int d = 0; d < _directions.Length; d++)
        {
            if (pass.Skips(d))
            {
                continue;
            }

            LstmWeights direction = _directions[d];
            DirectionTape<T> kept = own.Directions[d];
            kept.Path.Prepare(input.Shape, pass.Keeps, SeesOwnBuffer(pass));
            kept.LayerNorm?.Prepare(input.Shape, pass.Keeps, kept.GateRows);
            kept.BatchNorm?.Prepare(pass, input.Shape, kept.Plan, kept.GateRows, direction.Statistics);
            SetInitialState(pass, own, d);
            if (DropsWeights(pass))
            {
                DropWeights(pass, own, d);
            }

            T* bias = kept.SumBiases(pass, direction.Biases);
            int steps = kept.Plan.StepCount;
            for (int step = 0; step < steps;)
            {
                int end = kept.StretchEnd(step);
                ForwardStretch(pass, input, own, d, bias, step, end);
                step = end;
            }
        }
    }

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state)
    {
        if (!IsDirect || _spec.Normalization != LstmNormalization.None)
        {
            return new BatchOfOneStep<T>(this, pass, state);
        }

        LstmWeights weights = _directions[0];
        return _kernels[0].Bind(pass.Width, new RecurrentStep<T>
        {
            Inputs = InputSize,
            Units = Units,
            Input = pass.Parameter(weights.WeightIh),
            Recurrent = pass.Parameter(weights.WeightHh),
            Bias = weights.Biases.Length > 0 ? pass.Parameter(weights.Biases[0]) : null,
            SecondBias = weights.Biases.Length > 1 ? pass.Parameter(weights.Biases[1]) : null,
            UnitWeights = weights.UnitWeights is { } own ? pass.Parameter(own) : null,
            Hidden = state.HiddenPointer(FirstState),
            Cell = state.CellPointer(FirstState),
            Team = pass.Team,
        });
    }

    public override void Backward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        LstmTape<T> own = (LstmTape<T>)tape;
        if (own.IsSegmented)
        {
            BackwardInSegments(pass, input, own, outputGradient, inputGradient, gradient);
            return;
        }

        for (int d = 0; d < _directions.Length; d++)
        {
            if (pass.Skips(d))
            {
                continue;
            }

            LstmWeights direction = _directions[d];
            DirectionTape<T> kept = own.Directions[d];
            kept.Path.PrepareBackward(input.Shape, pass.Segment.IsLast);
            kept.LayerNorm?.PrepareBackward(input.Shape);
            if (_spec.WeightDropout > 0 && pass.Segment.IsLast)
            {
                // The last pass may have seen other weights of the same version.
                kept.TransposedHh.Invalidate();
            }

            kept.TransposedHh.Update(RecurrentWeights(pass, own, d), pass.Version, pass.Team);
            SetFinalGradient(pass, own, d);
            PropagateThroughTime(pass, own, d, outputGradient + (d * HiddenSize), gradient);
            if (!pass.Segment.IsFirst)
            {
                kept.KeepFirst(pass.Segment.Earlier);
            }

            AddParameterGradients(pass, input, own, d, gradient);
            TakeInitialGradient(pass, own, d, gradient);
            if (inputGradient != null)
            {
                kept.TransposedIh.Update(pass.Parameter(direction.WeightIh), pass.Version, pass.Team);
                ProductTerm<T>* terms = kept.GateTerms(kept.InputProducts, kept.TransposedIh.Pointer, input.Count);
                RowProduct<T> product = new()
                {
                    Width = pass.Width,
                    Terms = terms,
                    TermCount = kept.GateTermCount,
                    Columns = kept.TransposedIh.Columns,
                    Rows = input.Count,
                    Start = d == 0 ? null : inputGradient,
                    StartStride = InputSize,
                    Output = inputGradient,
                    OutputStride = InputSize,
                };
                pass.Team.Run(ref product);
            }
        }
    }
}
