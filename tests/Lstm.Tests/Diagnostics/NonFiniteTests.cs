using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Diagnostics;
using Lstm.Kernels.Products;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Diagnostics;

/// <summary>The search for the first value that is not finite: what it names, and that it names the first.</summary>
public class NonFiniteTests
{
    [Fact]
    public void Find_in_a_healthy_pass_is_null()
    {
        Network<double> network = Network();
        using Tape<double> tape = network.CreateTape();
        Assert.Throws<InvalidOperationException>(() => NonFinite.Find(tape));
        network.Forward(Sample.Batch<double>(1, 3, 4, 0, 6), tape);
        Assert.Null(NonFinite.Find(tape));
        tape.OutputGradient.Rows.Fill(1);
        network.Backward(tape, network.CreateGradient());
        Assert.Null(NonFinite.Find(tape));
    }

    [Theory]
    [InlineData("lstm.weight_hh_l1", 7)]
    [InlineData("dense.bias", 1)]
    public void Find_names_a_broken_parameter(string name, int element)
    {
        Network<double> network = Network();
        Tensor<double> tensor = network.ReadParameter(name);
        double[] values = new double[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        values[element] = double.PositiveInfinity;
        network.WriteParameter(name, Tensor.Create(values, tensor.Lengths));
        NonFiniteValue? found = AfterForward(network, Sample.Batch<double>(1, 3, 4, 0, 6));
        Assert.Equal(new NonFiniteValue(name, "parameter", null, null, element, double.PositiveInfinity), found);
        Assert.Contains(name, found!.ToString());
    }

    [Fact]
    public void Find_names_a_broken_input()
    {
        SequenceBatch<double> batch = Sample.Batch<double>(1, 3, 4, 0, 6);
        batch[0, 3][1] = double.NaN;
        batch[2, 4][0] = double.NaN;
        NonFiniteValue? found = AfterForward(Network(), batch);
        Assert.Equal(new NonFiniteValue("input", "input", 0, 3, 1, double.NaN), found);
    }

    // Whatever broke it: values planted on the tape, where a kernel would leave them.
    [Theory]
    [InlineData(0, 0, 2, 3, "lstm.l0", "input gate")]
    [InlineData(0, 1, 0, 2, "lstm.l0", "forget gate")]
    [InlineData(1, 2, 2, 5, "lstm.l1", "candidate")]
    [InlineData(1, 3, 2, 0, "lstm.l1", "output gate")]
    public void Find_names_layer_gate_and_step(int layer, int gate, int sequence, int step, string place, string quantity)
    {
        Network<double> network = Network();
        using Tape<double> tape = network.CreateTape();
        network.Forward(Sample.Batch<double>(1, 3, 4, 0, 6), tape);
        Plant(tape, layer, gate, sequence, step, unit: 9);
        NonFiniteValue? found = NonFinite.Find(tape);
        Assert.Equal(new NonFiniteValue(place, quantity, sequence, step, 9, double.NaN), found);
        Assert.Equal($"{quantity} of {place}, step {step} of sequence {sequence}, unit 9, is NaN", found!.ToString());

        // A later layer or step does not hide it.
        Plant(tape, 1, 3, 2, 5, unit: 0);
        Assert.Equal(found, NonFinite.Find(tape));
    }

    [Fact]
    public void Find_after_Backward_names_the_last_step_whose_gradient_is_broken()
    {
        Network<double> network = Network();
        using Tape<double> tape = network.CreateTape();
        network.Forward(Sample.Batch<double>(1, 3, 4, 0, 6), tape);
        tape.OutputGradient.Rows.Fill(1);
        network.Backward(tape, network.CreateGradient());
        Plant(tape, 0, 1, 2, 5, unit: 2);
        Plant(tape, 1, 3, 0, 1, unit: 2);
        Plant(tape, 1, 3, 2, 2, unit: 4);
        Assert.Equal(new NonFiniteValue("lstm.l1", "gradient of the output gate", 2, 2, 4, double.NaN), NonFinite.Find(tape));
        tape.OutputGradient[0, 2][1] = double.NegativeInfinity;
        Assert.Equal(
            new NonFiniteValue("dense", "gradient of the output", 0, 2, 1, double.NegativeInfinity), NonFinite.Find(tape));
    }

    [Fact]
    public void Find_reads_a_reverse_direction_from_its_last_step()
    {
        Network<double> network = Sample.Network<double>(1, 3, new LstmSpec(4) { Direction = LstmDirection.Reverse });
        using Tape<double> tape = network.CreateTape();
        network.Forward(Sample.Batch<double>(1, 3, 4, 6), tape);
        Plant(tape, 0, 0, 0, 1, unit: 1);
        Plant(tape, 0, 0, 1, 4, unit: 3);
        Assert.Equal(new NonFiniteValue("lstm.l0", "input gate", 1, 4, 3, double.NaN), NonFinite.Find(tape));
    }

    [Fact]
    public void Find_after_a_loss_that_took_the_last_layer_does_not_read_the_output_of_an_earlier_pass()
    {
        Network<float> network = Sample.Network<float>(1, 3, new LstmSpec(4), new DenseSpec(2));
        using Tape<float> tape = network.CreateTape();
        SequenceBatch<float> broken = Sample.Batch<float>(1, 3, 5), batch = Sample.Batch<float>(1, 3, 2, 4);
        broken.Rows.Fill(float.NaN);
        network.Forward(broken, tape);
        network.ForwardLoss(batch, Sample.Ids(1, 2, 2, 4), new SoftmaxCrossEntropy<float>(), tape);
        Assert.Null(NonFinite.Find(tape));
        network.Backward(tape, network.CreateGradient());
        Assert.Null(NonFinite.Find(tape));
    }

    [Fact]
    public void Find_in_a_pooled_output_names_its_layer()
    {
        Network<double> network = Sample.Network<double>(1, 2, new LstmSpec(3), new PoolingSpec(Pooling.Mean), new DenseSpec(2));
        using Tape<double> tape = network.CreateTape();
        network.Forward(Sample.Batch<double>(1, 2, 4, 0, 6), tape);
        tape.Output[2, 0][1] = double.NaN;
        Assert.Equal(new NonFiniteValue("dense", "output", 2, 0, 1, double.NaN), NonFinite.Find(tape));
    }

    [Fact]
    public void A_trainer_that_throws_names_the_first_broken_value()
    {
        Network<float> network = Sample.Network<float>(1, 3, new LstmSpec(4), new DenseSpec(1));
        SequenceBatch<float> batch = Sample.Batch<float>(1, 3, 2, 4), target = Sample.Batch<float>(2, 1, 2, 4);
        batch[1, 3][2] = float.NaN;
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>());
        NonFiniteGradientException exception = Assert.Throws<NonFiniteGradientException>(
            () => trainer.Fit([new(batch, target)], new TrainingOptions { Workers = 1 }));
        Assert.Equal(new NonFiniteValue("input", "input", 1, 3, 2, double.NaN), exception.Origin);
        Assert.Contains("input, step 3 of sequence 1, feature 2, is NaN", exception.Message);
        Assert.StartsWith("lstm.", exception.ParameterName);
    }

    private static Network<double> Network() => Sample.Network<double>(1, 3, new LstmSpec(11) { Layers = 2 }, new DenseSpec(2));

    private static NonFiniteValue? AfterForward(Network<double> network, SequenceBatch<double> batch)
    {
        using Tape<double> tape = network.CreateTape();
        network.Forward(batch, tape);
        return NonFinite.Find(tape);
    }

    private static void Plant<T>(Tape<T> tape, int layer, int gate, int sequence, int step, int unit)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var kept = (Lstm.Layers.LstmTape<T>)tape.LayerTapes[layer];
        int line = PanelLayout.LineOf<T>();
        int row = kept.OutputShape.Row(sequence, step);
        kept.Directions[0].Gates.Span[
            ((((unit / line * kept.Directions[0].GateRows) + row) * 4 + gate) * line) + (unit % line)] = T.NaN;
    }
}
