using Lstm.Cells;
using Lstm.Diagnostics;
using Lstm.Tests.Support;

namespace Lstm.Tests.Diagnostics;

/// <summary>Predictions that say where a value that is not finite came in.</summary>
public class FiniteCheckTests
{
    private static Network<double> Network() => Sample.Network<double>(1, 3, new LstmSpec(5) { Layers = 2 }, new DenseSpec(2)
    {
        Activation = Activation.Relu,
    });

    [Fact]
    public void Find_of_a_network_and_a_batch_names_the_first_in_the_callers_order()
    {
        Network<double> network = Network();
        SequenceBatch<double> batch = Sample.Batch<double>(1, 3, 4, 0, 6);
        NetworkState<double> state = network.CreateState(3);
        Assert.Null(NonFinite.Find(network, batch));
        Assert.Null(NonFinite.Find(network, batch, state));
        Assert.Equal([0, 0, 0], state.Steps.ToArray());
        state.Cell(1)[7] = double.NaN;
        NonFiniteValue found = NonFinite.Find(network, batch, state)!;
        Assert.Equal(new NonFiniteValue("lstm.l1", "initial cell", 1, null, 2, double.NaN), found);
        Assert.Equal("initial cell of lstm.l1, sequence 1, unit 2, is NaN", found.ToString());
        batch[2, 5][1] = double.PositiveInfinity;
        Assert.Equal(
            new NonFiniteValue("input", "input", 2, 5, 1, double.PositiveInfinity), NonFinite.Find(network, batch, state));
    }

    [Fact]
    public void Find_names_the_gate_and_the_step_of_a_value_that_overflows()
    {
        // An id whose row is so large that a candidate without bounds overflows; all parameters and inputs are finite.
        Network<float> network = Sample.Network<float>(
            1, 4, new EmbeddingSpec(3),
            new LstmSpec(5) { Cell = new LstmEquations { CellActivation = new(LstmActivationFunction.Affine, 1) } },
            new DenseSpec(2));
        SequenceBatch<int> ids = SequenceBatch.FromSequences<int>([[0, 1, 2], [1, 3, 0]]);
        Assert.Null(NonFinite.Find(network, ids));
        float[] rows = new float[12];
        network.ReadParameter("embedding.weight").FlattenTo(rows);
        rows.AsSpan(9, 3).Fill(float.MaxValue);
        network.WriteParameter("embedding.weight", System.Numerics.Tensors.Tensor.Create(rows, [4, 3]));
        float[] weights = new float[60];
        network.ReadParameter("lstm.weight_ih_l0").FlattenTo(weights);
        weights.AsSpan(30, 15).Clear();
        weights[33] = 3;
        network.WriteParameter("lstm.weight_ih_l0", System.Numerics.Tensors.Tensor.Create(weights, [20, 3]));
        NonFiniteValue? found = NonFinite.Find(network, ids);
        Assert.Equal(
            ("lstm.l0", "candidate", 1, 1, 1),
            (found!.Place, found.Quantity, found.Sequence!.Value, found.Step!.Value, found.Index));
        using Workspace<float> workspace = network.CreateWorkspace();
        network.Predict(ids, null, workspace);
        workspace.ChecksFinite = true;
        Assert.Equal(found, Assert.Throws<NonFiniteValueException>(() => network.Predict(ids, null, workspace)).Origin);
    }

    [Fact]
    public void Predict_that_checks_names_the_first_and_leaves_the_state_as_it_was()
    {
        Network<double> network = Network();
        using Workspace<double> workspace = network.CreateWorkspace();
        Assert.False(workspace.ChecksFinite);
        workspace.ChecksFinite = true;
        SequenceBatch<double> batch = Sample.Batch<double>(1, 3, 4, 0, 6);
        NetworkState<double> state = Sample.State(network, 3, 5), expected = state.Clone();
        double[] output = [.. network.Predict(batch, state, workspace).Rows];
        Assert.Equal(output, network.Predict(batch, expected).Rows.ToArray());
        Assert.Equal(Sample.Flat(expected), Sample.Flat(state));

        batch[0, 2][1] = double.NaN;
        double[] before = Sample.Flat(state);
        NonFiniteValueException e = Assert.Throws<NonFiniteValueException>(() => network.Predict(batch, state, workspace));
        Assert.Equal(new NonFiniteValue("input", "input", 0, 2, 1, double.NaN), e.Origin);
        Assert.Contains("input, step 2 of sequence 0, feature 1, is NaN", e.Message);
        Assert.Equal(before, Sample.Flat(state));

        // The rectified last layer gives 0 for NaN, and the check sees it all the same.
        batch[0, 2][1] = 0;
        state.Hidden(0)[12] = double.NaN;
        e = Assert.Throws<NonFiniteValueException>(() => network.Predict(batch, state, workspace));
        Assert.Equal(new NonFiniteValue("lstm.l0", "initial hidden", 2, null, 2, double.NaN), e.Origin);
        state.Hidden(0)[12] = 0;
        state.Cell(0)[0] = double.PositiveInfinity;
        Assert.Equal(
            "initial cell",
            Assert.Throws<NonFiniteValueException>(() => network.Predict(batch, state, workspace)).Origin.Quantity);

        // It can be used again, and without the check values are passed on.
        workspace.ChecksFinite = false;
        network.Predict(batch, state, workspace);
        workspace.ChecksFinite = true;
        network.Predict(batch, null, workspace);
    }

    [Fact]
    public void Predict_that_checks_gives_the_same_bits_with_workers()
    {
        Network<double> network = Network();
        SequenceBatch<double> batch = Sample.Batch<double>(1, 3, 40, 0, 60, 7);
        using Workspace<double> workspace = network.CreateWorkspace(workers: 3);
        workspace.ChecksFinite = true;
        Close.SameBits<double>(network.Predict(batch).Rows, network.Predict(batch, null, workspace).Rows, "outputs");
    }
}
