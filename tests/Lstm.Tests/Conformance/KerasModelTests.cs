using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Specs;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>Whole models of Keras: the same layers with the same weights give the same predictions.</summary>
public abstract class KerasModelTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [Fact]
    public void Predict_of_every_model_equals_Keras()
    {
        CaseLedger ledger = new("keras_model");
        foreach (string name in ledger.Names)
        {
            ledger.Compare(name, tolerance =>
            {
                CaseTensors tensors = CaseTensors.From(
                    TensorFile.Read(Path.Combine(ledger.Folder, "keras", "models", name + ".io.safetensors")), string.Empty);
                T[] actual = name switch
                {
                    "seq_lstm_dense" => SequentialDense(tensors),
                    "stacked_lstm" => Stacked(tensors),
                    "emb_mask_bilstm_cls" => Classifier(tensors),
                    "functional_ln_concat" => Skipping(tensors),
                    _ => throw new InvalidDataException("There is no network for this model."),
                };
                Close.Within<T>(tensors["out.0"].Values, actual, tolerance, "out.0");
                tensors.AssertAllRead();
            });
        }

        ledger.AssertComplete(Directory.GetFiles(Path.Combine(ledger.Folder, "keras", "models"), "*.io.safetensors").Length);
    }

    private static T[] SequentialDense(CaseTensors tensors)
    {
        Network<T> network = Network.Create<T>(3, new LstmSpec(6), new PoolingSpec(Pooling.Last), new DenseSpec(2));
        WriteLstm(network, "lstm", "l0", tensors, "sequential/lstm_54");
        WriteDense(network, tensors, "sequential/dense");
        return Predict(network, tensors["in.0"]);
    }

    // Dropout, of inputs and of states, is for training alone.
    private static T[] Stacked(CaseTensors tensors)
    {
        Network<T> network =
            Network.Create<T>(3, new LstmSpec(6), new LstmSpec(5), new LstmSpec(4), new PoolingSpec(Pooling.Last),
            new DenseSpec(1) { Activation = Activation.Sigmoid });
        WriteLstm(network, "lstm", "l0", tensors, "sequential_1/lstm_55");
        WriteLstm(network, "lstm_1", "l0", tensors, "sequential_1/lstm_56");
        WriteLstm(network, "lstm_2", "l0", tensors, "sequential_1/lstm_57");
        WriteDense(network, tensors, "sequential_1/dense_1");
        return Predict(network, tensors["in.0"]);
    }

    // The input skips the first LSTM and its normalisation, which sees the LSTM's own values alone.
    private static T[] Skipping(CaseTensors tensors)
    {
        Network<T> network = Network.Create<T>(
            3, new LstmSpec(5) { Shortcut = LstmShortcut.Concatenate }, new LayerNormSpec { Epsilon = 1e-3, Features = 5 },
            new LstmSpec(4), new PoolingSpec(Pooling.Mean), new DenseSpec(2));
        WriteLstm(network, "lstm", "l0", tensors, "lstm_62");
        KerasWeights.Write(network, "norm.weight", tensors["w.layer_normalization/gamma"]);
        KerasWeights.Write(network, "norm.bias", tensors["w.layer_normalization/beta"]);
        WriteLstm(network, "lstm_1", "l0", tensors, "lstm_63");
        WriteDense(network, tensors, "dense_5");
        return Predict(network, tensors["in.0"]);
    }

    // The embedding's mask leaves out steps of id 0. Softmax belongs to our losses: the network gives logits.
    private static T[] Classifier(CaseTensors tensors)
    {
        Network<T> network = Network.Create<T>(12, new EmbeddingSpec(6), new LstmSpec(5)
        {
            Direction = LstmDirection.Bidirectional,
        },
            new PoolingSpec(Pooling.Last), new DenseSpec(3));
        KerasWeights.Write(network, "embedding.weight", tensors["w.sequential_3/embedding/embeddings"]);
        WriteLstm(network, "lstm", "l0", tensors, "sequential_3/bidirectional_21/forward_lstm_59");
        WriteLstm(network, "lstm", "l0_reverse", tensors, "sequential_3/bidirectional_21/backward_lstm_59");
        WriteDense(network, tensors, "sequential_3/dense_3");
        ReferenceTensor ids = tensors["in.0"];
        int[][] sequences =
            [.. ids.Values.Chunk(ids.Shape[1]).Select(row => row.Where(id => id != 0).Select(id => (int)id).ToArray())];
        return [.. network.Predict(SequenceBatch.FromSequences<int>(sequences)).ToList().SelectMany(Softmax)];
    }

    private static T[] Softmax(T[] logits)
    {
        double[] exponentials = [.. logits.Select(logit => Math.Exp(double.CreateChecked(logit)))];
        return [.. exponentials.Select(value => T.CreateChecked(value / exponentials.Sum()))];
    }

    private static T[] Predict(Network<T> network, ReferenceTensor x) => [.. network.Predict(SequenceBatch.FromTensor<T>(
        Tensor.Create(x.To<T>(), [.. x.Shape.Select(n => (nint)n)]).AsReadOnlyTensorSpan(), batchFirst: true)).ToList()
        .SelectMany(row => row)];

    private static void WriteLstm(Network<T> network, string layer, string direction, CaseTensors tensors, string source)
        => KerasWeights.WriteLstm(network, layer, direction,
            tensors[$"w.{source}/lstm_cell/kernel"], tensors[$"w.{source}/lstm_cell/recurrent_kernel"],
            tensors[$"w.{source}/lstm_cell/bias"]);

    private static void WriteDense(Network<T> network, CaseTensors tensors, string source)
        => KerasWeights.WriteDense(network, "dense", tensors[$"w.{source}/kernel"], tensors[$"w.{source}/bias"]);
}

public sealed class KerasModelDoubleTests : KerasModelTests<double>;

public sealed class KerasModelFloatTests : KerasModelTests<float>;
