using Lstm.Cells;
using Lstm.Formats;
using Lstm.Simd;
using Lstm.Specs;
using Lstm.Tests.Cells;
using Lstm.Tests.Support;

namespace Lstm.Tests.Formats;

/// <summary>
/// Models whose description is of version 1, in which an LSTM layer had 39 properties side by side, still load.
/// </summary>
/// <remarks>
/// The files <c>saved_spec_*.safetensors</c> are in the Fixtures folder. <c>Lstm.Tests child formats.saveSpecs FOLDER</c> wrote
/// them with the last
/// version that wrote such descriptions; they are not written again.
/// </remarks>
public class SavedSpecsTests
{
    private static readonly CustomCell Odd = CustomCell.Of("odd", new OddCell(0.5));

    private static readonly Dictionary<string, LayerSpec[]> Cases = new()
    {
        ["equations"] =
        [
            new LstmSpec(2)
            {
                Name = "größer", Layers = 2, Dropout = 0.1, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Sum,
                    Bias = LstmBias.Two,
                Initialization = LstmInitialization.Keras, ForgetBias = 0.3, LearnInitialState = true, TruncatedGradient = true,
                Cell = new LstmEquations
                {
                    Peephole = true, CoupledGates = true, CellClip = 3, PreActivationClip = 5.5, GateRecurrence = true,
                        CandidateDropout = 0.3,
                    GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, 0.5),
                    CellActivation = new(LstmActivationFunction.Softsign),
                    HiddenActivation = new(LstmActivationFunction.Elu, 0.7),
                        ReverseGateActivation = new(LstmActivationFunction.Sigmoid),
                    ReverseCellActivation = new(LstmActivationFunction.ScaledTanh, 1.5, 0.5),
                    ReverseHiddenActivation = new(LstmActivationFunction.Affine, 0.5, 0.1),
                },
                Projection = new(3) { Clip = 2.5 },
                Regularization = new()
                {
                    InputDropout = 0.1, RecurrentDropout = 0.2, WeightDropout = 0.4, HiddenZoneout = 0.5, CellZoneout = 0.6,
                },
            },
            new LstmSpec(3)
            {
                Shortcut = LstmShortcut.Concatenate, Cell = new LstmEquations { InputGate = false, OutputGate = false },
                Direction = LstmDirection.Reverse,
            },
            new LstmSpec(3)
            {
                Cell = new LstmEquations { ForgetGate = false }, Initialization = LstmInitialization.PyTorchUniform,
                Bias = LstmBias.None,
            },
            new LstmSpec(2) { MemorySpan = 30, Projection = new(1) },
            new DropoutSpec(0.2), new PoolingSpec(Pooling.Max), new DenseSpec(2) { Activation = Activation.Tanh, Bias = false },
        ],
        ["normalizations"] =
        [
            new LstmSpec(2) { Normalization = new LayerNormalization { Epsilon = 1e-3 } },
            new LstmSpec(2) { Normalization = new BatchNormalization { Epsilon = 1e-4, Steps = 3, Momentum = 0.5 } },
            new LstmSpec(2) { Normalization = new LayerNormalization() },
        ],
        ["custom"] =
        [
            new LstmSpec(2)
            {
                Cell = Odd, Projection = new(3), Normalization = new LayerNormalization(), TruncatedGradient = true,
                Regularization = new() { HiddenZoneout = 0.1 }, MemorySpan = 20,
            },
            new LstmSpec(2),
        ],
        // Its layers had settings of a normalisation that they do not have, which had no effect.
        ["effectless"] =
        [
            new LstmSpec(2) { Dropout = 0.25 },
            new LstmSpec(2) { Normalization = new LayerNormalization() },
        ],
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Load_of_a_description_of_version_1_has_the_same_specs_parameters_and_outputs(string name)
    {
        Network<float> expected = Make(name);
        Network<float> loaded =
            Network.Load<float>(Path.Combine(Shared.Fixtures, $"saved_spec_{name}.safetensors"), new LoadOptions
            {
                Cells = [Odd],
            });
        Assert.Equal(expected.Specs, loaded.Specs);
        Assert.Equal(
            expected.Parameters.Select(parameter => parameter.ToString()),
            loaded.Parameters.Select(parameter => parameter.ToString()));
        Close.SameBits<float>(expected.Flat, loaded.Flat, "parameters");
        SequenceBatch<float> input = Sample.Batch<float>(1, 3, 4, 0, 2);
        Close.SameBits<float>(expected.Predict(input).Rows, loaded.Predict(input).Rows, "output");
    }

    /// <summary>
    /// Writes files of the same networks; the fixtures were written by this in the last version that wrote descriptions of
    /// version 1.
    /// </summary>
    [ChildScenario("formats.saveSpecs")]
    internal static void Save(string[] folder)
    {
        foreach (string name in Cases.Keys)
        {
            Make(name).Save(Path.Combine(folder[0], $"saved_spec_{name}.safetensors"));
        }
    }

    private static Network<float> Make(string name)
    {
        Network<float> network = new(3, Cases[name], SimdDispatch.Best);
        network.Initialize(7);
        return network;
    }
}
