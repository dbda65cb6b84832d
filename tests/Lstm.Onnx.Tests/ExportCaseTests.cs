using Google.Protobuf;
using Lstm.Onnx.Export;
using Lstm.Onnx.Files;
using Lstm.Specs;
using Lstm.Tests.Cases;
using Lstm.Tests.Support;

namespace Lstm.Onnx.Tests;

/// <summary>
/// The networks of the shared list, and random ones, exported and run by ONNX Runtime: whole, other sizes, ragged, from states,
/// step by step; and imported again with the same bits.
/// </summary>
public class ExportCaseTests
{
    private const int RandomNetworks = 300;
    private const int Groups = 10;

    private static readonly int[] Ragged = [4, 7, 1, 7, 0, 2];

    public static TheoryData<string> Exportable { get; } =
        [.. NetworkCases.All.Where(each => each.Cells.Length == 0).Select(each => each.Name)];

    public static TheoryData<string> WithCustomCells { get; } =
        [.. NetworkCases.All.Where(each => each.Cells.Length > 0).Select(each => each.Name)];

    public static TheoryData<int> RandomGroups { get; } = [.. Enumerable.Range(0, Groups)];

    [Theory]
    [MemberData(nameof(Exportable))]
    public void Case_of_the_shared_list_gives_the_same_outputs_in_ONNX_Runtime(string name)
        => CompareWhole(NetworkCases.Get(name).Create<float>());

    [Theory]
    [MemberData(nameof(Exportable))]
    public void Case_of_the_shared_list_gives_the_same_outputs_for_ragged_sequences(string name)
        => CompareRagged(NetworkCases.Get(name).Create<float>(), NetworkCases.Get(name).Lengths);

    [Theory]
    [MemberData(nameof(Exportable))]
    public void Case_of_the_shared_list_continues_from_states(string name)
        => CompareStates(NetworkCases.Get(name).Create<float>(), NetworkCases.Get(name).Streams);

    [Theory]
    [MemberData(nameof(Exportable))]
    public void Case_of_the_shared_list_is_imported_again_with_the_same_bits(string name)
        => CompareImport(NetworkCases.Get(name).Create<float>(), name);

    [Theory]
    [MemberData(nameof(WithCustomCells))]
    public void Case_with_a_custom_cell_is_refused_by_name(string name)
    {
        NetworkCase refused = NetworkCases.Get(name);
        string message = Assert.Throws<NotSupportedException>(
            () => OnnxModel.Export(refused.Create<float>(), new MemoryStream())).Message;
        Assert.All(refused.Cells, cell => Assert.Contains($"has CustomEquations({cell})", message));
    }

    [Theory]
    [MemberData(nameof(RandomGroups))]
    public void Random_network_gives_the_same_outputs_in_ONNX_Runtime(int group)
        => ForEach(group, network =>
        {
            CompareWhole(network);
            CompareRagged(network, [3, 0, 5]);
            CompareStates(network, RandomNetwork.Streams(network));
        });

    [Theory]
    [MemberData(nameof(RandomGroups))]
    public void Random_network_is_imported_again_with_the_same_bits(int group)
        => ForEach(group, network => CompareImport(network, network.ToString()!));

    private static void ForEach(int group, Action<Network<float>> compare)
    {
        for (int seed = group; seed < RandomNetworks; seed += Groups)
        {
            Network<float> network = RandomNetwork.Create(seed);
            try
            {
                compare(network);
            }
            catch (Exception e) when (e is not NullReferenceException)
            {
                throw new InvalidOperationException($"Seed {seed}, {network}: {e.Message}", e);
            }
        }
    }

    private static void CompareWhole(Network<float> network)
    {
        using (ExportedModel model = new(network, new()))
        {
            model.Compare(1, 6, 6, 6);
            model.Compare(2, 9, 9);
            model.Compare(3, 1);
        }

        using ExportedModel timeFirst = new(network, new() { BatchFirst = false, InputName = "x", OutputName = "y" });
        timeFirst.Compare(4, 5, 5);
    }

    private static void CompareRagged(Network<float> network, int[] lengths)
    {
        using ExportedModel model = new(network, new() { Lengths = true });
        model.Compare(1, lengths);
        model.Compare(2, Ragged);
    }

    private static void CompareStates(Network<float> network, bool streams)
    {
        if (HasBatchNorm(network))
        {
            string message = Assert.Throws<NotSupportedException>(
                () => OnnxModel.Export(network, new MemoryStream(), new() { States = true })).Message;
            Assert.Contains("has BatchNormalization", message);
            return;
        }

        using (ExportedModel ragged = new(network, new() { Lengths = true, States = true }))
        {
            ragged.Compare(1, Ragged);
        }

        using ExportedModel model = new(network, new() { States = true });
        model.Compare(2, 4, 4);
        if (streams)
        {
            model.CompareSteps(3, 12);
        }
    }

    private static void CompareImport(Network<float> network, string what)
    {
        List<OnnxExportOptions> all = [new(), new() { BatchFirst = false, Lengths = true }];
        all.AddRange(HasBatchNorm(network) ? [] : [new() { Lengths = true, States = true, InputName = "x", OutputName = "y" }]);
        foreach (OnnxExportOptions options in all)
        {
            MemoryStream file = new();
            OnnxModel.Export(network, file, options);
            OnnxImport<float> same = OnnxModel.Import<float>(new MemoryStream(file.ToArray()));
            Assert.Equal("ONNX, exported by Lstm", same.Report.Format);
            CompareBits(network, same, options.States, what);

            // Without the description the graph is read like that of any other program.
            ModelProto graph = ModelProto.Parser.ParseFrom(file.ToArray());
            graph.MetadataProps.Clear();
            MemoryStream bare = new(graph.ToByteArray());
            if (network.Specs.Any(spec => spec is LstmSpec lstm && ScanExport<float>.Needs(lstm)))
            {
                Assert.Throws<InvalidDataException>(() => OnnxModel.Import<float>(bare));
            }
            else if (IsOneToOne(network))
            {
                CompareBits(network, OnnxModel.Import<float>(bare), options.States, $"{what}, from the graph");
            }
        }
    }

    // Each layer is a node of its own to the graph's reader: it takes a last output for a final state, numbers before or after a
    // dense layer for a part of its weights, refuses a part of the features, and does not ask which axis is which where there is
    // no LSTM.
    private static bool IsOneToOne(Network<float> network) => network.Specs.Any(spec => spec is LstmSpec)
        && network.Specs.All(spec => spec is not (PoolingSpec { Pooling: Pooling.Last } or RepeatLastSpec
            or LayerNormSpec { Features: not null }
            or ActivationSpec { Function: ActivationFunction.Affine or ActivationFunction.ScaledTanh }));

    private static void CompareBits(Network<float> network, OnnxImport<float> same, bool states, string what)
    {
        NetworkInput<float> batch = network.TakesIds
            ? Sample.Ids(1, network.InputSize, 5, 3, 5) : Sample.Batch<float>(1, network.InputSize, 5, 3, 5);
        NetworkState<float>? state = states ? Sample.State(network, 3, 9) : null, other = state?.Clone();
        Close.SameBits<float>(network.Predict(batch, state).Rows, same.Network.Predict(batch, other).Rows, what);
        if (state is not null)
        {
            Close.SameBits<float>(Sample.Flat(state), Sample.Flat(other!), what);
        }
    }

    private static bool HasBatchNorm(Network<float> network)
        => network.Specs.Any(spec => spec is LstmSpec { Normalization: BatchNormalization });
}
