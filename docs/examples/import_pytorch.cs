// Reads a PyTorch checkpoint without Python, shows what was read, and compares the outputs with PyTorch's.
// dotnet run docs/examples/import_pytorch.cs
#:project ../../src/Lstm
#:property PublishAot=false

using System.Numerics.Tensors;
using Lstm;
using Lstm.Formats;
using Lstm.Specs;

string path = Path.Combine(Here(), "data", "pytorch_model.pt");

// The names and shapes of a state_dict are enough for the layers of most modules.
ModelImport<float> inferred = ModelImport.Load<float>(path);
Console.WriteLine(inferred.Report);

// They do not say that the module ends with tanh: the report leaves that to us.
ModelImport<float> import = ModelImport.Load<float>(path, new ImportOptions
{
    Layers = [.. inferred.Network.Specs, new ActivationSpec(ActivationFunction.Tanh)],
});
Network<float> network = import.Network;
Console.WriteLine(network);
Console.WriteLine($"trained for {network.Metadata["epoch"]} epochs");

// The file also has inputs [4, 12, 3] and what PyTorch computes for them. Any tensor can be read by its name.
using TensorFile file = TensorFile.Open(path);
float[] expected = file.Read<float>("example.output");
Tensor<float> input = Tensor.Create(file.Read<float>("example.input"), [4, 12, 3]);
Tensor<float> output = network.Predict(SequenceBatch.FromTensor<float>(input, batchFirst: true)).ToTensor(batchFirst: true);
float[] actual = new float[expected.Length];
output.FlattenTo(actual);
float largest = 0;
for (int i = 0; i < expected.Length; i++)
{
    largest = Math.Max(largest, Math.Abs(actual[i] - expected[i]));
}

Console.WriteLine($"largest difference from PyTorch below 1e-6: {largest < 1e-6f}");

static string Here() => (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
